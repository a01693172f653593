import Layers
import Models
import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct TwoLayerPerceptronTests {
  private static func setting(
    _ dtype: DType
  ) -> (parameters: [Parameter], x: Tensor, labels: IndexTensor) {
    func parameter(_ name: String, _ values: [Double], _ shape: Shape) -> Parameter {
      Parameter(Tensor(values, shape: shape, dtype: dtype), name: name)
    }
    return (
      [
        parameter("W1", grid(3, 5, 5, 2, 1, 13, 8), [3, 5]),
        parameter("b1", grid(1, 3, 0, 2, 1, 7, 4), [3]),
        parameter("W2", grid(4, 3, 3, 4, 2, 9, 4), [4, 3]),
        parameter("b2", grid(1, 4, 0, 3, 2, 5, 8), [4]),
      ],
      Tensor(grid(4, 5, 7, 3, 0, 11, 4), shape: [4, 5], dtype: dtype),
      IndexTensor([2, 0, 3, 0])
    )
  }

  /// All numbers are below 2: the tolerances are a few units in the last place.
  @Test(arguments: [(DType.float64, 2e-15), (.float32, 1e-6)])
  func agreesWithPyTorch(dtype: DType, tolerance: Double) throws {
    let (parameters, x, labels) = Self.setting(dtype)
    let result = TwoLayerPerceptron(parameters).gradient(inputs: x, labels: labels)
    typealias Reference = TwoLayerPerceptronReference
    #expect(abs(result.loss.item - Reference.loss) <= tolerance)
    expect(result.probabilities.doubles, near: Reference.probabilities, within: tolerance)
    #expect(result.probabilities.shape == [4, 4])
    let expected = [Reference.w1, Reference.b1, Reference.w2, Reference.b2]
    for (index, values) in expected.enumerated() {
      let gradient = try #require(result.gradients.values[index])
      #expect(gradient.shape == parameters[index].shape)
      expect(gradient.doubles, near: values, within: tolerance)
    }
    #expect(result.gradients.parameters.map(\.name) == ["W1", "b1", "W2", "b2"])
  }

  /// The network by hand and the layers of the model are the same function.
  @Test(arguments: [DType.float32, .float64])
  func agreesWithTheTape(dtype: DType) throws {
    var random = Philox(seed: 3)
    let model = MultilayerPerceptron(widths: [17, 9, 10], random: &random)
    convert(model, to: dtype)
    let parameters = Layers.parameters(of: model)
    let x = Tensor((0..<7 * 17).map { _ in random.normal() }, shape: [7, 17], dtype: dtype)
    let labels = IndexTensor([0, 9, 3, 3, 5, 1, 2])
    let hand = TwoLayerPerceptron(parameters).gradient(inputs: x, labels: labels)
    let (loss, tape) = valueWithGradient(of: parameters) {
      softmaxCrossEntropy(model(x, .inference), labels: labels)
    }
    #expect(hand.loss.item == loss.item)
    for (one, other) in zip(hand.gradients.values, tape.values) {
      let (one, other) = (try #require(one).doubles, try #require(other).doubles)
      expect(one, near: other, within: dtype == .float64 ? 1e-15 : 1e-7)
    }
  }

  /// What the penalty adds is λ times the sum of squares, and 2λ times the weights; biases have none.
  @Test(arguments: [(DType.float64, 2e-15), (.float32, 1e-6)])
  func penalty(dtype: DType, tolerance: Double) throws {
    let (parameters, x, labels) = Self.setting(dtype)
    let plain = TwoLayerPerceptron(parameters).gradient(inputs: x, labels: labels)
    let penalized = TwoLayerPerceptron(parameters, penalty: 0.125).gradient(
      inputs: x, labels: labels)
    #expect(plain.loss.item == plain.crossEntropy.item)
    #expect(penalized.crossEntropy.item == plain.loss.item)
    #expect(penalized.probabilities.doubles == plain.probabilities.doubles)
    let squares = [0, 2].map { parameters[$0].value.doubles.reduce(0) { $0 + $1 * $1 } }
    let expected = plain.loss.item + 0.125 * (squares[0] + squares[1])
    #expect(abs(penalized.loss.item - expected) <= 4 * tolerance)
    for index in 0..<4 {
      let weights = parameters[index].value.doubles
      let gradient = try #require(plain.gradients.values[index]).doubles
      expect(
        try #require(penalized.gradients.values[index]).doubles,
        near: zip(gradient, weights).map { $0 + (index % 2 == 0 ? 0.25 * $1 : 0) },
        within: tolerance)
    }
  }

  @Test(arguments: ["two_layer_perceptron", "two_layer_perceptron_penalized"])
  func isRegisteredForTheCheck(name: String) throws {
    let check = try #require(GradientCheck.all.first { $0.name == name })
    #expect(check.group == .network)
    let results = check.run(seed: 1)
    #expect(results.map(\.name) == [name, "\(name) (float32)"])
    for result in results {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
    #expect(results[0].comparisons.map(\.tolerance) == [1e-12, 1e-8])
  }

  @Test func hasAFormulaForEachParameter() {
    #expect(TwoLayerPerceptron.formulas.map(\.variable) == ["W_1", "b_1", "W_2", "b_2"])
    #expect(
      TwoLayerPerceptron.formulas[2]
        == Formula(
          "W_2", #"\left(∂{Z_2}\right)^\top H_1"#, where: #"$∂{Z_2} = (\hat Y - Y) / m$"#))
    #expect(
      TwoLayerPerceptron.penalizedFormulas.map(\.value) == [
        #"\left(∂{Z_1}\right)^\top X + 2 \lambda W_1"#, #"\left(∂{Z_1}\right)^\top \mathbf{1}_m"#,
        #"\left(∂{Z_2}\right)^\top H_1 + 2 \lambda W_2"#, #"\left(∂{Z_2}\right)^\top \mathbf{1}_m"#,
      ])
  }

  @Test func stopsIfShapesDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[3, 5], [3], [4, 2], [4]]
      _ = TwoLayerPerceptron(shapes.map { Parameter(.zeros($0)) })
    }
    expectStop(
      result,
      "TwoLayerPerceptron: parameters of shapes [[3, 5], [3], [4, 2], [4]]; they have to be "
        + "[hidden, inputs], [hidden], [classes, hidden], [classes]")
  }

  @Test func stopsIfThePenaltyIsNegative() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[3, 5], [3], [4, 3], [4]]
      _ = TwoLayerPerceptron(shapes.map { Parameter(.zeros($0)) }, penalty: -1)
    }
    expectStop(result, "TwoLayerPerceptron: penalty is -1.0; it has to be a finite number from 0")
  }
}
