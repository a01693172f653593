import Layers
import Models
import Tensors
import TestSupport
import Testing

@testable import Derivations

/// The modules against PyTorch, the tape and one another.
@Suite struct PerceptronModulesTests {
  typealias Reference = PerceptronModulesReference
  /// All numbers are below 4: the tolerances are a few units in the last place.
  static let types = [(DType.float64, 4e-15), (.float32, 2e-6)]

  @Test(arguments: types)
  func softmaxAgreesWithPyTorch(dtype: DType, tolerance: Double) {
    var module = SoftmaxModule()
    let y = module.forward(Tensor(grid(3, 4, 5, 3, 1, 13, 4), shape: [3, 4], dtype: dtype))
    expect(y.doubles, near: Reference.softmax, within: tolerance)
    let dx = module.backward(Tensor(grid(3, 4, 3, 5, 2, 11, 8), shape: [3, 4], dtype: dtype))
    expect(dx.doubles, near: Reference.softmaxBackward, within: tolerance)
  }

  @Test(arguments: types)
  func crossEntropyAgreesWithPyTorch(dtype: DType, tolerance: Double) {
    var module = CrossEntropyModule(classes: 4, dtype: dtype)
    let x = Tensor(grid(3, 4, 5, 3, 1, 13, 16).map { $0 + 0.5 }, shape: [3, 4], dtype: dtype)
    let loss = module.forward(x, labels: IndexTensor([2, 0, 3]))
    #expect(abs(loss.item - Reference.crossEntropy) <= tolerance)
    expect(module.backward().doubles, near: Reference.crossEntropyBackward, within: tolerance)
  }

