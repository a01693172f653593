import Layers
import Tensors
import TestSupport
import Testing

@Suite struct EmbeddingTests {
  private static func layer() -> Embedding {
    Embedding(weight: Parameter(Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]), name: "weight"))
  }

  @Test func looksUpRows() {
    let y = Self.layer()(IndexTensor([2, 0, 2, 1], shape: [2, 2]))
    #expect(y.shape == [2, 2, 2])
    #expect(y.floats == [5, 6, 1, 2, 5, 6, 3, 4])
    #expect(Self.layer()(IndexTensor([])).shape == [0, 2])
    #expect(Self.layer()(IndexTensor([1], shape: [])).floats == [3, 4])
  }

  /// A row's gradient is the sum over its mentions; as `torch.nn.Embedding`'s of 0, 0, …, 10 and 0, 20, ….
  @Test func addsUpTheGradientOfARow() {
    let layer = Self.layer()
    let dy = Tensor([1, 10, 2, 20, 4, 40], shape: [3, 2])
    let gradients = valueWithGradient(of: [layer.weight]) {
      sum(layer(IndexTensor([2, 0, 2])) * dy)
    }.gradients
    #expect(gradients[layer.weight]?.floats == [2, 20, 0, 0, 5, 50])
  }

  /// N(0, 1): of 60,000 numbers the mean is within 0.02 of 0 and the mean square within 0.03 of 1, five deviations.
  @Test func beginsAsPyTorchDoes() {
    var random = Philox(seed: 3)
    let layer = Embedding(300, 200, random: &random)
    #expect((layer.count, layer.features) == (300, 200))
    let values = layer.weight.value.doubles
    #expect(abs(values.reduce(0, +) / 60_000) <= 0.0205)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 60_000 - 1) <= 0.029)
    let zeros = Embedding(2, 3, weightInitializer: .zeros, random: &random)
    #expect(zeros.weight.value.floats == [0, 0, 0, 0, 0, 0])
  }

  private struct Model: Layer {
    let words: Embedding
    let head: Linear

    func forward(_ x: Tensor, _ context: Context) -> Tensor { head(x, context) }
  }

  @Test func itsStateHasPyTorchsName() {
    var random = Philox(seed: 1)
    let model = Model(
      words: Embedding(4, 3, random: &random), head: Linear(3, 2, random: &random))
    #expect(
      stateDictionary(of: model).keys.sorted() == ["head.bias", "head.weight", "words.weight"])
    #expect(namedParameters(of: model).map(\.name) == ["words.weight", "head.weight", "head.bias"])
  }

  static let mistakes = [
    Mistake("Embedding(0, 4): both lengths have to be at least 1") {
      var random = Philox(seed: 1)
      _ = Embedding(0, 4, random: &random)
    },
    Mistake("Embedding: weight of [3]; it has to be [count, features]") {
      _ = Embedding(weight: Parameter(.ones([3])))
    },
    Mistake("in layer Embedding: gather: index 3 in row 2 is not in 0 ..< 3") {
      _ = EmbeddingTests.layer()(IndexTensor([0, 1, 3, 2], shape: [2, 2]))
    },
    Mistake("in layer Embedding: gather: index -1 in row 0 is not in 0 ..< 3") {
      _ = EmbeddingTests.layer()(IndexTensor([-1]))
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in EmbeddingTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
