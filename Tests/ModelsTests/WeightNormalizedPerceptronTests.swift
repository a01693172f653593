import Layers
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct WeightNormalizedPerceptronTests {
  private static let widths = [4, 5, 4, 3]
  private static let x = Tensor(grid(3, 4, 7, 3, 0, 11, 4), shape: [3, 4], dtype: .float64)

  /// With the parameters of Reference/weight_normalized_perceptron.py.
  private static func model(
    dropout: Double = 0, droppedLayers: Int = 0
  ) -> WeightNormalizedPerceptron {
    var random = Philox(seed: 0)
    let model = WeightNormalizedPerceptron(
      widths: widths, dropout: dropout, droppedLayers: droppedLayers, random: &random)
    convert(model, to: .float64)
    for (number, layer) in model.layers.enumerated() {
      func set(_ parameter: Parameter, _ values: [Double]) {
        parameter.value = Tensor(values, shape: parameter.shape, dtype: .float64)
      }
      let (outputs, inputs) = (widths[number + 1], widths[number])
      set(layer.weightG, grid(outputs, 1, 3, 0, number, 5, 4).map { $0 + 1 })
      set(layer.weightV, grid(outputs, inputs, 5, 2, number, 13, 8))
      set(layer.bias!, grid(1, outputs, 0, 3, number, 7, 4))
    }
    return model
  }

  /// Sums of a dozen numbers around one, three layers deep.
  private func expect(
    _ tensor: Tensor?, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let values = tensor?.doubles ?? []
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    for (value, other) in zip(values, expected) {
      #expect(abs(value - other) <= 4e-15, sourceLocation: sourceLocation)
    }
  }

  /// Logits and the gradients of the first layer are what Reference/weight_normalized_perceptron.py prints.
  @Test func agreesWithPyTorch() {
    let model = Self.model()
    let cotangent = Tensor(grid(3, 3, 2, 5, 1, 9, 4), shape: [3, 3], dtype: .float64)
    var logits: Tensor?
    let (_, gradients) = valueWithGradient(of: parameters(of: model)) {
      let y = model(Self.x, .inference)
      logits = y.detached
      return sum(y * cotangent)
    }
    #expect(logits?.shape == [3, 3])
    expect(
      logits,
      [
        -1.274699697144614, 0.8772370929575753, -2.709680695425832, -0.5170146655941249,
        0.5551538645852037, -1.291525159677317, 0.0015611992123901186, 0.2451867040511284,
        -0.5592058428447176,
      ])
    expect(
      gradients[model.layers[0].weightG],
      [0, 0.30974288190811355, 0.21799095154571893, 1.101255808321324, 0.21071879308817826])
    expect(
      gradients[model.layers[0].weightV],
      [
        0, 0, 0, 0, -0.5096196988659134, -0.324303444732854, -0.13898719059979453,
        0.046329063533264936, -0.011483956463046147, 0.03214592213550452, 0.0020207851799668303,
        0.0456119270203361, 0.1376569760401658, 0.27531395208033127, 0.41297092812049646,
        0.5506279041606617, -0.2990333080131963, -0.5091091313187792, 0.33594497511263494,
        -0.024439304401059937,
      ])
    expect(
      gradients[model.layers[0].bias!],
      [0, 0.2859165063767202, 0.15259681670865033, 0.6743787016658701, -0.22833447216968367])
  }

  @Test func namesAreThePathsOfTheLayers() {
    let named = namedParameters(of: Self.model())
    #expect(
      named.map(\.name)
        == (0..<3).flatMap { number in
          ["weight_g", "weight_v", "bias"].map { "layers.\(number).\($0)" }
        })
    #expect(
      named.map(\.parameter.shape)
        == [[5], [5, 4], [5], [4], [4, 5], [4], [3], [3, 4], [3]] as [Shape])
    #expect(Self.model().layers.map(\.activation) == [.relu, .relu, .identity])
  }

  /// Normal numbers of variance 2 / inputs, and no biases.
  @Test func beginsAsHeEtAlDo() {
    var random = Philox(seed: 1)
    let model = WeightNormalizedPerceptron(widths: [400, 300, 2], random: &random)
    let values = model.layers[0].weight.doubles
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    // Of 120,000 numbers the mean square has a relative deviation of √(2 / 120,000) = 0.004.
    #expect(abs(variance - 0.005) < 5 * 0.004 * 0.005)
    #expect(values.contains { abs($0) > 3 * 0.005.squareRoot() })
    #expect(model.layers.allSatisfy { $0.bias!.value.floats.allSatisfy { $0 == 0 } })
  }

  /// In front of as many layers as are asked for there is a mask of its own, and in front of the others none.
  @Test(arguments: 0...4)
  func dropsInFrontOfTheFirstLayers(droppedLayers: Int) {
    let model = Self.model(dropout: 0.5, droppedLayers: droppedLayers)
    let context = Context.training(seed: 1, step: 2)
    func input(_ h: Tensor, of layer: Int) -> Tensor {
      guard layer < droppedLayers else { return h }
      return dropout(h, probability: 0.5, key: context.dropoutKey())
    }
    let h1 = model.layers[0](input(Self.x, of: 0), context)
    let h2 = model.layers[1](input(h1, of: 1), context)
    let y = model.layers[2](input(h2, of: 2), context)
    let found = model(Self.x, .training(seed: 1, step: 2)).doubles
    #expect(found == y.doubles)
    let plain = Self.model()(Self.x, .inference).doubles
    #expect((found == plain) == (droppedLayers == 0))
    #expect((model(Self.x, .training(seed: 1, step: 3)).doubles == found) == (droppedLayers == 0))
    #expect(model(Self.x, .inference).doubles == plain)
  }

  @Test func stopsWithoutOutputs() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var random = Philox(seed: 0)
      _ = WeightNormalizedPerceptron(widths: [784], random: &random)
    }
    expectStop(
      result, "WeightNormalizedPerceptron: widths [784]; at least inputs and outputs are needed")
  }
}
