import Layers
import Tensors
import TestSupport
import Testing

struct LinearTests {
  private let weight = Parameter(Tensor([1, 2, 3, -4, -5, -6], shape: [2, 3]))
  private let bias = Parameter(Tensor([0.5, 0.25], shape: [2]))
  private let x = Tensor([1, 0, 0, 0, 1, -1], shape: [2, 3])

  @Test func mapsRows() {
    // Row (1, 0, 0) picks the first column of W; row (0, 1, −1) the difference of the others.
    let plain = Linear(weight: weight)
    #expect(plain(x, .inference).floats == [1, -4, -1, 1])
    let affine = Linear(weight: weight, bias: bias)
    #expect(affine(x, .inference).floats == [1.5, -3.75, -0.5, 1.25])
    let rectified = Linear(weight: weight, bias: bias, activation: .relu)
    #expect(rectified(x, .training(seed: 1)).floats == [1.5, 0, 0, 1.25])
    #expect(rectified(.zeros([0, 3]), .inference).shape == [0, 2])
  }

  /// The columns (1, 0, 0) and (0, 1, −1), which are the rows above.
  @Test func mapsColumns() {
    let columns = Tensor([1, 0, 0, 1, 0, -1], shape: [1, 3, 2])
    let plain = Linear(weight: weight)
    #expect(plain.mapColumns(of: columns, .inference).floats == [1, -1, -4, 1])
    let rectified = Linear(weight: weight, bias: bias, activation: .relu)
    #expect(rectified.mapColumns(of: columns, .training(seed: 1)).floats == [1.5, 0, 0, 1.25])
  }

  /// As a layer like any other.
  @Test func mapsColumnsWhereSomebodyLooks() {
    let columns = Tensor([1, 0, 0, 1, 0, -1], shape: [1, 3, 2])
    var seen: [[Float]] = []
    let inspection = Inspection(
      onOutput: { name, y in seen.append(y.floats) }, replacing: { _, y in Tensor.ones(y.shape) })
    let y = Linear(weight: weight).mapColumns(of: columns, .inference.inspected(by: inspection))
    #expect(y.floats == [1, 1, 1, 1])
    #expect(seen == [[1, 1, 1, 1]])
  }

  /// The rows above as one sample of two, and as two of one.
  @Test func mapsRowsOfMoreAxes() {
    let layer = Linear(weight: weight, bias: bias, activation: .relu)
    for shape in [[1, 2, 3], [2, 1, 3], [1, 2, 1, 3]] as [Shape] {
      let y = layer(x.reshaped(to: shape), .inference)
      #expect(y.shape == shape.replacing(axis: shape.rank - 1, with: 2))
      #expect(y.floats == [1.5, 0, 0, 1.25])
    }
    #expect(layer(.zeros([4, 0, 3]), .inference).shape == [4, 0, 2])
    let guided = Context.inference.inspected(by: Inspection(rectifiers: .guided))
    #expect(layer(x.reshaped(to: [1, 2, 3]), guided).floats == [1.5, 0, 0, 1.25])
  }

  @Test func stopsAtRowsOfAnotherLength() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Linear(weight: Parameter(.ones([4, 3])))(.ones([2, 5, 2]), .inference) }
    expectStop(
      result,
      "in layer Linear: linear: input of shape [2, 5, 2] and weight of shape [4, 3]; they have to be "
        + "[batch, inputs] and [outputs, inputs]")
  }

  @Test func beginsAsPyTorchDoes() {
    var random = Philox(seed: 3)
    let layer = Linear(400, 300, random: &random)
    #expect(layer.weight.shape == [300, 400])
    #expect(layer.bias?.shape == [300])
    #expect((layer.inputs, layer.outputs) == (400, 300))
    // 1/√400; of 120,000 numbers the largest is within 1 part in 1,000 of it.
    for values in [layer.weight.value.floats, layer.bias!.value.floats] {
      #expect(values.allSatisfy { abs($0) <= 0.05 })
    }
    #expect(layer.weight.value.floats.map(abs).max()! > 0.04995)
    #expect(layer.bias!.value.floats.map(abs).max()! > 0.049)
  }

  @Test func theSeedDeterminesTheWeights() {
    func weights(_ seed: UInt64) -> [Float] {
      var random = Philox(seed: seed)
      let layer = Linear(
        5, 4, weightInitializer: .heNormal(), biasInitializer: .constant(2), random: &random)
      #expect(layer.bias?.value.floats == [2, 2, 2, 2])
      return layer.weight.value.floats
    }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
    var random = Philox(seed: 1)
    #expect(Linear(5, 4, bias: false, random: &random).bias == nil)
  }

  /// In files the columns are in PyTorch's order, channel by channel: what it computes of images that are flattened so.
  @Test func flattenedImagesAsPyTorchHasThem() throws {
    var random = Philox(seed: 3)
    let layer = Linear(flattened: (height: 2, width: 3, channels: 4), 5, random: &random)
    let weight = Tensor((0..<5 * 24).map { Double($0) / 7 }, shape: [5, 24], dtype: .float32)
    let bias = Tensor([1, 2, 3, 4, 5], shape: [5], dtype: .float32)
    try load(["weight": weight, "bias": bias], into: layer, from: "test")
    let x = Tensor((0..<2 * 24).map { Double($0 * $0 % 13) }, shape: [2, 2, 3, 4], dtype: .float32)
    let channelsFirst = x.permuted(to: [0, 3, 1, 2]).flattened(from: 1)
    let expected = linear(channelsFirst, weight, bias)
    let found = layer(x.flattened(from: 1), .inference)
    for (a, b) in zip(found.doubles, expected.doubles) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    let state = stateDictionary(of: layer)
    #expect(state["weight"]?.floats == weight.floats && state["bias"]?.floats == bias.floats)
    #expect(layer.weight.value.floats != weight.floats)
  }

  /// It draws what a plain one draws: the order of its columns has no meaning before it is trained.
  @Test func flattenedImagesBeginAsAnyRows() {
    var (one, two) = (Philox(seed: 3), Philox(seed: 3))
    let flattened = Linear(flattened: (height: 2, width: 3, channels: 4), 5, random: &one)
    let plain = Linear(24, 5, random: &two)
    #expect(flattened.weight.value.floats == plain.weight.value.floats)
    #expect(flattened.bias?.value.floats == plain.bias?.value.floats)
  }

  @Test func stopsAtLengthsOfZero() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = Linear(0, 4, random: &random)
    }
    expectStop(result, "Linear(0, 4): both lengths have to be at least 1")
  }

  @Test func stopsAtParametersThatDoNotMatch() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Linear(weight: Parameter(.zeros([2, 3])), bias: Parameter(.zeros([3]))) }
    expectStop(
      result,
      "Linear: weight of [2, 3] float32 and bias of [3] float32; they have to be "
        + "[outputs, inputs] and [outputs] of one type")
  }
}
