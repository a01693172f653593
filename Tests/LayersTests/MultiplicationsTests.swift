import Layers
import Tensors
import Testing

/// Counted by hand, as papers do: outputs times the terms of each one's sum.
@Suite struct MultiplicationsTests {
  /// What all layers of a network count while `x` goes through.
  private func counted(_ network: any Layer, _ x: Tensor) -> Int {
    var count = 0
    let inspection = Inspection { named, y in
      count += named.layer.multiplications(output: y.shape)
    }
    _ = network(x, .inference.inspected(by: inspection))
    return count
  }

  @Test func ofRows() {
    var random = Philox(seed: 0)
    let x = Tensor.ones([5, 3])
    #expect(counted(Linear(3, 4, random: &random), x) == 5 * 4 * 3)
    #expect(counted(WeightNormalizedLinear(3, 4, random: &random), x) == 5 * 4 * 3)
    #expect(counted(Linear(3, 4, bias: false, activation: .relu, random: &random), x) == 60)
  }

  /// Two samples of three rows: each of the 2 × 4 × 6 outputs is a sum of three.
  @Test func ofColumns() {
    var random = Philox(seed: 0)
    var count = 0
    let inspection = Inspection { named, y in
      count += named.layer.multiplications(output: y.shape)
    }
    let layer = Linear(3, 4, random: &random)
    _ = layer.mapColumns(of: .ones([2, 3, 6]), .inference.inspected(by: inspection))
    #expect(count == 2 * 4 * 6 * 3)
  }

  /// 7 × 6 pixels under a window of 3 × 2, stride 2, padding 1: 4 × 4 places, in each of two groups 2 inputs.
  @Test func ofImages() {
    var random = Philox(seed: 0)
    let x = Tensor.ones([2, 7, 6, 4])
    let geometry = ConvolutionGeometry(stride: 2, padding: 1, groups: 2)
    let places = 2 * 4 * 4
    #expect(
      counted(Conv2d(4, 6, window: Extent(3, 2), geometry, random: &random), x)
        == places * 6 * 3 * 2 * 2)
    #expect(
      counted(WeightNormalizedConv2d(4, 6, window: Extent(3, 2), geometry, random: &random), x)
        == places * 6 * 3 * 2 * 2)
  }

  /// Every pixel of the input meets every weight of its channel once: 4 inputs, 3 × 2 window, 3 outputs in its group.
  @Test(arguments: [Extent(0), Extent(1, 0), Extent(1)])
  func ofTransposedConvolutions(outputPadding: Extent) {
    var random = Philox(seed: 0)
    let layer = ConvTranspose2d(
      4, 6, window: Extent(3, 2), .init(stride: 2, padding: 1, groups: 2),
      outputPadding: outputPadding, random: &random)
    #expect(counted(layer, .ones([2, 5, 7, 4])) == 2 * 5 * 7 * 4 * 3 * 2 * 3)
  }

  @Test func layersInsideCountForThemselves() {
    var random = Philox(seed: 0)
    let network = Sequential([
      Residual(Linear(4, 4, random: &random)), BatchNorm(4), ReLU(), Dropout(0.5),
      Linear(4, 2, random: &random),
    ])
    #expect(counted(network, .ones([3, 4])) == 3 * (16 + 8))
    // Two 1×1 convolutions of one pixel: 8 to 2 channels and back.
    let excitation = SqueezeExcitation(8, reduced: 2, random: &random)
    #expect(counted(excitation, .ones([1, 5, 5, 8])) == 32)
  }

  /// Of a layer that knows nothing of being counted.
  private struct Doubling: Layer {
    func forward(_ x: Tensor, _ context: Context) -> Tensor { x * 2 }
  }

  /// Of one that does.
  private struct Weighing: Layer {
    func forward(_ x: Tensor, _ context: Context) -> Tensor { x * 2 }
    func multiplications(output: Shape) -> Int { output.count }
  }

  @Test func layersOfOthers() {
    #expect(counted(Doubling(), .ones([3, 4])) == 0)
    #expect(counted(Sequential([Doubling(), Weighing()]), .ones([3, 4])) == 12)
  }

  @Test func kinds() {
    #expect(Sequential.kind == .sequence)
    for layer in [
      BatchNorm(1), MeanOnlyBatchNorm(1), LayerNorm(1), GroupNorm(1, 1),
    ] as [any Layer] { #expect(type(of: layer).kind == .normalization, "\(layer)") }
    // Their names say so too, but what they give is a layer's output like another's.
    for kind in [
      WeightNormalizedLinear.kind, WeightNormalizedConv2d.kind, Linear.kind, Doubling.kind,
    ] { #expect(kind == .other) }
  }
}
