import Layers
import Models
import Optimizers
import Tensors
import Training

/// A classifier of linear layers and ReLU, softmax cross-entropy and SGD as a workload.
///
/// x = randn(batch, inputs), then each weight matrix randn(outputs, inputs) / √inputs, biases 0, labels the row
/// number modulo the classes.
private func perceptron(
  _ name: String, _ widths: [Int], batch: Int, learningRate: Double, momentum: Double = 0,
  byHand: @escaping @Sendable ([Parameter]) -> ClassificationStep.Gradient = {
    handWrittenGradient(of: $0)
  }
) -> Workload {
  let summary =
    "\(widths.map(String.init).joined(separator: "-")), batch \(batch), SGD"
    + (momentum > 0 ? " with momentum \(momentum)" : "")
  return Workload(name, summary) { request in
    var numbers = NumPyRandom(seed: 0)
    let x = numbers.normal([batch, widths[0]], dtype: request.dtype)
    var random = Philox(seed: 0)
    let model = MultilayerPerceptron(widths: widths, random: &random)
    for layer in model.layers { layer.fill(from: &numbers, dtype: request.dtype) }
    let classes = widths[widths.count - 1]
    let labels = IndexTensor((0..<batch).map { Int32($0 % classes) })
    let parameters = parameters(of: model)
    let step = ClassificationStep(
      model, optimizer: SGD(parameters, learningRate: learningRate, momentum: momentum),
      byHand: request.mode == .byHand ? byHand(parameters) : nil, seed: 0)
    return Workload.Job(
      step: { try step(x, labels, step: $0).loss },
      loss: { softmaxCrossEntropy(model(x, .inference), labels: labels).item },
      infer: { _ = model(x, .inference) })
  }
}

extension NumPyRandom {
  /// randn(shape) × scale, worked out in float64 and rounded once.
  mutating func normal(_ shape: Shape, scale: Double = 1, dtype: DType) -> Tensor {
    Tensor(randn(shape.count).map { $0 * scale }, shape: shape, dtype: dtype)
  }
}

extension Linear {
  /// The weight randn(outputs, inputs) / √inputs, the bias 0.
  func fill(from numbers: inout NumPyRandom, dtype: DType) {
    let scale = Double(weight.shape[1]).squareRoot()
    let values = numbers.randn(weight.count).map { $0 / scale }
    weight.convert(to: dtype)
    weight.value = Tensor(values, shape: weight.shape, dtype: dtype)
    bias?.convert(to: dtype)
    bias?.value = .zeros([weight.shape[0]], dtype: dtype)
  }
}

@section("adjoint_registry") @used
private let workloads: Registration = {
  Workload.register(perceptron("mnist-mlp", [784, 50, 10], batch: 16, learningRate: 0.1))
  Workload.register(
    perceptron("two-layer", [3072, 50, 10], batch: 200, learningRate: 1e-2, momentum: 0.9))
  Workload.register(
    perceptron("uva-mlp", [3072, 100, 10], batch: 200, learningRate: 2e-3) {
      modularGradient(of: $0)
    })
  Workload.register(perceptron("tiny", [4, 10, 3], batch: 5, learningRate: 0.1))
}
