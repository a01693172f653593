import Optimizers
import Tensors
import Testing

struct RMSPropTests {
  @Test func epsilonIsOutsideTheRoot() {
    // s = 0.1 · 4 = 0.4; the step is 2 / (√0.4 + 0.5).
    let parameter = Parameter(.zeros([1], dtype: .float64), name: "p")
    RMSProp([parameter], learningRate: 1, alpha: 0.9, epsilon: 0.5)
      .step(Gradients(of: [parameter], [.full([1], 2, dtype: .float64)]))
    expectClose(parameter.value.doubles, [-2 / (0.4.squareRoot() + 0.5)], within: 1e-15)
  }

  @Test func stopsAtSettingsOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = RMSProp([Parameter(.ones([1]))], alpha: -0.5) }
    #expect(message(result).contains("RMSProp: alpha is -0.5; it has to be in 0 ..< 1"))
  }
}
