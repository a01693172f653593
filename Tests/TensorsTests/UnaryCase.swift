import Foundation
import Testing

@testable import Tensors

/// An elementwise function of one float, with the C library's double precision as its reference.
struct UnaryCase: Sendable, CustomTestStringConvertible {
  let name: String
  let function: @Sendable (Tensor) -> Tensor
  let exact: @Sendable (Double) -> Double
  /// The largest error that a scan over all magnitudes has shown, rounded up, in units in the last place.
  let ulps: Double
  /// What is scanned; the whole line unless said otherwise.
  let domain: ClosedRange<Float>

  init(
    _ name: String, ulps: Double,
    domain: ClosedRange<Float> = -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude,
    _ function: @escaping @Sendable (Tensor) -> Tensor,
    exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    self.function = function
    self.exact = exact
    self.ulps = ulps
    self.domain = domain
  }

  var testDescription: String { name }

  /// The value for one float alone.
  func value(_ x: Float) -> Float { function(Tensor([x], shape: [1])).floats[0] }

  /// The largest error over some three hundred thousand floats of every magnitude and both signs.
  func largestError() -> (ulps: Double, at: Float) {
    var inputs: [Float] = []
    for bits in stride(from: UInt32(0), to: Float.infinity.bitPattern, by: 14_407) {
      let x = Float(bitPattern: bits)
      if domain.contains(x) && (x == 0 || x.isNormal) { inputs.append(x) }
      if domain.contains(-x) && (x == 0 || x.isNormal) { inputs.append(-x) }
    }
    // Where the functions bend, every magnitude is too coarse.
    for step in -40_000...40_000 {
      let x = Float(step) / 400
      if domain.contains(x) { inputs.append(x) }
    }
    var worst = (ulps: 0.0, at: Float(0))
    let outputs = function(Tensor(inputs, shape: [inputs.count])).floats
    for (x, y) in zip(inputs, outputs) {
      let error = ulpError(of: y, from: exact(Double(x)))
      if error > worst.ulps { worst = (error, x) }
    }
    return worst
  }

  static let specialInputs: [Float] = [
    .nan, -.nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude,
    .leastNormalMagnitude, -.leastNormalMagnitude, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
    0x1p-130,
    88.7, 88.73, 89, 103.9, 104, 105, 1000, -87.3, -87.4, -88, -103.9, -104, -105, -1000, 39_000,
    39_001,
    -39_001, 1e10, -1e10, 1e30, -1e30,
  ]

  /// Puts every special value at every position of vectors and tails, among ordinary numbers, and
  /// returns the first deviation: from the C library, or of a neighbour from its value elsewhere.
  func firstDeviation() -> String? {
    let ordinary: Float = 0.75
    let expectedOrdinary = value(ordinary)
    for special in Self.specialInputs {
      let right = Float(exact(Double(special)))
      // Denormal numbers count as zeros where they are flushed, be it on the way in or out.
      let isTiny = special != 0 && abs(special) < .leastNormalMagnitude
      let atZero = Float(exact(special.sign == .minus ? -0.0 : 0.0))
      for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 53] {
        for position in 0..<count {
          var inputs = [Float](repeating: ordinary, count: count)
          inputs[position] = special
          let outputs = function(Tensor(inputs, shape: [count])).floats
          let found = outputs[position]
          let isRight = ulpError(of: found, from: exact(Double(special))) <= max(ulps, 1)
          let isFlushed = isTiny && ulpError(of: found, from: Double(atZero)) <= max(ulps, 1)
          // So does a factor of the result, as e^−87.4 is of 87.4 e^−87.4.
          let isLost = abs(exact(Double(special))) < 0x1p-119 && found == 0
          if !(isRight || isFlushed || isLost) {
            return "\(name)(\(special)) at \(position) of \(count): \(found), not \(right)"
          }
          if right == 0 && found.sign != right.sign {
            return "\(name)(\(special)) at \(position) of \(count): \(found) has the wrong sign"
          }
          for (index, neighbour) in outputs.enumerated()
          where index != position && neighbour != expectedOrdinary {
            return "\(name)(\(ordinary)) beside \(special): \(neighbour), alone \(expectedOrdinary)"
          }
        }
      }
    }
    return nil
  }

  /// Expects special values, and errors within the bound.
  func check(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(firstDeviation() == nil, sourceLocation: sourceLocation)
    let worst = largestError()
    #expect(
      worst.ulps <= ulps, "\(name)(\(worst.at)) is off by \(worst.ulps) units in the last place",
      sourceLocation: sourceLocation)
  }
}
