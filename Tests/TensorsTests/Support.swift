import Foundation
import Testing

@testable import Tensors

// MARK: - Leaks

/// Runs `body` and expects as many tensors to be alive after it as before it.
func withTensorLeakChecking(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) rethrows {
  let before = Memory.counters
  try body()
  let after = Memory.counters
  #expect(after.liveTensors == before.liveTensors, sourceLocation: sourceLocation)
  #expect(after.liveBytes == before.liveBytes, sourceLocation: sourceLocation)
}

// MARK: - Numbers

/// A generator of its own, so that the tests' numbers do not come from the code under test (Steele,
/// Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in .random(in: range, using: &self) }
  }

  mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(floats(shape.count, in: range), shape: shape)
  }
}

/// The first number that is further from its own in `right` than `absolute` and `relative` times that; nil if there is
/// none, and as many are found as are right.
///
/// A NaN is near to nothing, which a search for what is too far away would not see; equal infinities are near.
func firstFar(
  _ found: [Double], from right: [Double], within absolute: Double, relative: Double = 0
) -> String? {
  if found.count != right.count { return "\(found.count) numbers, not \(right.count)" }
  for (index, (a, b)) in zip(found, right).enumerated() {
    let difference = abs(a - b)
    let isNear = difference.isFinite && difference <= absolute + relative * abs(b)
    if a != b && !isNear { return "element \(index): \(a), not \(b)" }
  }
  return nil
}

/// The distance of a float from the exact value, in units in the last place of that value as a float.
///
/// Below the smallest normal number, where results may be flushed to zero, the unit is that number's.
func ulpError(of value: Float, from exact: Double) -> Double {
  let rounded = Float(exact)
  if value.isNaN || rounded.isNaN { return value.isNaN && rounded.isNaN ? 0 : .infinity }
  if value.isInfinite || rounded.isInfinite {
    if value == rounded { return 0 }
    // One of them has just overflowed: count from the largest finite number.
    let bounded = value.isInfinite ? Double(Float.greatestFiniteMagnitude) : Double(value)
    let other = exact.isInfinite ? Double(Float.greatestFiniteMagnitude) : exact
    return abs(abs(bounded) - abs(other)) / Double(Float.greatestFiniteMagnitude.ulp) + 1
  }
  if abs(rounded) < .leastNormalMagnitude {
    return abs(value) <= .leastNormalMagnitude ? 0 : .infinity
  }
  // The unit of a small float is a denormal, which this thread flushes: it is formed in double.
  let unit = Double(sign: .plus, exponent: Int(rounded.exponent) - 23, significand: 1)
  return abs(Double(value) - exact) / unit
}

/// The product by its definition in double, and Σ|a||b| of each element.
func naiveProduct(
  _ a: [Float], transposeA: Bool, _ b: [Float], transposeB: Bool, m: Int, n: Int, k: Int
) -> (value: [Double], magnitude: [Double]) {
  var value = [Double](repeating: 0, count: m * n)
  var magnitude = value
  for row in 0..<m {
    for column in 0..<n {
      var sum = 0.0
      var absolute = 0.0
      for step in 0..<k {
        let left = Double(a[transposeA ? step * m + row : row * k + step])
        let right = Double(b[transposeB ? column * k + step : step * n + column])
        sum += left * right
        absolute += abs(left * right)
      }
      value[row * n + column] = sum
      magnitude[row * n + column] = absolute
    }
  }
  return (value, magnitude)
}

/// All three-number combinations of lengths around the widths that the loops are cut into.
let productLengths = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65]

/// Products large enough for oneDNN, as (m, n, k).
let largeProducts = [
  (128, 128, 128), (110, 111, 113), (1, 1100, 1001), (1001, 1, 1100), (1100, 1001, 1),
  (64, 50, 784),
  (200, 3072, 10), (65, 127, 129), (17, 257, 255), (16, 16, 2048), (1, 1, 256), (3, 19, 300),
  (5, 33, 4099), (32, 31, 1024), (40, 1024, 70),
]
