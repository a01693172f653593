import Layers
import TestSupport
import Tensors
import Testing

@testable import Attribution

@Suite struct ScoreTests {
  @Test func isALogit() throws {
    let (network, x, _) = try Stored.setting()
    for index in 0..<3 {
      expectClose(Score(of: network, .output(index))(x), [Stored.values.logits[index]])
    }
  }

  @Test func gradientIsThatOfPyTorch() throws {
    let (network, x, _) = try Stored.setting()
    let (values, gradient) = Score(of: network, .output(1)).gradient(at: x)
    expectClose(values, [Stored.values.logits[1]])
    #expect(gradient.shape == x.shape)
    expectClose(gradient, Stored.values.gradient)
  }

  /// Each image has the gradient that it has alone.
  @Test func imagesOfABatchDoNotMix() throws {
    let (network, x, other) = try Stored.setting()
    let score = Score(of: network, .output(2))
    let together = score.gradient(at: concatenate([x, other]))
    expectClose(together.values, score(x).doubles + score(other).doubles)
    expectClose(
      together.gradient,
      score.gradient(at: x).gradient.doubles + score.gradient(at: other).gradient.doubles)
  }

  /// A unit of maps is the mean over their places; the second rectifier's maps go into the means.
  @Test func unitsOfLayers() throws {
    let (network, x, _) = try Stored.setting()
    let outputs = layerOutputs(of: network, on: x)
    let maps = try outputs.named("ReLU#2").value
    let means = mean(mean(maps, axis: 1), axis: 1).doubles
    for unit in 0..<5 {
      expectClose(Score(of: network, .unit(unit, layer: "ReLU#2"))(x), [means[unit]])
    }
    expectClose(Score(of: network, .unit(1, layer: "fc"))(x), [Stored.values.logits[1]])
    expectClose(
      Score(of: network, .unit(1, layer: "fc")).gradient(at: x).gradient, Stored.values.gradient)
    expectClose(
      Score(of: network, .unit(1, layer: "fc")).guidedGradient(at: x), Stored.values.guided)
  }

  @Test func layersAreNamedByPathOrType() throws {
    let (network, x, _) = try Stored.setting()
    let outputs = layerOutputs(of: network, on: x)
    #expect(
      outputs.map(\.name) == ["conv1", "ReLU", "conv2", "ReLU#2", "fc", "SmallNetwork"])
    #expect(
      outputs.map(\.type) == ["Conv2d", "ReLU", "Conv2d", "ReLU", "Linear", "SmallNetwork"])
    #expect(outputs.map(\.path) == ["conv1", "", "conv2", "", "fc", ""])
    #expect(outputs.map(\.units) == [4, 4, 5, 5, 3, 3])
    #expect(outputs[2].value.shape == [1, 4, 3, 5])
    expectError(
      .usage,
      "there is no layer conv3 in this network; there are conv1, ReLU, conv2, ReLU#2, fc, SmallNetwork"
    ) { _ = try outputs.named("conv3") }
  }

  @Test func lastMapsHavePlacesToTellApart() throws {
    let (network, x, _) = try Stored.setting()
    // 7 × 6, then 4 × 3: the shorter side counts.
    #expect(try layerOutputs(of: network, on: x).lastMaps().name == "ReLU")
    let small = Tensor.ones([1, 3, 3, 2], dtype: .float64)
    #expect(try layerOutputs(of: network, on: small).lastMaps().name == "ReLU#2")
    expectError(
      .usage,
      "no layer of this network gives maps [batch, height, width, channels] of more than one place"
    ) {
      let pixels = Tensor.ones([1, 1, 1, 2], dtype: .float64)
      _ = try layerOutputs(of: network, on: pixels).lastMaps()
    }
  }

  /// Two convolutions, of which the second halves the maps.
  private struct Block: Layer {
    let conv1, conv2: Conv2d

    init(random: inout Philox) {
      conv1 = Conv2d(2, 2, window: 3, .init(padding: 1), random: &random)
      conv2 = Conv2d(2, 2, window: 3, .init(stride: 2, padding: 1), random: &random)
    }

    func forward(_ x: Tensor, _ context: Context) -> Tensor { conv2(conv1(x, context), context) }
  }

  /// Layers in a row, and linear ones of their maps.
  private struct Staged: Layer {
    let stage: Sequential
    let fc: Linear

    init(_ layers: [any Layer], random: inout Philox) {
      stage = Sequential(layers)
      fc = Linear(2, 3, random: &random)
      _ = parameters(of: self)
    }

    func forward(_ x: Tensor, _ context: Context) -> Tensor {
      fc(mean(mean(stage(x, context), axis: 1), axis: 1), context)
    }
  }

  /// What is inside a block is taken where there is nothing else: a place in a row is not inside anything.
  @Test func lastMapsAreNotInsideABlock() throws {
    var random = Philox(seed: 2)
    let x = Tensor.ones([1, 6, 6, 2])
    let first = Conv2d(2, 2, window: 3, .init(padding: 1), random: &random)
    let staged = Staged([first, Block(random: &random)], random: &random)
    let outputs = layerOutputs(of: staged, on: x)
    #expect(
      outputs.map(\.name) == [
        "stage.0", "stage.1.conv1", "stage.1.conv2", "stage.1", "stage", "fc", "Staged",
      ])
    #expect(outputs.map { $0.value.shape[1] }.prefix(5) == [6, 6, 3, 3, 3])
    #expect(try outputs.lastMaps().name == "stage.0")
    let alone = Staged([Block(random: &random)], random: &random)
    #expect(try layerOutputs(of: alone, on: x).lastMaps().name == "stage.0.conv1")
  }

  @Test func stopsAtAnOutputThatIsNotThere() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Score(of: SmallNetwork(), .output(3))(.ones([1, 7, 6, 2])) }
    expectStop(
      result, "Score: unit 3 of the network's output, which is of shape [1, 3] and has 3 units")
  }

  @Test func stopsAtALayerThatIsNotThere() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Score(of: SmallNetwork(), .unit(0, layer: "conv9"))(.ones([1, 7, 6, 2])) }
    expectStop(
      result, "Score: there is no layer conv9 in this network; layerOutputs(of:on:) lists them")
  }
}
