import Foundation
import Layers
import Tensors
import TestSupport
import Testing

struct InitializerTests {
  static let shape: Shape = [250, 400]
  static let fans = Fans(ofWeight: shape)

  /// The squares of the bounds of the uniform ones, with fans of 400 and 250.
  static let squaredBounds: [(Initializer, Double)] = [
    (.uniform(-0.5, 0.5), 0.25), (.xavierUniform(), 6.0 / 650),
    (.xavierUniform(gain: 1.5), 13.5 / 650), (.heUniform(), 6.0 / 400),
    (.heUniform(slope: 0.5), 6.0 / 500), (.heUniform(fan: .output), 6.0 / 250),
    (.pytorchDefault, 1.0 / 400),
  ]

  static let variances: [(Initializer, Double)] = [
    (.normal(), 1), (.normal(mean: 3, standardDeviation: 0.5), 0.25), (.xavierNormal(), 2.0 / 650),
    (.xavierNormal(gain: 2), 8.0 / 650), (.heNormal(), 2.0 / 400), (.heNormal(slope: 1), 1.0 / 400),
  ]

  private func draw(_ initializer: Initializer, seed: UInt64 = 1) -> [Double] {
    var random = Philox(seed: seed)
    return initializer.tensor(Self.shape, fans: Self.fans, random: &random).doubles
  }

  /// A bound b has variance b²/3. In 100,000 numbers the largest is within 1 part in 5,000 of the bound
  /// but once in 10⁸ seeds; the variance is right to 0.3 %, and 2 % is six such deviations.
  @Test(arguments: squaredBounds)
  func isUniformWithinItsBound(_ initializer: Initializer, _ squaredBound: Double) {
    let bound = squaredBound.squareRoot()
    let values = draw(initializer)
    let largest = values.map(abs).max() ?? 0
    #expect(largest <= bound * (1 + 1e-7))
    #expect(largest >= bound * (1 - 2e-4))
    let (mean, variance) = moments(values)
    #expect(abs(mean) < 6 * bound / (3.0 * 100_000).squareRoot())
    #expect(abs(variance / (squaredBound / 3) - 1) < 0.02)
  }

  @Test(arguments: variances)
  func isNormalWithItsVariance(_ initializer: Initializer, _ variance: Double) {
    let mean: Double = if case .normal(let mean, _) = initializer { mean } else { 0 }
    let deviation = variance.squareRoot()
    let values = draw(initializer)
    let found = moments(values)
    // Six deviations of the mean and of the variance of 100,000 numbers.
    #expect(abs(found.mean - mean) < 6 * deviation / 100_000.0.squareRoot())
    #expect(abs(found.variance / variance - 1) < 6 * (2.0 / 100_000).squareRoot())
    // Two thirds lie within one deviation, where they would not for a uniform distribution.
    let near = values.count { abs($0 - mean) < deviation }
    #expect(abs(Double(near) / 100_000 - 0.6827) < 6 * 0.0015)
  }

  private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, squares / Double(values.count - 1))
  }

  static let constants: [(Initializer, Double)] = [
    (.zeros, 0), (.ones, 1), (.constant(-0.75), -0.75), (.uniform(2, 2), 2),
  ]

  @Test(arguments: constants)
  func isTheSameEverywhere(_ initializer: Initializer, _ value: Double) {
    #expect(Set(draw(initializer)) == [value])
  }

  @Test(arguments: [
    Initializer.uniform(0, 1), .normal(), .xavierUniform(), .xavierNormal(), .heUniform(),
    .heNormal(), .pytorchDefault,
  ])
  func theSeedDeterminesTheNumbers(_ initializer: Initializer) throws {
    #expect(draw(initializer, seed: 4) == draw(initializer, seed: 4))
    #expect(draw(initializer, seed: 4) != draw(initializer, seed: 5))
    // A configuration keeps it.
    let data = try JSONEncoder().encode(initializer)
    #expect(try JSONDecoder().decode(Initializer.self, from: data) == initializer)
  }

  static let weights: [(Shape, Fans)] = [
    ([10, 20], Fans(input: 20, output: 10)), ([64, 3, 3, 16], Fans(input: 144, output: 576)),
    ([8, 5, 4], Fans(input: 20, output: 40)), ([1, 1], Fans(input: 1, output: 1)),
  ]

  @Test(arguments: weights)
  func fansAreInputsAndOutputsTimesTheWindow(_ shape: Shape, _ fans: Fans) {
    #expect(Fans(ofWeight: shape) == fans)
  }

  @Test func aBiasWithoutInputsIsZero() {
    var random = Philox(seed: 1)
    let fans = Fans(input: 0, output: 3)
    #expect(
      Initializer.pytorchDefault.tensor([3], fans: fans, random: &random).floats == [0, 0, 0])
  }

  @Test func stopsAtWhatCannotBeDrawn() async {
    let bounds = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = Initializer.uniform(1, -1)
        .tensor([2], fans: Fans(input: 1, output: 1), random: &random)
    }
    expectStop(bounds, "Initializer.uniform(1.0, -1.0): the bounds have to be finite and in order")
    let fans = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Fans(ofWeight: [3]) }
    expectStop(
      fans,
      "Fans: a weight of shape [3]; it has to be [outputs, inputs] or "
        + "[outputs, …window, inputs]")
    let zero = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = Initializer.heNormal().tensor([2], fans: Fans(input: 0, output: 1), random: &random)
    }
    expectStop(zero, "Initializer.heNormal(slope: 0.0, fan: Layers.FanMode.input): the fan is 0")
  }
}
