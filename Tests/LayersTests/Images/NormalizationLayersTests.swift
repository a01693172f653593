import Layers
import Tensors
import TestSupport
import Testing

struct NormalizationLayersTests {
  private let x = Tensor([1, -2, 0.5, 3, 4, -0.25, -1, 0.25] as [Float], shape: [2, 4])
  private let weight = Tensor([0.5, -1, 2, 1] as [Float], shape: [4])
  private let bias = Tensor([0, 1, -1, 0.25] as [Float], shape: [4])

  private func expectClose(_ tensor: Tensor, _ expected: [Double]) {
    #expect(tensor.count == expected.count)
    for (found, right) in zip(tensor.doubles, expected) {
      #expect(abs(found - right) <= 2e-6 * max(1, abs(right)), "\(found), not \(right)")
    }
  }

  /// PyTorch 2.15, `nn.LayerNorm(4)` with these parameters.
  @Test func layerNormIsPyTorchs() {
    let layer = LayerNorm(4)
    layer.weight!.value = weight
    layer.bias!.value = bias
    expectClose(
      layer(x, .inference),
      [
        0.10527919, 2.47390890, -1.14037228, 1.58353651, 0.84266376, 1.51856232, -2.81496811,
        -0.00928116,
      ])
    #expect(parameters(of: layer).map(\.name) == ["weight", "bias"])
    #expect(parameters(of: LayerNorm(4, isAffine: false)).isEmpty)
    #expect(LayerNorm([2, 4]).weight?.shape == [2, 4])
  }

  /// PyTorch 2.15, `nn.GroupNorm(2, 4)` with these parameters, of one image of two pixels.
  @Test func groupNormIsPyTorchs() {
    let layer = GroupNorm(2, 4)
    layer.weight!.value = weight
    layer.bias!.value = bias
    expectClose(
      layer(x.reshaped(to: [1, 1, 2, 4]), .inference),
      [
        0.07137026, 2.22756839, -1.25843775, 1.84369898, 0.75652474, 1.42822146, -3.32593918,
        -0.05151063,
      ])
    #expect(parameters(of: layer).map(\.name) == ["weight", "bias"])
  }

  /// PyTorch 2.15, `x * sigmoid(fc2(act(fc1(x.mean((2, 3))))))` with two 1×1 convolutions.
  @Test(arguments: [
    (
      SqueezeExcitation.Inner.relu,
      [
        0.99287862, -0.05035768, 0.41986698, 2.99972916, 3.97151446, -0.00629471, -0.83973396,
        0.24997744,
      ]
    ),
    (
      .silu,
      [
        0.99020863, -0.04991809, 0.41792977, 2.99973392, 3.96083450, -0.00623976, -0.83585954,
        0.24997783,
      ]
    ),
  ])
  func squeezeExcitationIsPyTorchs(inner: SqueezeExcitation.Inner, expected: [Double]) throws {
    var random = Philox(seed: 1)
    let layer = SqueezeExcitation(4, reduced: 2, inner: inner, random: &random)
    let state = [
      "fc1.weight": Tensor(
        [1, -0.5, 0.25, 0.5, 0, 0.5, -1, 1] as [Float], shape: [2, 4, 1, 1]),
      "fc1.bias": Tensor([0.5, -1] as [Float], shape: [2]),
      "fc2.weight": Tensor(
        [1, 2, -1, 0.5, 0.5, 0, 2, -1] as [Float], shape: [4, 2, 1, 1]),
      "fc2.bias": Tensor([0, 0.5, -0.5, 1] as [Float], shape: [4]),
    ]
    try load(state, into: layer)
    let image = x.reshaped(to: [1, 1, 2, 4])
    expectClose(layer(image, .inference), expected)
    // In bfloat16 to its two to three digits.
    let rounded = layer(image.converted(to: .bfloat16), .inference)
    #expect(rounded.dtype == .bfloat16)
    for (found, right) in zip(rounded.doubles, expected) {
      #expect(abs(found - right) <= 0x1p-6 * max(0.1, abs(right)))
    }
  }

  @Test func stochasticDepthDropsWholeSamplesInTrainingOnly() {
    let layer = StochasticDepth(0.5)
    let ones = Tensor.ones([200, 2, 3])
    #expect(layer(ones, .inference).floats == ones.floats)
    let context = Context.training(seed: 1)
    let y = layer(ones, context).floats
    let rows = (0..<200).map { Array(y[($0 * 6)..<($0 * 6 + 6)]) }
    #expect(rows.allSatisfy { Set($0).count == 1 && ($0[0] == 0 || $0[0] == 2) })
    #expect((70...130).contains(rows.count { $0[0] == 0 }))
    // Another call, another mask; the same step again, the same mask.
    #expect(layer(ones, context).floats != y)
    context.begin(step: 0)
    #expect(layer(ones, context).floats == y)
  }

  @Test(arguments: [
    "LayerNorm([]): there has to be at least one axis, and none may be empty",
    "GroupNorm(3, 4): both have to be at least 1, and the groups have to divide the channels",
    "StochasticDepth: probability 1.0 is not in 0 ..< 1",
    "in layer LayerNorm: input of shape [2, 3]; its last axes have to be [4]",
    "in layer GroupNorm: input of shape [2, 3]; it has to be [batch, …, 4]",
  ])
  func stopsWithWords(words: String) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [words] in
      switch words.prefix(14) {
      case "LayerNorm([]):": _ = LayerNorm([])
      case "GroupNorm(3, 4": _ = GroupNorm(3, 4)
      case "StochasticDept": _ = StochasticDepth(1)
      case "in layer Layer": _ = LayerNorm(4)(.ones([2, 3]), .inference)
      default: _ = GroupNorm(2, 4)(.ones([2, 3]), .inference)
      }
    }
    expectStop(result, words)
  }
}
