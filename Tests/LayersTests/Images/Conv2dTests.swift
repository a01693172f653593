import Layers
import Tensors
import TestSupport
import Testing

@Suite struct Conv2dTests {
  private var random = Philox(seed: 1)

  @Test mutating func hasPyTorchsState() throws {
    let layer = Conv2d(6, 4, window: Extent(3, 5), .init(groups: 2), random: &random)
    #expect(layer.weight.shape == [4, 3, 5, 3])
    let state = stateDictionary(of: layer)
    #expect(state.mapValues(\.shape) == ["weight": [4, 3, 3, 5], "bias": [4]])
    let plain = Conv2d(6, 4, window: 1, bias: false, random: &random)
    #expect(stateDictionary(of: plain).keys.sorted() == ["weight"])
  }

  /// The element at [output, input, row, column] in a file is the one at [output, row, column, input].
  @Test mutating func convertsTheLayoutOfItsWeight() throws {
    let layer = Conv2d(2, 1, window: Extent(1, 3), bias: false, random: &random)
    try load(["weight": Tensor([1, 2, 3, 10, 20, 30], shape: [1, 2, 1, 3])], into: layer)
    #expect(layer.weight.value.floats == [1, 10, 2, 20, 3, 30])
    #expect(stateDictionary(of: layer)["weight"]?.floats == [1, 2, 3, 10, 20, 30])
    let image = Tensor([1, 0, 0, 1, 1, 1], shape: [1, 1, 3, 2])
    #expect(layer(image, .inference).floats == [1 + 20 + 33])
  }

  @Test mutating func beginsAsPyTorchDoes() {
    // 1/√(3·3·16)
    let layer = Conv2d(16, 64, window: 3, random: &random)
    let bound: Float = 1 / 12
    for values in [layer.weight.value.floats, layer.bias!.value.floats] {
      #expect(values.allSatisfy { abs($0) <= bound })
      #expect(values.map(abs).max()! > 0.95 * bound)
    }
    // The fan out counts all outputs, as PyTorch's does: √(2 / (64·3·3)) along it.
    let along = Conv2d(
      16, 64, window: 3, weightInitializer: .heNormal(fan: .output), random: &random)
    let variance = along.weight.value.doubles.map { $0 * $0 }.reduce(0, +) / 9216
    #expect(abs(variance / (2.0 / 576) - 1) < 0.06)
  }

  @Test mutating func transposesToTheSizeAStrideCameFrom() {
    let up = ConvTranspose2d(
      3, 5, window: 3, .init(stride: 2, padding: 1), outputPadding: 1, random: &random)
    #expect(up.weight.shape == [3, 3, 3, 5])
    #expect(stateDictionary(of: up).mapValues(\.shape) == ["weight": [3, 5, 3, 3], "bias": [5]])
    #expect(up(.ones([2, 4, 6, 3]), .inference).shape == [2, 8, 12, 5])
  }

  /// PyTorch 2.15, `Reference/transposed_convolution.py`: a window, strides and padding that differ along the axes, and
  /// numbers of which every sum is exact.
  @Test mutating func transposesAsPyTorchDoes() throws {
    let geometry = ConvolutionGeometry(
      stride: Extent(2, 1), padding: Padding(top: 1, left: 0, bottom: 1, right: 0))
    let layer = ConvTranspose2d(
      2, 3, window: Extent(3, 2), geometry, outputPadding: Extent(1, 0), random: &random)
    #expect(layer.weight.shape == [2, 3, 2, 3])
    let weight = (0..<36).map { Float($0 * 7 % 11 - 5) / 4 }
    let state = [
      "weight": Tensor(weight, shape: [2, 3, 3, 2]),
      "bias": Tensor([0.5, -1, 2] as [Float], shape: [3]),
    ]
    try load(state, into: layer)
    let image = (0..<12).map { Float($0 * 5 % 7 - 3) / 2 }
    let y = layer(Tensor(image, shape: [1, 2, 3, 2]), .inference)
    let right: [Float] = [
      2, 0.75, -0.125, -2.375, -3.125, 0.625, 0.375, -1.625, 5, 2.25, -0.25, 1.75, -0.5, 0.625,
      4.875, 3.375, -1, -0.875, 1.5, -2.625, -0.875, -2.375, -1, 4.875, -0.375, -0.875, 1.75,
      -0.25, -1.25, 5, 3.375, 1.125, 0.625, -1.125, -2.875, -0.125, 2.25, -2.375, 1.625, 0.375,
      -0.625, 1.5, -2.375, -0.5, 4.5, 2, 0.25, 0.25,
    ]
    #expect(y.shape == [1, 4, 4, 3])
    #expect(y.floats == right)
  }

  @Test func stopsAtGroupsThatDoNotDivide() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = Conv2d(6, 4, window: 3, .init(groups: 3), random: &random)
    }
    expectStop(
      result,
      "Conv2d(6, 4): window 3×3 in 3 groups; lengths have to be at least 1, and the groups have to divide "
        + "inputs and outputs")
    let transposed = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = ConvTranspose2d(3, 4, window: 0, random: &random)
    }
    expectStop(
      transposed,
      "ConvTranspose2d(3, 4): window 0×0 in 1 groups; lengths have to be at least 1, and the groups have to "
        + "divide inputs and outputs")
  }
}
