import TestSupport
import Testing

@testable import Tensors

@Suite struct SoftCrossEntropyTests {
  @Test(arguments: ReferenceCase.named("soft-cross-entropy"))
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let smoothing = try #require(reference.attributes.smoothing)
    reference.check { inputs in
      softmaxCrossEntropy(inputs[0], targets: inputs[1], labelSmoothing: smoothing)
    }
  }

  @Test(arguments: ReferenceCase.named("smoothed-cross-entropy"))
  func smoothedLabelsAgreeWithPyTorch(reference: ReferenceCase) throws {
    let smoothing = try #require(reference.attributes.smoothing)
    let labels = IndexTensor(try #require(reference.labels))
    reference.check { inputs in
      softmaxCrossEntropy(inputs[0], labels: labels, labelSmoothing: smoothing)
    }
  }

  /// Without smoothing, labels go the way they went: the same bits.
  @Test(arguments: DType.full)
  func withoutSmoothingItIsTheOtherOne(dtype: DType) {
    let x = Tensor([1, 2, -3, 0, 0.3, 5], shape: [2, 3], dtype: dtype)
    let labels = IndexTensor([0, 2])
    let (loss, p) = softmaxCrossEntropyWithProbabilities(x, labels: labels, labelSmoothing: 0)
    let (plainLoss, plain) = softmaxCrossEntropyWithProbabilities(x, labels: labels)
    #expect(loss.item == plainLoss.item && p.doubles == plain.doubles)
  }

  /// Equal logits cost ln 3 whatever the targets; a class nobody wants costs nothing at probability 0.
  @Test(arguments: DType.full)
  func extremes(dtype: DType) {
    let targets = Tensor([0.5, 0, 0.5], shape: [1, 3], dtype: dtype)
    for offset in [0, 1e4, -1e8, 1e30] {
      let x = Tensor([offset, offset, offset], shape: [1, 3], dtype: dtype)
      let loss = softmaxCrossEntropy(x, targets: targets, labelSmoothing: 0.1).item
      #expect(abs(loss - 1.0986122886681098) <= (dtype == .float32 ? 2e-7 : 4e-16), "\(loss)")
    }
    let never = Tensor([2, -.infinity, 2], shape: [1, 3], dtype: dtype)
    let (loss, p) = softmaxCrossEntropyWithProbabilities(never, targets: targets)
    // ln 2, but for the rounding of a logarithm and of a sum.
    #expect(abs(loss.item - 0.6931471805599453) <= (dtype == .float32 ? 1e-7 : 4e-16))
    #expect(p.doubles == [0.5, 0, 0.5])
    #expect(softmaxCrossEntropy(never, targets: targets, labelSmoothing: 0.1).item == .infinity)
    let nan = Tensor([0, .nan, 7], shape: [1, 3], dtype: dtype)
    #expect(softmaxCrossEntropy(nan, targets: targets).item.isNaN)
  }

  static let mistakes = [
    Mistake(
      "softmaxCrossEntropy: logits of shape [2, 3] in float32 and targets of shape [3, 2] in float32; both "
        + "have to be [batch, classes] of one type, the batch not empty"
    ) { _ = softmaxCrossEntropy(.ones([2, 3]), targets: .ones([3, 2])) },
    Mistake(
      "softmaxCrossEntropy: logits of shape [2, 3] in float32 and targets of shape [2, 3] in float64; both "
        + "have to be [batch, classes] of one type, the batch not empty"
    ) { _ = softmaxCrossEntropy(.ones([2, 3]), targets: .ones([2, 3], dtype: .float64)) },
    Mistake(
      "softmaxCrossEntropy: logits of shape [0, 3] in float32 and targets of shape [0, 3] in float32; both "
        + "have to be [batch, classes] of one type, the batch not empty"
    ) { _ = softmaxCrossEntropy(.ones([0, 3]), targets: .ones([0, 3])) },
    Mistake("softmaxCrossEntropy: label smoothing 1.5; it has to be from 0 to 1") {
      _ = softmaxCrossEntropy(.ones([2, 3]), targets: .ones([2, 3]), labelSmoothing: 1.5)
    },
    Mistake("softmaxCrossEntropy: label smoothing -0.1; it has to be from 0 to 1") {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 1]), labelSmoothing: -0.1)
    },
    Mistake("softmaxCrossEntropy: index 3 in row 1 is not in 0 ..< 3") {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 3]), labelSmoothing: 0.1)
    },
    Mistake(
      "softmaxCrossEntropy: logits of shape [2, 3] and labels of shape [3]; they have to be "
        + "[batch, classes] and [batch], the batch not empty"
    ) {
      _ = softmaxCrossEntropy(.ones([2, 3]), labels: IndexTensor([0, 1, 2]), labelSmoothing: 0.1)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in SoftCrossEntropyTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
