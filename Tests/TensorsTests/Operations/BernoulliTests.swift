import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct BernoulliTests {
  @Test(arguments: ReferenceCase.named("bernoulli-nll"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { bernoulliNegativeLogLikelihood($0[0], logits: $0[1]) }
  }

  /// A logit of 0 costs ln 2 a pixel; large ones on the wrong side cost themselves, and nothing overflows.
  @Test(arguments: DType.full)
  func endsOfTheScale(dtype: DType) {
    let zeros = Tensor.zeros([2, 5], dtype: dtype)
    #expect(
      abs(bernoulliNegativeLogLikelihood(zeros, logits: zeros).item - 5 * log(2))
        <= (dtype == .float32 ? 3e-7 : 1e-15))
    let logits = Tensor([500, -500, 500, -500], shape: [1, 4], dtype: dtype)
    let x = Tensor([1, 0, 0, 1], shape: [1, 4], dtype: dtype)
    #expect(bernoulliNegativeLogLikelihood(x, logits: logits).item == 1000)
  }

  @Test func stopsWithWords() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = bernoulliNegativeLogLikelihood(.ones([3]), logits: .ones([3])) }
    expectStop(
      result,
      "bernoulliNegativeLogLikelihood: shape [3]; it has to be [batch, features], the batch not empty"
    )
  }
}
