import Tensors
import TestSupport
import Testing

@testable import Attribution

@Suite struct IntegratedGradientsTests {
  @Test func areThoseOfPyTorch() throws {
    let (network, x, baseline) = try Stored.setting()
    let found = Score(of: network, .output(1)).integratedGradients(
      of: x, baseline: baseline, steps: 5)
    expectClose(found.attributions, Stored.values.integrated)
    #expect(abs(found.value - Stored.values.logits[1]) < 1e-12)
  }

  /// One interval is enough where the gradient is the same everywhere: a = w ∘ (x − x₀).
  @Test func completeOnALinearNetwork() {
    let network = linearNetwork([[1, -2, 3, 0.5]])
    let x = Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1], dtype: .float64)
    let baseline = Tensor([0, 1, 0, 1], shape: [1, 2, 2, 1], dtype: .float64)
    let found = Score(of: network, .output(0)).integratedGradients(
      of: x, baseline: baseline, steps: 1)
    expectClose(found.attributions, [1, -2, 9, 1.5])
    #expect(found.value == 8 && found.baselineValue == -1.5)
    #expect(found.completenessGap < 1e-12)
  }

  /// The gradient jumps where a rectifier opens, so the gap falls as the intervals do.
  @Test func gapShrinksWithTheSteps() throws {
    let (network, x, baseline) = try Stored.setting()
    let score = Score(of: network, .output(1))
    let gaps = [2, 32, 512].map {
      score.integratedGradients(of: x, baseline: baseline, steps: $0, batch: 64).completenessGap
    }
    #expect(gaps[1] < gaps[0] / 4 && gaps[2] < gaps[1] / 4, "\(gaps)")
    let difference = abs(score(x).item - score(baseline).item)
    #expect(gaps[2] < 2e-3 * difference, "\(gaps) of \(difference)")
  }

  @Test func stopsAtABaselineOfAnotherShape() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Score(of: SmallNetwork(), .output(0)).integratedGradients(
        of: .ones([1, 7, 6, 2]), baseline: .ones([1, 6, 7, 2]))
    }
    expectStop(
      result,
      "integratedGradients: a baseline of shape [1, 6, 7, 2] float32 for an image of [1, 7, 6, 2] "
        + "float32; they have to be alike")
  }
}
