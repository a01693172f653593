import TestSupport
import Testing

@testable import Tensors

@Suite struct CrossEntropyTests {
  @Test(arguments: ReferenceCase.named("softmax-cross-entropy"))
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let labels = IndexTensor(try #require(reference.labels))
    reference.check { inputs in softmaxCrossEntropy(inputs[0], labels: labels) }
  }

  @Test(arguments: DType.full)
  func givesTheProbabilitiesToo(dtype: DType) {
    let x = Tensor([1, 2, -3, 0, 0, 5], shape: [2, 3], dtype: dtype)
    let (_, p) = softmaxCrossEntropyWithProbabilities(x, labels: IndexTensor([0, 2]))
    // Two loops for one formula, a few roundings each.
    let error = GradientCheck.relativeError(p.doubles, softmax(x).doubles)
    #expect(error < (dtype == .float32 ? 2e-7 : 1e-15))
  }

  /// Equal logits cost ln 3 however large they are; a label of probability zero costs infinity.
  @Test(arguments: DType.full)
  func largeLogits(dtype: DType) {
    for offset in [0, 1e4, -1e4, 1e8, 1e30] {
      let x = Tensor([offset, offset, offset], shape: [1, 3], dtype: dtype)
      let loss = softmaxCrossEntropy(x, labels: IndexTensor([1])).item
      #expect(abs(loss - 1.0986122886681098) <= (dtype == .float32 ? 2e-7 : 4e-16), "\(loss)")
    }
    let far = Tensor([0, -1e4, 7], shape: [1, 3], dtype: dtype)
    // ln(1 + e⁷ + e⁻¹⁰⁰⁰⁰) + 10⁴ in fifty digits, to one or two units in the last place of either type.
    let distance = softmaxCrossEntropy(far, labels: IndexTensor([1])).item - 10_007.000911466453774
    #expect(abs(distance) < (dtype == .float32 ? 1e-3 : 4e-12))
    let never = Tensor([0, -.infinity, 7], shape: [1, 3], dtype: dtype)
    #expect(softmaxCrossEntropy(never, labels: IndexTensor([1])).item == .infinity)
    let nan = Tensor([0, .nan, 7], shape: [1, 3], dtype: dtype)
    #expect(softmaxCrossEntropy(nan, labels: IndexTensor([0])).item.isNaN)
  }

  @Test(arguments: DType.full)
  func countsTheFirstOfEqualScores(dtype: DType) {
    let scores = Tensor([1, 1, 0, 0, 2, 2, -1, -2, -3], shape: [3, 3], dtype: dtype)
    #expect(countCorrect(scores, labels: IndexTensor([0, 1, 0])) == 3)
    #expect(countCorrect(scores, labels: IndexTensor([1, 2, 0])) == 1)
  }

  static let mistakes = [
    Mistake("softmaxCrossEntropy: index 3 in row 1 is not in 0 ..< 3") {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 3]))
    },
    Mistake("softmaxCrossEntropy: index -1 in row 0 is not in 0 ..< 3") {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([-1, 0]))
    },
    Mistake(
      "softmaxCrossEntropy: logits of shape [2, 3] and labels of shape [3]; they have to be "
        + "[batch, classes] and [batch], the batch not empty"
    ) { _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 1, 2])) },
    Mistake(
      "softmaxCrossEntropy: logits of shape [0, 3] and labels of shape [0]; they have to be "
        + "[batch, classes] and [batch], the batch not empty"
    ) { _ = softmaxCrossEntropy(.ones([0, 3]), labels: IndexTensor([])) },
    Mistake("softmaxCrossEntropyPullback: index 3 in row 1 is not in 0 ..< 3") {
      _ = softmaxCrossEntropyPullback(1, .ones([2, 3]), labels: IndexTensor([0, 3]))
    },
    Mistake(
      "softmaxCrossEntropyPullback: probabilities of shape [2, 3] and labels of shape [3]; they have to "
        + "be [batch, classes] and [batch]"
    ) { _ = softmaxCrossEntropyPullback(1, .ones([2, 3]), labels: IndexTensor([0, 1, 2])) },
    Mistake("countCorrect: index 9 in row 0 is not in 0 ..< 3") {
      _ = countCorrect(.ones([2, 3]), labels: IndexTensor([9, 0]))
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in CrossEntropyTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
