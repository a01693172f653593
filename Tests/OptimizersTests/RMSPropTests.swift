import Optimizers
import Tensors
import TestSupport
import Testing

struct RMSPropTests {
  @Test func epsilonIsOutsideTheRoot() {
    // s = 0.1 · 4 = 0.4; the step is 2 / (√0.4 + 0.5).
    let parameter = Parameter(.zeros([1], dtype: .float64), name: "p")
    RMSProp([parameter], learningRate: 1, alpha: 0.9, epsilon: 0.5)
      .step(Gradients(of: [parameter], [.full([1], 2, dtype: .float64)]))
    expectClose(parameter.value.doubles, [-2 / (0.4.squareRoot() + 0.5)], within: 1e-15)
  }

  /// s = 0.1 · 4 and m = 0.1 · 2 give a variance of 0.36: the step is 2 / (0.6 + 0.5).
  @Test func centredItIsScaledByTheDeviation() {
    let parameter = Parameter(.zeros([1], dtype: .float64), name: "p")
    RMSProp([parameter], learningRate: 1, alpha: 0.9, epsilon: 0.5, centered: true)
      .step(Gradients(of: [parameter], [.full([1], 2, dtype: .float64)]))
    expectClose(parameter.value.doubles, [-2 / 1.1], within: 1e-15)
  }

  /// The variance of gradients that never change is zero but for rounding, which may take it below.
  @Test(arguments: DType.full)
  func centredItTakesGradientsThatStayTheSame(dtype: DType) {
    let values = (1...37).map { Double($0) / 7 }
    let parameter = Parameter(.zeros([37], dtype: dtype), name: "p")
    let optimizer = RMSProp(
      [parameter], learningRate: 1e-3, alpha: 0.5, epsilon: 1, centered: true)
    let gradient = Tensor(values, shape: [37], dtype: dtype)
    for _ in 0..<100 { optimizer.step(Gradients(of: [parameter], [gradient])) }
    let last = parameter.value
    optimizer.step(Gradients(of: [parameter], [gradient]))
    // η g / (0 + ε); what is left of the root is that of a rounding of s, and p is rounded too.
    let tolerance = dtype == .float64 ? 1e-9 : 1e-5
    for (step, value) in zip((last - parameter.value).doubles, values) {
      #expect(abs(step - 1e-3 * value) <= tolerance * value)
    }
  }

  @Test func stopsAtSettingsOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = RMSProp([Parameter(.ones([1]))], alpha: -0.5) }
    expectStop(result, "RMSProp: alpha is -0.5; it has to be in 0 ..< 1")
  }
}
