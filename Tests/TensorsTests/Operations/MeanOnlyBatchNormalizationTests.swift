import TestSupport
import Testing

@testable import Tensors

@Suite struct MeanOnlyBatchNormalizationTests {
  @Test(
    arguments: ReferenceCase.named(
      "mean-only-batch-normalization", "mean-only-batch-normalization-relu",
      "mean-only-batch-normalization-by-a-given-mean"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      let mean = Tensor(
        (0..<inputs[1].count).map { Double($0 % 5 - 2) / 4 }, shape: inputs[1].shape,
        dtype: reference.dtype)
      return meanOnlyBatchNormalization(
        inputs[0], inputs[1], mean: reference.name.hasSuffix("given-mean") ? mean : nil,
        activation: reference.name == "mean-only-batch-normalization" ? .identity : .relu)
    }
  }

  private static let x = [1, -2, 0.5, 3, 4, -0.25, -1, 0.25, 1.5, 0.5, 1, 2]
  private static let b = [0.375, -0.625, 0.125]
  private static let cotangent = [1, 2, -1, 0.5, -3, 2, 1.5, 0.25, 1, -2, 1, 0.75]

  private static func gradients(
    _ dtype: DType, _ body: (Tensor, Tensor) -> Tensor
  ) -> (value: [Double], dx: [Double]?, db: [Double]?) {
    let inputs = [
      Tensor(x, shape: [4, 3], dtype: dtype), Tensor(b, shape: [3], dtype: dtype),
    ]
    var value: Tensor?
    let gradients = valueWithGradient(at: inputs) {
      let y = body($0[0], $0[1])
      value = y.detached
      return sum(y * Tensor(cotangent, shape: [4, 3], dtype: dtype))
    }.gradients
    return (value?.doubles ?? [], gradients[0]?.doubles, gradients[1]?.doubles)
  }

  /// Binary fractions throughout, so that both precisions have them exactly; one unit lies on the kink. PyTorch:
  /// `y = relu(x - x.mean(0) + b); (y * cotangent).sum().backward()`.
  @Test(arguments: DType.full)
  func rectified(dtype: DType) {
    let found = Self.gradients(dtype) { meanOnlyBatchNormalization($0, $1, activation: .relu) }
    #expect(found.value == [0.5, 0, 0, 2.5, 2.5625, 0, 0, 0, 0.6875, 0, 0, 1.1875])
    #expect(
      found.dx == [
        0.625, 0.75, -0.4375, 0.125, -2.25, -0.4375, -0.375, 0.75, 0.5625, -0.375, 0.75, 0.3125,
      ])
    #expect(found.db == [1.5, -3, 1.75])
  }

  @Test(arguments: DType.full)
  func withoutAnActivation(dtype: DType) {
    let found = Self.gradients(dtype) { meanOnlyBatchNormalization($0, $1) }
    #expect(
      found.value == [
        0.5, -3.4375, -0.3125, 2.5, 2.5625, -1.0625, -1.5, -1.1875, 0.6875, 0, -0.4375, 1.1875,
      ])
    // The cotangent less its means 0.25, 0.0625 and 0.6875.
    #expect(
      found.dx == [
        0.75, 1.9375, -1.6875, 0.25, -3.0625, 1.3125, 1.25, 0.1875, 0.3125, -2.25, 0.9375, 0.0625,
      ])
    #expect(found.db == [1, 0.25, 2.75])
  }

  /// In inference the mean is a constant: rows do not know of one another.
  @Test(arguments: DType.full)
  func byAGivenMean(dtype: DType) {
    let mean = Tensor([1, 0.5, -1], shape: [3], dtype: dtype)
    let found = Self.gradients(dtype) {
      meanOnlyBatchNormalization($0, $1, mean: mean, activation: .relu)
    }
    #expect(
      found.value == [0.375, 0, 1.625, 2.375, 2.875, 0.875, 0, 0, 2.625, 0, 0, 3.125])
    #expect(found.dx == [1, 0, -1, 0.5, -3, 2, 0, 0, 1, 0, 0, 0.75])
    #expect(found.db == [1.5, -3, 2.75])
  }

  @Test func saysWhichMeanItSubtracted() {
    let x = Tensor(Self.x, shape: [4, 3], dtype: .float32)
    let b = Tensor(Self.b, shape: [3], dtype: .float32)
    #expect(meanOnlyBatchNormalizationWithMean(x, b).mean.floats == [0.875, 0.8125, 0.9375])
    let given = Tensor.ones([3])
    #expect(meanOnlyBatchNormalizationWithMean(x, b, mean: given).mean.floats == [1, 1, 1])
  }

  /// A NaN must not be cut off by the rectifier.
  @Test func keepsNaN() {
    let x = Tensor([.nan, 1, 2, 3] as [Float], shape: [2, 2])
    let y = meanOnlyBatchNormalization(x, .zeros([2]), activation: .relu).floats
    #expect(y[0].isNaN && y[2].isNaN && y[1] == 0 && y[3] == 1)
  }

  /// The mean of an image's channel is over the batch and the pixels: that of the same numbers as rows.
  @Test func ofImages() {
    let x = Tensor(Self.x, shape: [4, 3], dtype: .float32)
    let b = Tensor(Self.b, shape: [3], dtype: .float32)
    let dy = Tensor(Self.cotangent, shape: [4, 3], dtype: .float32)
    func run(_ shape: Shape, _ mean: Tensor?) -> [[Float]?] {
      let inputs = [x.reshaped(to: shape), b]
      let (loss, gradients) = valueWithGradient(at: inputs) { inputs in
        let y = meanOnlyBatchNormalization(inputs[0], inputs[1], mean: mean, activation: .relu)
        return sum(y * dy.reshaped(to: shape))
      }
      return [loss.floats] + gradients.map { $0?.floats }
    }
    for mean in [nil, Tensor.ones([3])] {
      #expect(run([2, 2, 1, 3], mean) == run([4, 3], mean))
    }
  }

  private static let words =
    "they have to be [batch, …, features] and [features] of one type, not empty"

  static let mistakes = [
    Mistake(
      "meanOnlyBatchNormalization: input of shape [2, 3] float32 with a row of shape [2] float32; \(words)"
    ) { _ = meanOnlyBatchNormalization(.ones([2, 3]), .ones([2])) },
    Mistake(
      "meanOnlyBatchNormalization: input of shape [0, 3] float32 with a row of shape [3] float32; \(words)"
    ) { _ = meanOnlyBatchNormalization(.ones([0, 3]), .ones([3])) },
    Mistake(
      "meanOnlyBatchNormalization: input of shape [2, 3] float32 with a row of shape [3] float64; \(words)"
    ) {
      _ = meanOnlyBatchNormalization(
        .ones([2, 3]), .ones([3]), mean: .ones([3], dtype: .float64))
    },
    Mistake(
      "meanOnlyBatchNormalization: input of shape [2, 3] float32 with a row of shape [3, 1] float32; \(words)"
    ) { _ = meanOnlyBatchNormalizationPullback(.ones([2, 3]), biasGradient: .ones([3, 1])) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in MeanOnlyBatchNormalizationTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
