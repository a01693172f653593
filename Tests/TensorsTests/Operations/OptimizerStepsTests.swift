import TestSupport
import Testing

@testable import Tensors

/// The arithmetic itself is held against PyTorch in OptimizersTests, where the steps are put to use.
@Suite struct OptimizerStepsTests {
  /// A gradient passes its transform before anything else: first the scale, then the limit.
  @Test(arguments: DType.full)
  func transforms(dtype: DType) {
    var p = Tensor([0, 0, 0, 0], shape: [4], dtype: dtype)
    let g = Tensor([1, -10, 10, .nan], shape: [4], dtype: dtype)
    OptimizerStep.sgd(&p, g, GradientTransform(scale: 0.5, limit: 3), rate: 1, decay: 0)
    #expect(p.doubles[0...2] == [-0.5, 3, -3])
    #expect(p.doubles[3].isNaN)
  }

  /// What someone else holds stays as it is.
  @Test func copiesOnWrite() {
    var p = Tensor.ones([3])
    let held = p
    OptimizerStep.sgd(&p, .ones([3]), .none, rate: 0.5, decay: 0)
    #expect(p.floats == [0.5, 0.5, 0.5])
    #expect(held.floats == [1, 1, 1])
  }

  /// Every element of every length is stepped once, also where the loop is shared out.
  @Test(arguments: [1, 7, 15, 16, 17, 33, 63, 64, 65, 40_001])
  func everyLength(count: Int) {
    var random = SplitMix(state: 3)
    let (start, g) = (random.floats(count), random.floats(count))
    var p = Tensor(start, shape: [count])
    var v = Tensor.zeros([count])
    OptimizerStep.momentum(
      &p, Tensor(g, shape: [count]), &v, .none, rate: 0.5, decay: 0, momentum: 0.5, dampening: 0,
      nesterov: false)
    #expect(v.floats == g)
    #expect(p.floats == zip(start, g).map { $0 - 0.5 * $1 })
  }

  static let mistakes = [
    Mistake(
      "OptimizerStep.sgd: a gradient or state of shape [2] float32 for a parameter of shape [3] float32"
    ) {
      var p = Tensor.ones([3])
      OptimizerStep.sgd(&p, .ones([2]), .none, rate: 1, decay: 0)
    },
    Mistake(
      "OptimizerStep.adagrad: a gradient or state of shape [3] float64 for a parameter of shape [3] "
        + "float32"
    ) {
      var p = Tensor.ones([3])
      var s = Tensor.ones([3], dtype: .float64)
      OptimizerStep.adagrad(&p, .ones([3]), &s, .none, rate: 1, decay: 0, epsilon: 1e-8)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in OptimizerStepsTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
