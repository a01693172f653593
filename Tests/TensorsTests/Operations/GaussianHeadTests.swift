import TestSupport
import Testing

@testable import Tensors

@Suite struct GaussianHeadTests {
  @Test(
    arguments: ReferenceCase.named("reparameterize", "gaussian-head-nll", "gaussian-head-kl"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    // The divergence of a near-standard Gaussian is a small difference of large numbers.
    reference.check(tolerance: 1e-6) { inputs in
      switch reference.name {
      case "reparameterize":
        let shape: Shape = [inputs[0].shape[0], inputs[0].shape[1] / 2]
        let noise = (0..<shape.count).map { Double($0 % 7 - 3) / 4 }
        return reparameterize(
          inputs[0], noise: Tensor(noise, shape: shape, dtype: inputs[0].dtype))
      case "gaussian-head-kl": return gaussianHeadKLDivergence(inputs[0])
      default: return gaussianHeadNegativeLogLikelihood(inputs[0], head: inputs[1])
      }
    }
  }

  /// The two other parametrisations, by the logarithm of the variance, are the same functions.
  @Test(arguments: [(DType.float32, 1e-6), (.float64, 1e-14)])
  func agreesWithTheLogarithmOfTheVariance(dtype: DType, tolerance: Double) {
    var random = SplitMix(state: 4)
    for n in [1, 5, 16, 33] {
      let head = random.tensor([6, 2 * n]).converted(to: dtype)
      let x = random.tensor([6, n]).converted(to: dtype)
      let mean = slice(head, axis: 1, from: 0, count: n)
      let variance = slice(head, axis: 1, from: n, count: n) * 2
      let likelihood = gaussianNegativeLogLikelihood(x, mean: mean, logVariance: variance).item
      #expect(
        abs(gaussianHeadNegativeLogLikelihood(x, head: head).item - likelihood)
          <= tolerance * Double(2 * n))
      let divergence = gaussianKLDivergence(mean: mean, logVariance: variance).item
      #expect(abs(gaussianHeadKLDivergence(head).item - divergence) <= tolerance * Double(n))
    }
  }

  /// The standard normal is at no distance from itself; its likelihood of 0 is 1/√(2π) per feature.
  @Test(arguments: DType.full)
  func standardNormal(dtype: DType) {
    let head = Tensor.zeros([5, 6], dtype: dtype)
    let zeros = Tensor.zeros([5, 3], dtype: dtype)
    #expect(gaussianHeadKLDivergence(head).item == 0)
    let likelihood = gaussianHeadNegativeLogLikelihood(zeros, head: head).item
    #expect(abs(likelihood - 3 * 0.9189385332046727) <= (dtype == .float32 ? 3e-7 : 1e-15))
    #expect(reparameterize(head, noise: zeros + 2).doubles == Array(repeating: 2, count: 15))
  }

  static let mistakes = [
    Mistake(
      "reparameterize: a head of shape [2, 3] for [2, 2]; they have to be [batch, 2n] and [batch, n], "
        + "the batch not empty"
    ) { _ = reparameterize(.ones([2, 3]), noise: .ones([2, 2])) },
    Mistake(
      "gaussianHeadNegativeLogLikelihood: a head of shape [0, 4] for [0, 2]; they have to be [batch, 2n] "
        + "and [batch, n], the batch not empty"
    ) { _ = gaussianHeadNegativeLogLikelihood(.ones([0, 2]), head: .ones([0, 4])) },
    Mistake(
      "gaussianHeadKLDivergence: a head of shape [2, 3]; it has to be [batch, 2n], the batch not empty"
    ) { _ = gaussianHeadKLDivergence(.ones([2, 3])) },
    Mistake(
      "reparameterize: types float64 and float32 differ; use converted(to:) on one of them"
    ) { _ = reparameterize(.ones([2, 4], dtype: .float64), noise: .ones([2, 2])) },
    Mistake(
      "reparameterizePullback: shapes [2, 1] and [2, 2] differ; nothing is broadcast silently: use "
        + "broadcast(_:to:) if that is meant"
    ) {
      _ = reparameterizePullback(.ones([2, 1]), head: .ones([2, 4]), noise: .ones([2, 2]))
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in GaussianHeadTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