  @Test(arguments: types)
  func perceptronAgreesWithPyTorch(dtype: DType, tolerance: Double) throws {
    let widths = [5, 4, 3, 4]
    let parameters = (0..<3).flatMap { layer in
      let (inputs, outputs) = (widths[layer], widths[layer + 1])
      let w = grid(outputs, inputs, 5 + layer, 2, 1, 13, 8)
      let b = grid(1, outputs, 0, 3, 2 + layer, 7, 4).map { $0 + 1.0 / 64 }
      return [
        Parameter(Tensor(w, shape: [outputs, inputs], dtype: dtype), name: "W\(layer)"),
        Parameter(Tensor(b, shape: [outputs], dtype: dtype), name: "b\(layer)"),
      ]
    }
    let x = Tensor(grid(4, 5, 7, 3, 0, 11, 4), shape: [4, 5], dtype: dtype)
    let network = ModularPerceptron(parameters)
    let result = network.gradient(inputs: x, labels: IndexTensor([2, 0, 3, 0]))
    #expect(abs(result.loss.item - Reference.loss) <= tolerance)
    expect(result.probabilities.doubles, near: Reference.probabilities, within: tolerance)
    for (gradient, expected) in zip(result.gradients.values, Reference.gradients) {
      expect(try #require(gradient).doubles, near: expected, within: tolerance)
    }
    #expect(result.gradients.values.count == 6)
  }

  /// Modules one by one, the fused network by hand and the tape are one function.
  @Test(arguments: types)
  func agreesWithTheTapeAndTheFusedNetwork(dtype: DType, tolerance: Double) throws {
    var random = Philox(seed: 3)
    let model = MultilayerPerceptron(widths: [17, 9, 10], random: &random)
    convert(model, to: dtype)
    let parameters = Layers.parameters(of: model)
    let x = Tensor((0..<7 * 17).map { _ in random.normal() }, shape: [7, 17], dtype: dtype)
    let labels = IndexTensor([0, 9, 3, 3, 5, 1, 2])
    let modules = ModularPerceptron(parameters).gradient(inputs: x, labels: labels)
    let fused = TwoLayerPerceptron(parameters).gradient(inputs: x, labels: labels)
    let tape = valueWithGradient(of: parameters) {
      softmaxCrossEntropy(model(x, .inference), labels: labels)
    }
    for (loss, gradients) in [(fused.loss, fused.gradients), (tape.value, tape.gradients)] {
      #expect(abs(modules.loss.item - loss.item) <= tolerance)
      for (one, other) in zip(modules.gradients.values, gradients.values) {
        expect(
          try #require(one).doubles, near: try #require(other).doubles, within: tolerance)
      }
    }
  }

  /// A batch of one row, and no hidden layer.
  @Test func oneRowAndOneLayer() throws {
    let w = Parameter(Tensor([1, 2, 3, 4], shape: [2, 2], dtype: .float64), name: "W")
    let b = Parameter(.zeros([2], dtype: .float64), name: "b")
    let x = Tensor([1, 0], shape: [1, 2], dtype: .float64)
    let result = ModularPerceptron([w, b]).gradient(inputs: x, labels: IndexTensor([0]))
    // p₂ = 1 / (1 + e⁻²)
    let p = 0.8807970779778823
    #expect(abs(result.loss.item - 2.1269280110429727) < 1e-15)
    expect(try #require(result.gradients.values[0]).doubles, near: [-p, 0, p, 0], within: 1e-15)
    expect(try #require(result.gradients.values[1]).doubles, near: [-p, p], within: 1e-15)
  }

  /// In float32 e⁻²⁰⁰ is 0: the modules' loss is infinite where that of the fused one is not.
  @Test func aProbabilityThatIsZero() {
    var module = CrossEntropyModule(classes: 2, dtype: .float32)
    let x = Tensor([200, 0] as [Float], shape: [1, 2])
    #expect(module.forward(softmax(x), labels: IndexTensor([1])).item == .infinity)
    #expect(softmaxCrossEntropy(x, labels: IndexTensor([1])).item == 200)
  }

  /// The loss for the tape is the one that trains, bit for bit, and what is not finite in it has a name.
  @Test func theLossForTheTapeNamesItsModules() {
    func network(_ w1: Double, _ w2: Double) -> ModularPerceptron {
      ModularPerceptron([
        Parameter(.full([1, 1], w1)), Parameter(.zeros([1])),
        Parameter(Tensor([Float(w2), 0], shape: [2, 1])), Parameter(.zeros([2])),
      ])
    }
    let (x, labels) = (Tensor([4, 4] as [Float], shape: [2, 1]), IndexTensor([1, 0]))
    let sound = network(0.5, 0.25)
    #expect(
      sound.loss(inputs: x, labels: labels).item
        == sound.gradient(inputs: x, labels: labels).loss.item)
    // 4 · 3·10³⁸ is beyond float32, as a hidden unit and as a score; e⁻⁴⁰⁰ is 0 in it.
    for (network, words) in [
      (
        network(3e38, 1),
        "operation linear in layer linear1 (LinearModule) made 2 of 2 elements of a tensor of shape [2, 1] "
          + "NaN or infinite; there are no others"
      ),
      (
        network(1, 3e38),
        "operation linear in layer linear2 (LinearModule) made 2 of 4 elements of a tensor of shape [2, 2] "
          + "NaN or infinite; the others lie between 0.0 and 0.0"
      ),
      (
        network(1, 100),
        "operation log in layer crossEntropy (CrossEntropyModule) made 1 of 2 elements of a tensor of shape "
          + "[2] NaN or infinite; the others lie between 0.0 and 0.0"
      ),
    ] {
      let error = #expect(throws: NonFiniteError.self) {
        try finiteValueWithGradient(of: network.parameters) {
          network.loss(inputs: x, labels: labels)
        }
      }
      #expect(error?.description == words)
    }
  }

  @Test(arguments: ["cross_entropy_module", "softmax_module", "modular_perceptron"])
  func isRegisteredForTheCheck(name: String) throws {
    let check = try #require(GradientCheck.all.first { $0.name == name })
    #expect(check.group == .network)
    for result in check.run(seed: 1) {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
  }

  @Test func hasAFormulaForEachParameter() {
    let shapes: [Shape] = [[4, 5], [4], [3, 4], [3]]
    let formulas = ModularPerceptron(shapes.map { Parameter(.zeros($0)) }).formulas
    #expect(formulas.map(\.variable) == ["W_1", "b_1", "W_2", "b_2"])
    #expect(
      formulas[0]
        == Formula(
          "W_1", #"\left(∂{Z_1}\right)^\top X"#,
          where: #"$∂{Z_1} = \left(∂{Z_2} W_2\right) \circ [Z_1 > 0]$"#))
    #expect(formulas[2].value == #"\left(∂{Z_2}\right)^\top H_1"#)
    #expect(
      formulas[2].explanation
        == #"$∂{Z_2} = (\hat Y - T) / m$: of softmax and cross-entropy, one after the other"#
    )
    #expect(
      [
        LinearModule.formulas, ReLUModule.formulas, SoftmaxModule.formulas,
        CrossEntropyModule.formulas,
      ].map(\.count) == [3, 1, 1, 1])
  }

  static let mistakes: [(words: String, body: @Sendable () -> Void)] = [
    (
      "ModularPerceptron: parameters of shapes [[3, 5], [3], [4, 2], [4]]; they have to be "
        + "[outputs, inputs] and [outputs] of each layer, the inputs of a layer the outputs of the one "
        + "before",
      {
        let shapes: [Shape] = [[3, 5], [3], [4, 2], [4]]
        _ = ModularPerceptron(shapes.map { Parameter(.zeros($0)) })
      }
    ),
    (
      "LinearModule: weight of shape [3, 5] and bias of shape [2]; they have to be [outputs, inputs] and "
        + "[outputs]",
      { _ = LinearModule(weight: Parameter(.zeros([3, 5])), bias: Parameter(.zeros([2]))) }
    ),
    (
      "SoftmaxModule.backward: there was no forward pass",
      { _ = SoftmaxModule().backward(.zeros([1, 2])) }
    ),
    (
      "CrossEntropyModule.backward: there was no forward pass",
      { _ = CrossEntropyModule(classes: 2, dtype: .float32).backward() }
    ),
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [index] in PerceptronModulesTests.mistakes[index].body()
    }
    expectStop(result, Self.mistakes[index].words)
  }
}
