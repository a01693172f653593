import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct PhiloxBetaTests {
  private static let count = 20_000

  /// Mean and variance are the shape: within five standard deviations of the mean of so many, and the variance,
  /// whose own is √((6/a + 2)/n) of it, too.
  @Test(arguments: [0.1, 0.5, 1, 2.5, 30])
  func momentsOfGamma(shape: Double) {
    var random = Philox(seed: 5)
    let numbers = (0..<Self.count).map { _ in random.gamma(shape: shape) }
    let n = Double(Self.count)
    let mean = numbers.reduce(0, +) / n
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    #expect(abs(mean - shape) < 5 * (shape / n).squareRoot())
    #expect(abs(variance / shape - 1) < 5 * ((6 / shape + 2) / n).squareRoot())
  }

  /// The largest distance from the distribution function, √n times, is beyond 1.95 once in a thousand
  /// (Kolmogorov).
  private static func distance(
    _ numbers: [Double], from function: (Double) -> Double
  ) -> Double {
    let n = Double(numbers.count)
    return numbers.sorted().enumerated().map { index, x in
      max(abs(function(x) - Double(index) / n), abs(function(x) - Double(index + 1) / n))
    }.reduce(0, max) * n.squareRoot()
  }

  /// Distributions in closed form: Γ(1) is exponential, Beta(1, 1) uniform, Beta(½, ½) the arcsine's, Beta(1, 3)
  /// has 1 − (1 − x)³.
  @Test func distributionFunctions() {
    var random = Philox(seed: 6)
    func numbers(_ draw: (inout Philox) -> Double) -> [Double] {
      (0..<Self.count).map { _ in draw(&random) }
    }
    #expect(Self.distance(numbers { $0.gamma(shape: 1) }) { 1 - exp(-$0) } < 1.95)
    #expect(Self.distance(numbers { $0.beta(1, 1) }) { $0 } < 1.95)
    #expect(
      Self.distance(numbers { $0.beta(0.5, 0.5) }) { 2 / .pi * asin($0.squareRoot()) } < 1.95)
    #expect(Self.distance(numbers { $0.beta(1, 3) }) { 1 - pow(1 - $0, 3) } < 1.95)
  }

  /// Numbers that are all too small for a Double still have a share; it is 0 or 1 nearly always.
  @Test func tinyShapes() {
    var random = Philox(seed: 7)
    let shares = (0..<1000).map { _ in random.beta(1e-4, 1e-4) }
    #expect(shares.allSatisfy { $0 >= 0 && $0 <= 1 })
    #expect(abs(shares.count { $0 > 0.5 } - 500) < 5 * 16)
    #expect(shares.count { $0 > 0.001 && $0 < 0.999 } < 10)
  }

  @Test func aShapeOfZeroStopsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 0)
      _ = random.beta(0, 1)
    }
    expectStop(result, "Philox: a gamma distribution of shape 0.0; it must be positive")
  }
}
