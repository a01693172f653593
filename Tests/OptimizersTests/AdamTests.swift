import Optimizers
import Tensors
import TestSupport
import Testing

struct AdamTests {
  @Test(arguments: [1e-12, 1e-4, 1, 1e6])
  func theFirstStepIsTheRateWhateverTheScaleOfTheGradient(_ scale: Double) {
    // m̂ = g and v̂ = g² after one step: the step is η g / (|g| + ε).
    let parameter = Parameter(.zeros([2], dtype: .float64), name: "p")
    let gradient = Tensor([scale, -scale], shape: [2], dtype: .float64)
    Adam([parameter], learningRate: 0.5).step(Gradients(of: [parameter], [gradient]))
    let step = 0.5 * scale / (scale + 1e-8)
    expectClose(parameter.value.doubles, [-step, step], within: 1e-15)
  }

  @Test func decoupledDecayDoesNotPassThroughTheAverages() {
    // Without a gradient, AdamW takes away the share η λ of the parameter and nothing else.
    let parameter = Parameter(.full([2], 3, dtype: .float64), name: "p")
    let optimizer = AdamW([parameter], learningRate: 0.1, weightDecay: 0.5)
    optimizer.step(Gradients(of: [parameter], [.zeros([2], dtype: .float64)]))
    expectClose(parameter.value.doubles, [2.85, 2.85], within: 1e-15)
    #expect(optimizer.state["p.first_moment"]?.doubles == [0, 0])
  }

  @Test func stopsAtSettingsOutOfRange() async {
    let beta = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Adam([Parameter(.ones([1]))], beta2: 1) }
    expectStop(beta, "Adam: beta2 is 1.0; it has to be in 0 ..< 1")
    let decay = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = AdamW([Parameter(.ones([1]))], weightDecay: -1) }
    expectStop(decay, "AdamW: weight decay is -1.0; it has to be a finite number from 0")
  }
}
