import Layers
import Models
import Optimizers
import Tensors
import Training

/// One step of `uva-mlp-best` with a fixed batch: x = randn(200, 3072), then each direction
/// randn(outputs, inputs) √(2 / inputs), lengths those of the directions, biases 0, labels the row number modulo 10.
private let deepPerceptron = Workload(
  "deep-mlp", "3072-2000-1000-200×7-10, weight normalisation, dropout 0.2, batch 200, Adam",
  modes: [.tape, .inference]
) { request in
  let batch = 200
  var numbers = NumPyRandom(seed: 0)
  let x = numbers.normal([batch, 3072], dtype: request.dtype)
  var random = Philox(seed: 0)
  let model = WeightNormalizedPerceptron(
    widths: [3072] + WeightNormalizedPerceptron.documentWidths + [10],
    dropout: request.isNoisy ? 0.2 : 0, droppedLayers: 5, random: &random)
  convert(model, to: request.dtype)
  for layer in model.layers {
    let shape = layer.weightV.shape
    let values = numbers.randn(shape.count).map { $0 * (2 / Double(shape[1])).squareRoot() }
    layer.weightV.value = Tensor(values, shape: shape, dtype: request.dtype)
    layer.weightG.value = rowLengths(layer.weightV.value)
  }
  let labels = IndexTensor((0..<batch).map { Int32($0 % 10) })
  let step = ClassificationStep(
    model, optimizer: Adam(parameters(of: model), learningRate: 1e-5), seed: 0)
  return Workload.Job(
    step: { try step(x, labels, step: $0).loss },
    loss: { softmaxCrossEntropy(model(x, .inference), labels: labels).item },
    infer: { _ = model(x, .inference) })
}

extension WeightNormalizedPerceptron {
  /// The hidden layers of the report's best network.
  static let documentWidths = [2000, 1000] + [Int](repeating: 200, count: 7)
}

@section("adjoint_registry") @used
private let workload: Registration = { Workload.register(deepPerceptron) }
