import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct MultiTaskCascadeTests {
  private typealias Reference = CascadeReference

  private static let shapes: [Shape] = [[6, 4], [6], [3, 6], [3], [3, 4], [3], [4, 3], [4]]

  private static func network(
    _ dtype: DType, weightA: Double = 1, weightB: Double = 1
  ) -> MultiTaskCascade {
    let values = [
      grid(6, 4, 5, 2, 1, 13, 8), grid(1, 6, 0, 2, 1, 7, 4), grid(3, 6, 3, 4, 2, 9, 4),
      grid(1, 3, 0, 3, 2, 5, 8), grid(3, 4, 2, 5, 3, 11, 8), grid(1, 3, 0, 5, 1, 9, 16),
      grid(4, 3, 4, 3, 1, 7, 4), grid(1, 4, 0, 2, 3, 7, 8),
    ]
    return MultiTaskCascade(
      zip(values, shapes).map { Parameter(Tensor($0, shape: $1, dtype: dtype)) }, weightA: weightA,
      weightB: weightB)
  }

  private static func result(
    _ network: MultiTaskCascade, _ dtype: DType, mask: [Double]? = Reference.mask
  ) -> MultiTaskCascade.Result {
    network.gradient(
      inputs: Tensor(grid(5, 4, 7, 3, 0, 11, 4), shape: [5, 4], dtype: dtype),
      targets: Tensor(grid(5, 3, 5, 7, 2, 13, 8), shape: [5, 3], dtype: dtype),
      labels: IndexTensor([2, 0, 3, 0, 1]),
      mask: mask.map { Tensor($0, shape: [5, 6], dtype: dtype) })
  }

  /// All numbers are below 4: the tolerances are a few units in the last place of what is added up.
  @Test(arguments: [(DType.float64, 4e-15), (.float32, 2e-6)])
  func agreesWithPyTorch(dtype: DType, tolerance: Double) throws {
    let result = Self.result(Self.network(dtype), dtype)
    #expect(abs(result.lossA.item - Reference.lossA) <= tolerance)
    #expect(abs(result.lossB.item - Reference.lossB) <= tolerance)
    #expect(abs(result.loss.item - Reference.lossA - Reference.lossB) <= tolerance)
    #expect(result.prediction.shape == [5, 3] && result.probabilities.shape == [5, 4])
    expect(result.mean.doubles, near: Reference.mean, within: tolerance)
    expect(result.prediction.doubles, near: Reference.prediction, within: tolerance)
    expect(result.probabilities.doubles, near: Reference.probabilities, within: tolerance)
    let expected = [
      Reference.theta1A, Reference.b1A, Reference.theta2A, Reference.b2A, Reference.theta1B,
      Reference.b1B, Reference.theta2B, Reference.b2B,
    ]
    #expect(result.gradients.values.count == 8)
    for (index, values) in expected.enumerated() {
      let gradient = try #require(result.gradients.values[index])
      #expect(gradient.shape == Self.shapes[index])
      expect(gradient.doubles, near: values, within: tolerance)
    }
  }

  @Test func weightsOfTheTasks() throws {
    let both = Self.result(Self.network(.float64, weightA: 0.5, weightB: 2), .float64)
    #expect(abs(both.loss.item - 0.5 * Reference.lossA - 2 * Reference.lossB) <= 4e-15)
    expect(
      both.gradients.values.map { $0?.doubles[0] ?? .nan }, near: Reference.weighted, within: 4e-15)
    // Without task B nothing moves its branch; without task A its output is trained for B alone.
    let onlyA = Self.result(Self.network(.float64, weightB: 0), .float64)
    for gradient in onlyA.gradients.values[4...] {
      #expect(try #require(gradient).doubles.allSatisfy { $0 == 0 })
    }
    let onlyB = Self.result(Self.network(.float64, weightA: 0), .float64)
    for (one, other) in zip(onlyB.gradients.values[4...], both.gradients.values[4...]) {
      expect(
        try #require(one).doubles.map { 2 * $0 }, near: try #require(other).doubles, within: 4e-15)
    }
  }

  @Test func withoutAMaskNothingIsDropped() throws {
    let network = Self.network(.float64)
    let ones = Self.result(network, .float64, mask: [Double](repeating: 1, count: 30))
    let none = Self.result(network, .float64, mask: nil)
    #expect(none.loss.item == ones.loss.item && none.loss.item != Reference.lossA + Reference.lossB)
    for (one, other) in zip(none.gradients.values, ones.gradients.values) {
      #expect(try #require(one).doubles == #require(other).doubles)
    }
  }

  @Test func isRegisteredForTheCheck() throws {
    let check = try #require(GradientCheck.all.first { $0.name == "multi_task_cascade" })
    #expect(check.group == .network)
    for result in check.run(seed: 1) {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
  }

  @Test func hasAFormulaForEachParameter() {
    #expect(
      MultiTaskCascade.formulas.map(\.variable) == [
        #"\theta_{1A}"#, "b_{1A}", #"\theta_{2A}"#, "b_{2A}", #"\theta_{1B}"#, "b_{1B}",
        #"\theta_{2B}"#, "b_{2B}",
      ])
  }

  @Test func stopsIfShapesDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[6, 4], [6], [3, 6], [3], [2, 4], [2], [4, 2], [4]]
      _ = MultiTaskCascade(shapes.map { Parameter(.zeros($0)) })
    }
    expectStop(
      result,
      "MultiTaskCascade: parameters of shapes [[6, 4], [6], [3, 6], [3], [2, 4], [2], [4, 2], "
        + "[4]]; they have to be [s, d], [s], [a, s], [a], [a, d], [a], [b, a], [b]")
  }
}
