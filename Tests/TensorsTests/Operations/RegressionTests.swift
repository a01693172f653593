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
