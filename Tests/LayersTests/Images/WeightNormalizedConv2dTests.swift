import Layers
import Tensors
import TestSupport
import Testing

@Suite struct WeightNormalizedConv2dTests {
  private var random = Philox(seed: 1)

  @Test mutating func hasPyTorchsState() throws {
    let layer = WeightNormalizedConv2d(
      6, 4, window: Extent(3, 5), .init(groups: 2), random: &random)
    #expect(
      stateDictionary(of: layer).mapValues(\.shape) == [
        "weight_v": [4, 3, 3, 5], "weight_g": [4, 1, 1, 1], "bias": [4],
      ])
    #expect(parameters(of: layer).map(\.name) == ["weight_g", "weight_v", "bias"])
    let plain = WeightNormalizedConv2d(6, 4, window: 1, bias: false, random: &random)
    #expect(stateDictionary(of: plain).keys.sorted() == ["weight_g", "weight_v"])
  }

  /// g is rounded, 1 / ‖v‖ before it, their quotient and the product; see the linear layer.
  @Test func beginsWithTheWeightThatWasDrawn() {
    var (first, second) = (Philox(seed: 3), Philox(seed: 3))
    let plain = Conv2d(5, 7, window: 3, random: &first)
    let layer = WeightNormalizedConv2d(5, 7, window: 3, random: &second)
    #expect(layer.weightV.value.floats == plain.weight.value.floats)
    #expect(layer.bias?.value.floats == plain.bias?.value.floats)
    #expect(layer.weight.shape == plain.weight.shape)
    for (found, drawn) in zip(layer.weight.floats, plain.weight.value.floats) {
      #expect(abs(found - drawn) <= 2 * drawn.ulp)
    }
  }

  /// PyTorch 2.15 in float64, `Reference/weight_normalized_convolution.py`. Sums of a dozen products of numbers up to
  /// 3; float32 keeps seven digits of each.
  @Test(arguments: [(DType.float32, 4e-6), (.float64, 8e-15)])
  mutating func computesWhatPyTorchDoes(precision: (dtype: DType, tolerance: Double)) throws {
    let layer = WeightNormalizedConv2d(
      4, 2, window: Extent(3, 2), .init(groups: 2), random: &random)
    convert(layer, to: precision.dtype)
    let directions = (0..<24).map { Double($0 * 7 % 11 - 5) / 4 }
    try load(
      [
        "weight_v": Tensor(directions, shape: [2, 2, 3, 2], dtype: .float64),
        "weight_g": Tensor([3, -0.5], shape: [2, 1, 1, 1], dtype: .float64),
        "bias": Tensor([0.5, -1], shape: [2], dtype: .float64),
      ], into: layer)
    let pixels = (0..<36).map { Double($0 * 5 % 7 - 3) / 2 }
    let x = Tensor(pixels, shape: [1, 3, 3, 4], dtype: precision.dtype)
    let dy = Tensor([1, -2, 3, 0.5], shape: [1, 1, 2, 2], dtype: precision.dtype)
    var y: Tensor?
    let (_, gradients) = valueWithGradient(of: parameters(of: layer)) {
      let output = layer(x, .inference)
      y = output.detached
      return sum(output * dy)
    }
    func expect(_ found: Tensor?, _ right: [Double], _ what: String) throws {
      let found = try #require(found).doubles
      #expect(found.count == right.count)
      for (a, b) in zip(found, right) {
        #expect(abs(a - b) <= precision.tolerance * max(1, abs(b)), "\(what)")
      }
    }
    try expect(
      y, [2.952889452598031, -1.1170732264477117, -3.6311822359545785, -1.2341464528954234], "y")
    try expect(
      gradients[layer.weightG], [-3.313552418421901, -0.2341464528954235], "dg")
    let directionsGradient = try #require(gradients[layer.weightV])
    try expect(
      Parameter(directionsGradient, stateLayout: .window).stateValue,
      [
        1.6256967132228661, 5.236656000946128, -0.07267820600290464, -0.07650337473989943,
        -5.385837581688932, 2.2147726987200933, 3.7601408684660655, 0.5163977794943223,
        -4.79293642745471, -4.796761596191705, 4.353042022700287, 1.1092989337285442,
        0.03861362556521019, -0.08544291614429489, -0.7229785212209567, 0.46418507328390973,
        0.19964065983715057, 0.030397960551335684, -0.2341464528954235, -0.6860080286585215,
        0.31548153653278116, 0.19142499482327605, -0.07311941862348313, -0.24236211790929799,
      ], "dv")
    try expect(gradients[try #require(layer.bias)], [4, -1.5], "db")
  }
}
