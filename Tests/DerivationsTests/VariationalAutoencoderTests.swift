import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct VariationalAutoencoderTests {
  private typealias Reference = VariationalAutoencoderReference

  /// The numbers of Reference/variational_autoencoder.py: multiples of a power of two.
  private static func grid(
    _ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ divisor: Double
  ) -> [Double] {
    (0..<rows).flatMap { i in
      (0..<columns).map { j in
        Double((a * i + b * j + c) % modulus - modulus / 2) / divisor
      }
    }
  }

  private static func setting(
    _ dtype: DType
  ) -> (parameters: [Parameter], x: Tensor, noise: Tensor) {
    let shapes = [(5, 3), (5, 5), (4, 5), (5, 2), (5, 5), (6, 5)]
    let parameters = shapes.enumerated().flatMap { layer, shape in
      let weight = grid(shape.0, shape.1, 5, 2, layer, 13, 16)
      let bias = grid(1, shape.0, 0, 2, layer + 1, 7, 8).map { $0 + 3.0 / 64 }
      return [
        Parameter(Tensor(weight, shape: [shape.0, shape.1], dtype: dtype)),
        Parameter(Tensor(bias, shape: [shape.0], dtype: dtype)),
      ]
    }
    return (
      parameters, Tensor(grid(4, 3, 7, 3, 0, 11, 4), shape: [4, 3], dtype: dtype),
      Tensor(grid(4, 2, 3, 5, 1, 7, 4), shape: [4, 2], dtype: dtype)
    )
  }

  /// Relative to the largest number of each gradient: some units in the last place of sums of four rows.
  @Test(arguments: [(DType.float64, 2e-15), (.float32, 2e-6)])
  func agreesWithPyTorch(dtype: DType, tolerance: Double) throws {
    let (parameters, x, noise) = Self.setting(dtype)
    let result = VariationalAutoencoder(parameters).gradient(inputs: x, noise: noise, beta: 1.5)
    for (value, expected) in [
      (result.loss, Reference.loss), (result.reconstruction, Reference.reconstruction),
      (result.divergence, Reference.divergence),
    ] {
      #expect(value.shape == [])
      #expect(abs(value.item - expected) <= tolerance * expected)
    }
    for (index, expected) in Reference.gradients.enumerated() {
      let gradient = try #require(result.gradients.values[index])
      #expect(gradient.shape == parameters[index].shape)
      let largest = expected.map(abs).max() ?? 0
      for (value, other) in zip(gradient.doubles, expected) {
        #expect(abs(value - other) <= tolerance * largest, "parameter \(index)")
      }
    }
  }

  /// Without the divergence's weight only the likelihood counts, and the encoder still learns through Z.
  @Test func betaWeighsTheDivergence() {
    let (parameters, x, noise) = Self.setting(.float64)
    let network = VariationalAutoencoder(parameters)
    let (none, two) = (
      network.gradient(inputs: x, noise: noise, beta: 0),
      network.gradient(inputs: x, noise: noise, beta: 2)
    )
    #expect(none.loss.item == none.reconstruction.item)
    #expect(two.loss.item == two.reconstruction.item + 2 * two.divergence.item)
    #expect(none.gradients.values[0]?.doubles != two.gradients.values[0]?.doubles)
    #expect(none.gradients.values[10]?.doubles == two.gradients.values[10]?.doubles)
  }

  @Test func isRegisteredForTheCheck() throws {
    let check = try #require(GradientCheck.all.first { $0.name == "variational_autoencoder" })
    #expect(check.group == .network)
    for result in check.run(seed: 1) {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
  }

  @Test func hasAFormulaForEachParameter() {
    #expect(
      VariationalAutoencoder.formulas.map(\.variable) == [
        "W_1", "b_1", "W_2", "b_2", "W_3", "b_3", "V_1", "c_1", "V_2", "c_2", "V_3", "c_3",
      ])
  }

  @Test func stopsIfShapesDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[4, 2], [4], [4, 4], [4], [3, 4], [3]]
      _ = VariationalAutoencoder(shapes.map { Parameter(.zeros($0)) })
    }
    expectStop(
      result,
      "VariationalAutoencoder: parameters of shapes [[4, 2], [4], [4, 4], [4], [3, 4], [3]]; "
        + "they have to be those of three linear layers features → 2 latent and of three layers latent "
        + "→ 2 features, weight and bias in turn")
  }
}
