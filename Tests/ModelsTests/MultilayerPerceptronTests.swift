import Layers
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct MultilayerPerceptronTests {
  /// The logits are what Reference/multilayer_perceptron.py prints; every number is a multiple of a power
  /// of two, so that not a bit is lost in either type.
  @Test(arguments: DType.full)
  func agreesWithPyTorch(dtype: DType) {
    var random = Philox(seed: 0)
    let widths = [4, 6, 5, 3]
    let model = MultilayerPerceptron(widths: widths, random: &random)
    convert(model, to: dtype)
    for (number, layer) in model.layers.enumerated() {
      let (inputs, outputs) = (widths[number], widths[number + 1])
      layer.weight.value = Tensor(
        grid(outputs, inputs, 5, 2, number, 13, 8), shape: [outputs, inputs], dtype: dtype)
      layer.bias?.value = Tensor(
        grid(1, outputs, 0, 3, number, 7, 4), shape: [outputs], dtype: dtype)
    }
    let x = Tensor(grid(3, 4, 7, 3, 0, 11, 4), shape: [3, 4], dtype: dtype)
    let y = model(x, .inference)
    #expect(y.shape == [3, 3])
    #expect(
      y.doubles == [
        -0.103515625, 0.4609375, -1.0419921875, 0.8095703125, -0.748046875, -0.97705078125,
        0.1630859375, -0.59619140625, -0.490234375,
      ])
  }

  @Test func namesAreThoseOfTheStateDictionary() {
    var random = Philox(seed: 0)
    let model = MultilayerPerceptron(widths: [784, 50, 10], random: &random)
    #expect(
      namedParameters(of: model).map(\.name)
        == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    #expect(
      parameters(of: model).map(\.shape) == [[50, 784], [50], [10, 50], [10]] as [Shape])
    #expect(model.layers.map(\.activation) == [.relu, .identity])
  }

  /// PyTorch's `nn.Linear` draws weights and biases from ±1/√inputs.
  @Test func beginsAsPyTorchDoes() {
    var random = Philox(seed: 1)
    let model = MultilayerPerceptron(widths: [400, 300], random: &random)
    let values = model.layers[0].weight.value.doubles
    #expect(values.allSatisfy { abs($0) <= 0.05 })
    // The variance of a uniform number in ±a is a²/3.
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect(abs(variance - 0.0025 / 3) < 0.0025 / 3 * 0.02)
    var again = Philox(seed: 1)
    #expect(
      MultilayerPerceptron(widths: [400, 300], random: &again).layers[0].weight.value.doubles
        == values)
  }

  @Test func beginsWithWhatIsAsked() {
    var random = Philox(seed: 1)
    let model = MultilayerPerceptron(
      widths: [50, 40, 3], weightInitializer: .constant(0.5), biasInitializer: .zeros,
      random: &random)
    for layer in model.layers {
      #expect(layer.weight.value.floats.allSatisfy { $0 == 0.5 })
      #expect(layer.bias?.value.floats.allSatisfy { $0 == 0 } == true)
    }
    let same = MultilayerPerceptron(layers: model.layers)
    #expect(parameters(of: same).map(\.shape) == parameters(of: model).map(\.shape))
  }

  @Test func stopsWithoutOutputs() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var random = Philox(seed: 0)
      _ = MultilayerPerceptron(widths: [784], random: &random)
    }
    expectStop(result, "MultilayerPerceptron: widths [784]; at least inputs and outputs are needed")
  }
}
