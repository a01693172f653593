import TestSupport
import Testing

@testable import Tensors

@Suite struct RegressionTests {
  @Test(
    arguments: ReferenceCase.named(
      "mean-squared-error", "gaussian-negative-log-likelihood", "gaussian-kl-divergence"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    // The divergence of a near-standard Gaussian is a small difference of large numbers.
    reference.check(tolerance: 1e-6) { inputs in
      switch reference.name {
      case "mean-squared-error": meanSquaredError(inputs[0], inputs[1])
      case "gaussian-kl-divergence": gaussianKLDivergence(mean: inputs[0], logVariance: inputs[1])
      default:
        gaussianNegativeLogLikelihood(inputs[0], mean: inputs[1], logVariance: inputs[2])
      }
    }
  }

  @Test(arguments: ReferenceCase.named("mean-absolute-error", "huber-loss"))
  func robustLossesAgreeWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      reference.name == "huber-loss"
        ? huberLoss(inputs[0], inputs[1], delta: reference.attributes.delta ?? .nan)
        : meanAbsoluteError(inputs[0], inputs[1])
    }
  }

  /// Errors of 0, ½ and 3 with δ = 1: 0, ⅛ and 2½. A NaN stays one.
  @Test(arguments: DType.full)
  func robustLosses(dtype: DType) {
    let (x, y) = (
      Tensor([1, 2.5, -1], shape: [3], dtype: dtype), Tensor([1, 2, 2], shape: [3], dtype: dtype)
    )
    #expect(meanAbsoluteError(x * 3, y * 3).item == 3.5)
    #expect(huberLoss(x * 3, y * 3, delta: 3).item == (0 + 1.125 + 3 * 7.5) / 3)
    let slopes = valueWithGradient(at: [x]) { huberLoss($0[0], y) * 3 }.gradients[0]
    #expect(firstFar(slopes?.doubles ?? [], from: [0, 0.5, -1], within: 1e-7) == nil)
    let none = Tensor([.nan, 0, 0], shape: [3], dtype: dtype)
    #expect(huberLoss(none, y).item.isNaN && meanAbsoluteError(none, y).item.isNaN)
  }

  /// The standard normal is at no distance from itself; its likelihood of 0 is 1/√(2π) per feature.
  @Test(arguments: DType.full)
  func standardNormal(dtype: DType) {
    let zeros = Tensor.zeros([5, 3], dtype: dtype)
    #expect(gaussianKLDivergence(mean: zeros, logVariance: zeros).item == 0)
    let likelihood = gaussianNegativeLogLikelihood(zeros, mean: zeros, logVariance: zeros).item
    #expect(abs(likelihood - 3 * 0.9189385332046727) <= (dtype == .float32 ? 3e-7 : 1e-15))
    #expect(meanSquaredError(zeros, zeros + 2).item == 4)
  }

  static let mistakes = [
    Mistake(
      "meanSquaredError: shapes [2, 1] and [2] differ; nothing is broadcast silently: use "
        + "broadcast(_:to:) if that is meant"
    ) { _ = meanSquaredError(.ones([2, 1]), .ones([2])) },
    Mistake("meanSquaredError: shape [0, 3] has no elements") {
      _ = meanSquaredError(.ones([0, 3]), .ones([0, 3]))
    },
    Mistake(
      "meanAbsoluteError: shapes [2, 1] and [2] differ; nothing is broadcast silently: use "
        + "broadcast(_:to:) if that is meant"
    ) { _ = meanAbsoluteError(.ones([2, 1]), .ones([2])) },
    Mistake("meanAbsoluteError: shape [0, 3] has no elements") {
      _ = meanAbsoluteError(.ones([0, 3]), .ones([0, 3]))
    },
    Mistake("huberLoss: types float32 and float64 differ; use converted(to:) on one of them") {
      _ = huberLoss(.ones([2]), .ones([2], dtype: .float64))
    },
    Mistake("huberLoss: shape [0] has no elements") { _ = huberLoss(.ones([0]), .ones([0])) },
    Mistake("huberLoss: delta 0.0; it has to be positive and finite") {
      _ = huberLoss(.ones([2]), .ones([2]), delta: 0)
    },
    Mistake(
      "gaussianNegativeLogLikelihood: shape [3]; it has to be [batch, features], the batch not empty"
    ) { _ = gaussianNegativeLogLikelihood(.ones([3]), mean: .ones([3]), logVariance: .ones([3])) },
    Mistake(
      "gaussianKLDivergence: shape [0, 3]; it has to be [batch, features], the batch not empty"
    ) { _ = gaussianKLDivergence(mean: .ones([0, 3]), logVariance: .ones([0, 3])) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in RegressionTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
