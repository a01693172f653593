import Layers
import Tensors
import TestSupport
import Testing

@testable import Attribution

@Suite struct ActivationMaximizationTests {
  private let black = Tensor.full([1, 2, 3, 1], -2, dtype: .float64)
  private let white = Tensor.full([1, 2, 3, 1], 2, dtype: .float64)

  /// Pixels go to white where the weight is positive and to black where it is negative.
  @Test func climbsALinearScore() {
    let network = linearNetwork([[1, -1, 1, -1, 1, 1]])
    var ascent = ActivationMaximization()
    (ascent.blur, ascent.jitter, ascent.decay) = (0, 0, 0)
    let found = ascent.image(
      for: Score(of: network, .output(0)), black: black, white: white, seed: 1)
    expectClose(found.image, [2, -2, 2, -2, 2, 2])
    #expect(found.pixels == [1, 0, 1, 0, 1, 1])
    #expect(found.last == 12 && abs(found.first) < 2)
  }

  /// One step of rate r from grey g and back by the decay: 0.5 + (g + r w/rms w − 0.5)(1 − d).
  @Test func oneStepByHand() {
    let network = linearNetwork([[3, -1, 1, 1, 1, 1]])
    var ascent = ActivationMaximization()
    (ascent.steps, ascent.blur, ascent.jitter, ascent.noise) = (1, 0, 0, 0)
    (ascent.rate, ascent.decay) = (0.1, 0.25)
    let found = ascent.image(
      for: Score(of: network, .output(0)), black: black, white: white, seed: 1)
    let rms = (14.0 / 6).squareRoot()
    let expected = [3, -1, 1, 1, 1, 1.0].map { 0.5 + 0.1 * $0 / rms * 0.75 }
    expectClose(Tensor(found.pixels, shape: [6], dtype: .float64), expected)
    #expect(found.first == 0)
  }

  /// Every fourth step blurs, and none of the last eight: what they draw stays sharp.
  @Test(arguments: [(8, 0), (9, 1), (12, 1), (13, 2)])
  func theLastStepsDoNotBlur(steps: Int, blurs: Int) {
    var ascent = ActivationMaximization()
    (ascent.rate, ascent.decay, ascent.jitter, ascent.blurEvery) = (0, 0, 0, 4)
    func pixels(_ steps: Int) -> [Double] {
      ascent.steps = steps
      return ascent.image(
        for: Score(of: linearNetwork([[1, 1, 1, 1, 1, 1]]), .output(0)), black: black, white: white,
        seed: 1
      ).pixels
    }
    // A rate of 0 leaves the noise as it began, but for the blur.
    var plane = Plane(height: 2, width: 3, channels: 1, values: pixels(0))
    for _ in 0..<blurs { plane = plane.blurred(ascent.blur) }
    for (value, expected) in zip(pixels(steps), plane.values) {
      #expect(abs(value - expected) < 1e-12)
    }
  }

  @Test func raisesAClassAndAUnitOfANetwork() throws {
    let network = SmallNetwork()
    let black = Tensor.zeros([1, 8, 8, 2])
    var ascent = ActivationMaximization()
    ascent.steps = 32
    for target in [Score.Target.output(0), .unit(3, layer: "conv2")] {
      let score = Score(of: network, target)
      let found = ascent.image(for: score, black: black, white: .ones([1, 8, 8, 2]), seed: 2)
      #expect(found.last > found.first)
      #expect(found.pixels.allSatisfy { (0...1).contains($0) })
      let again = ascent.image(for: score, black: black, white: .ones([1, 8, 8, 2]), seed: 2)
      #expect(again.pixels == found.pixels)
    }
  }

  @Test func planesMoveRoundTheirEdges() {
    let plane = Plane(height: 2, width: 3, channels: 1, values: [1, 2, 3, 4, 5, 6])
    #expect(plane.moved(down: 0, right: 1).values == [3, 1, 2, 6, 4, 5])
    #expect(plane.moved(down: -1, right: 0).values == [4, 5, 6, 1, 2, 3])
    #expect(plane.moved(down: 3, right: -4).moved(down: -3, right: 4) == plane)
  }

  /// A point becomes the product of two Gaussians; what is even stays.
  @Test func blursByAGaussian() {
    var values = [Double](repeating: 0, count: 81)
    values[40] = 1
    let blurred = Plane(height: 9, width: 9, channels: 1, values: values).blurred(1).values
    #expect(abs(blurred.reduce(0, +) - 1) < 1e-12)
    #expect(abs(blurred[41] / blurred[40] - 0.606530659712633) < 1e-12)
    #expect(abs(blurred[50] / blurred[40] - 0.367879441171442) < 1e-12)
    let even = Plane(height: 2, width: 2, channels: 2, values: [1, 2, 1, 2, 1, 2, 1, 2])
    for (value, other) in zip(even.blurred(0.6).values, even.values) {
      #expect(abs(value - other) < 1e-12)
    }
  }

  @Test func filtersOfTheFirstLayer() throws {
    let parameters = parameters(of: SmallNetwork())
    let found = try #require(
      FirstLayerFilters(among: parameters, height: 7, width: 6, channels: 2))
    #expect(found.name == "conv1.weight" && found.filters.count == 4)
    #expect(found.height == 3 && found.width == 3 && found.channels == 2)
    #expect(found.filters.flatMap { $0 } == parameters[0].value.floats)
    let rows = linearNetwork([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]])
    let row = try #require(
      FirstLayerFilters(among: Layers.parameters(of: rows), height: 1, width: 3, channels: 2))
    #expect(row.filters == [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]] && row.width == 3)
    #expect(FirstLayerFilters(among: parameters, height: 7, width: 6, channels: 1) == nil)
  }

  /// Of several layers that could take the pixels they are those of the one that does.
  @Test func filtersOfTheFirstOfTwoAlike() throws {
    let weights = [Tensor.ones([6, 6]), .zeros([2, 6])].map { Parameter($0) }
    let network = Sequential([
      Flatten(), Linear(weight: weights[0]), Linear(weight: weights[1]),
    ])
    let found = try #require(
      FirstLayerFilters(among: parameters(of: network), height: 1, width: 3, channels: 2))
    #expect(found.filters == [[Float]](repeating: [1, 1, 1, 1, 1, 1], count: 6))
  }

  @Test func stopsAtShapesThatDiffer() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = ActivationMaximization().image(
        for: Score(of: SmallNetwork(), .output(0)), black: .zeros([1, 8, 8, 2]),
        white: .ones([1, 8, 8, 1]), seed: 0)
    }
    expectStop(
      result,
      "ActivationMaximization: black of shape [1, 8, 8, 2] and white of [1, 8, 8, 1], 256 steps, jitter 2, "
        + "blur 0.6 every 4; shapes have to be [1, height, width, channels], and nothing negative")
  }
}
