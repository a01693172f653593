import TestSupport
import Testing

@testable import Tensors

@Suite struct WeightedCrossEntropyTests {
  @Test(arguments: ReferenceCase.named("weighted-cross-entropy"))
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let labels = IndexTensor(try #require(reference.labels))
    let smoothing = try #require(reference.attributes.smoothing)
    let weights = try #require(reference.attributes.weights)
    reference.check { inputs in
      softmaxCrossEntropy(
        inputs[0], labels: labels, classWeights: weights, ignored: reference.attributes.ignored,
        labelSmoothing: smoothing)
    }
  }

  /// Of three rows one is left out: the mean of the other two, and no gradient in its place, whatever stands there.
  @Test(arguments: DType.full)
  func leavesRowsOut(dtype: DType) {
    let logits = Parameter(
      Tensor([1, 2, .infinity, -.infinity, 0.5, -1], shape: [3, 2], dtype: dtype), name: "logits")
    let kept = Tensor([1, 2, 0.5, -1], shape: [2, 2], dtype: dtype)
    let (loss, gradients) = valueWithGradient(of: [logits]) {
      softmaxCrossEntropy(
        logits.value, labels: IndexTensor([1, 255, 0]), classWeights: nil, ignored: 255)
    }
    // Targets take one more rounding.
    let expected = softmaxCrossEntropy(kept, labels: IndexTensor([1, 0])).item
    #expect(abs(loss.item - expected) <= expected * (dtype == .float32 ? 0x1p-22 : 0x1p-51))
    #expect(gradients[logits]?.doubles[2...3] == [0, 0])
  }

  static let mistakes = [
    Mistake("softmaxCrossEntropy: index 3 in row 1 is not in 0 ..< 3") {
      _ = softmaxCrossEntropy(
        .ones([2, 3]), labels: IndexTensor([-100, 3]), classWeights: nil, ignored: -100)
    },
    Mistake("softmaxCrossEntropy: index -100 in row 0 is not in 0 ..< 3") {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([-100, 2]), classWeights: nil)
    },
    Mistake(
      "softmaxCrossEntropy: weights [1.0, 2.0] of 3 classes; there has to be one for each, none "
        + "negative or infinite"
    ) { _ = softmaxCrossEntropy(.ones([1, 3]), labels: IndexTensor([0]), classWeights: [1, 2]) },
    Mistake(
      "softmaxCrossEntropy: weights [1.0, -2.0] of 2 classes; there has to be one for each, none "
        + "negative or infinite"
    ) { _ = softmaxCrossEntropy(.ones([1, 2]), labels: IndexTensor([0]), classWeights: [1, -2]) },
    Mistake(
      "softmaxCrossEntropy: the 2 rows are left out or have classes of weight 0; there is nothing to "
        + "take the mean of"
    ) {
      _ = softmaxCrossEntropy(
        .ones([2, 2]), labels: IndexTensor([0, 7]), classWeights: [0, 1], ignored: 7)
    },
    Mistake("softmaxCrossEntropy: label smoothing 1.5; it has to be from 0 to 1") {
      _ = softmaxCrossEntropy(
        .ones([1, 2]), labels: IndexTensor([0]), classWeights: nil, labelSmoothing: 1.5)
    },
    Mistake(
      "softmaxCrossEntropy: logits of shape [2, 3] and labels of shape [3]; they have to be "
        + "[batch, classes] and [batch], the batch not empty"
    ) {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 1, 2]), classWeights: nil)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in WeightedCrossEntropyTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
