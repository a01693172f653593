import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct MLPMixerTests {
  private typealias Reference = MixerReference

  private static let shapes: [Shape] = [[4, 4], [4], [3, 3], [3], [3, 4], [3]]

  /// All numbers are below 8: the tolerances are a few units in the last place of what is added up.
  @Test(arguments: [(DType.float64, 8e-15), (.float32, 4e-6)])
  func agreesWithPyTorch(dtype: DType, tolerance: Double) throws {
    let values = [
      grid(4, 4, 5, 2, 1, 13, 8), grid(1, 4, 0, 14, 1, 64, 64), grid(3, 3, 3, 4, 2, 9, 4),
      grid(1, 3, 0, 170, 1, 512, 512), grid(3, 4, 4, 3, 1, 7, 4), grid(1, 3, 0, 2, 3, 7, 8),
    ]
    let network = MLPMixer(
      zip(values, Self.shapes).map { Parameter(Tensor($0, shape: $1, dtype: dtype)) })
    let result = network.gradient(
      inputs: Tensor(grid(12, 3, 7, 3, 0, 11, 4), shape: [3, 4, 3], dtype: dtype),
      labels: IndexTensor([2, 0, 1]))
    #expect(abs(result.loss.item - Reference.loss) <= tolerance)
    #expect(result.probabilities.shape == [3, 3])
    expect(result.probabilities.doubles, near: Reference.probabilities, within: tolerance)
    let expected = [
      Reference.theta1, Reference.b1, Reference.theta2, Reference.b2, Reference.theta3,
      Reference.b3,
    ]
    #expect(result.gradients.values.count == 6)
    for (index, values) in expected.enumerated() {
      let gradient = try #require(result.gradients.values[index])
      #expect(gradient.shape == Self.shapes[index])
      expect(gradient.doubles, near: values, within: tolerance)
    }
  }

  @Test func isRegisteredForTheCheck() throws {
    let check = try #require(GradientCheck.all.first { $0.name == "mlp_mixer" })
    #expect(check.group == .network)
    for result in check.run(seed: 1) {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
  }

  @Test func hasAFormulaForEachParameter() {
    #expect(
      MLPMixer.formulas.map(\.variable) == [
        #"\Theta_1"#, "b_1", #"\Theta_2"#, "b_2", #"\Theta_3"#, "b_3",
      ])
    #expect(MLPMixer.formulas.allSatisfy { $0.loss == #"\mathcal{L}"# })
  }

  @Test func stopsIfShapesDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[4, 4], [4], [3, 3], [3], [3, 3], [3]]
      _ = MLPMixer(shapes.map { Parameter(.zeros($0)) })
    }
    expectStop(
      result,
      "MLPMixer: parameters of shapes [[4, 4], [4], [3, 3], [3], [3, 3], [3]]; they have to be "
        + "[L, L], [L], [D, D], [D], [K, L], [K]")
  }

  @Test func stopsAtInputsOfAnotherShape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[4, 4], [4], [3, 3], [3], [3, 4], [3]]
      let network = MLPMixer(shapes.map { Parameter(.zeros($0)) })
      _ = network.gradient(inputs: .zeros([2, 3, 4]), labels: IndexTensor([0, 1]))
    }
    expectStop(result, "MLPMixer: inputs of shape [2, 3, 4]; they have to be [batch, 4, 3]")
  }
}
