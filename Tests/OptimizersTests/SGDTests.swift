import Optimizers
import Tensors
import TestSupport
import Testing

struct SGDTests {
  @Test func dampeningBeginsAfterTheFirstStep() {
    // PyTorch 2.15: SGD([0.], lr=1, momentum=0.5, dampening=0.25), gradients 1, 1, 2.
    // v = 1;  0.5 + 0.75 = 1.25;  0.625 + 1.5 = 2.125.
    let parameter = Parameter(.zeros([1], dtype: .float64), name: "p")
    let optimizer = SGD([parameter], learningRate: 1, momentum: 0.5, dampening: 0.25)
    var values: [Double] = []
    for gradient in [1.0, 1, 2] {
      optimizer.step(Gradients(of: [parameter], [.full([1], gradient, dtype: .float64)]))
      values.append(parameter.value.item)
    }
    #expect(values == [-1, -2.25, -4.375])
  }

  @Test func stopsAtSettingsOutOfRange() async {
    let rate = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SGD([Parameter(.ones([1]))], learningRate: -0.1) }
    expectStop(rate, "SGD: learning rate is -0.1; it has to be a finite number from 0")
    let momentum = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SGD([Parameter(.ones([1]))], learningRate: 0.1, momentum: .nan) }
    expectStop(momentum, "SGD: momentum is nan; it has to be a finite number from 0")
    let nesterov = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SGD([Parameter(.ones([1]))], learningRate: 0.1, nesterov: true) }
    expectStop(
      nesterov, "SGD: Nesterov's step needs momentum above 0 and dampening 0; they are 0.0 and 0.0")
  }
}
