import Optimizers
import Tensors
import TestSupport
import Testing

struct AdagradTests {
  @Test func underAConstantGradientTheStepsFallAsOneOverTheRoot() {
    // s after t steps is 4 t, so that step t is 2 / √(4 t) = 1 / √t.
    let parameter = Parameter(.zeros([3], dtype: .float64), name: "p")
    let optimizer = Adagrad([parameter], learningRate: 1, epsilon: 0)
    var position = 0.0
    for step in 1...50 {
      optimizer.step(Gradients(of: [parameter], [.full([3], 2, dtype: .float64)]))
      position -= 1 / Double(step).squareRoot()
      expectClose(parameter.value.doubles, [position, position, position], within: 1e-15)
    }
  }

  @Test func stopsAtSettingsOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Adagrad([Parameter(.ones([1]))], initialAccumulator: -1) }
    expectStop(result, "Adagrad: initial accumulator is -1.0; it has to be a finite number from 0")
  }
}
