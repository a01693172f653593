import Layers
import Tensors
import TestSupport
import Testing

@Suite struct InspectionTests {
  private let network = Network()
  private let x = Tensor([1, -2, 3, 4], shape: [1, 4])

  @Test func seesEveryOutputInnerLayersFirst() {
    _ = parameters(of: network)
    var seen: [String] = []
    let y = network(
      x, .inference.inspected(by: Inspection { name, _ in seen.append("\(name)") }))
    #expect(
      seen == [
        "layer1.0.conv1 (Linear)", "layer1.0.conv2 (Linear)", "layer1.0.downsample.0 (Linear)",
        "ReLU", "layer1.0.downsample (Sequential)", "layer1.0 (Block)", "layer1.1.conv1 (Linear)",
        "layer1.1.conv2 (Linear)", "layer1.1 (Block)", "head (Linear)", "Network",
      ])
    #expect(y.floats == network(x, .inference).floats)
  }

  @Test func goesOnWithWhatIsPutInPlaceOfAnOutput() {
    _ = parameters(of: network)
    var seen: [Float] = []
    let inspection = Inspection(
      onOutput: { name, y in if name.path == "layer1.1" { seen = y.floats } },
      replacing: { name, y in name.path == "layer1.1" ? Tensor.ones(y.shape) : nil })
    let y = network(x, .inference.inspected(by: inspection))
    #expect(seen == [1, 1, 1, 1])
    #expect(y.floats == network.head(.ones([1, 4]), .inference).floats)
  }

  @Test func guidesRectifiers() {
    let network = Sequential([ReLU(), Linear(weight: Parameter(Tensor([1, -1], shape: [1, 2])))])
    let context = Context.inference.inspected(by: Inspection(rectifiers: .guided))
    let x = Tensor([2, 3], shape: [1, 2])
    let (value, gradients) = valueWithGradient(at: [x]) { sum(network($0[0], context)) }
    #expect(value.item == -1)
    #expect(gradients[0]?.floats == [1, 0])
  }

  /// A rectifier in front of which everything is positive changes nothing, and behind it cotangents alternate.
  @Test func guidesTheRectifiersThatLayersFuse() {
    var random = Philox(seed: 0)
    let x = Tensor([5, 6, 7], shape: [1, 3])
    let identity = Tensor.identity(3)
    let normalized = WeightNormalizedLinear(3, 3, activation: .relu, random: &random)
    normalized.weightV.value = identity
    normalized.weightG.value = .ones(normalized.weightG.shape)
    normalized.bias?.value = .zeros([3])
    let layers: [any Layer] = [
      Linear(weight: Parameter(identity), activation: .relu), normalized,
      MeanOnlyBatchNorm(3, activation: .relu), BatchNorm(3, activation: .relu),
    ]
    let signs = Tensor([1, -1, 1], shape: [1, 3])
    for layer in layers {
      let plain = valueWithGradient(at: [x]) { sum(layer($0[0], .inference) * signs) }
      let context = Context.inference.inspected(by: Inspection(rectifiers: .guided))
      let guided = valueWithGradient(at: [x]) { sum(layer($0[0], context) * signs) }
      #expect(plain.value.item == guided.value.item, "\(layer)")
      #expect(plain.gradients[0]?.floats.map(\.sign) == [.plus, .minus, .plus], "\(layer)")
      #expect(guided.gradients[0]?.floats[1] == 0, "\(layer)")
      #expect(guided.gradients[0]?.floats[0] == plain.gradients[0]?.floats[0], "\(layer)")
    }
  }

  @Test func stopsAtAReplacementOfAnotherShape() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let inspection = Inspection(replacing: { _, _ in .ones([2]) })
      _ = ReLU()(.ones([3]), .inference.inspected(by: inspection))
    }
    expectStop(
      result,
      "Inspection: the output of ReLU, [3] float32, was replaced by one of [2] float32; it has to be of "
        + "the same shape and type")
  }
}
