import Layers
import Models
import Optimizers
import Tensors
import Training

/// The document's network on numbers that everyone draws alike.
///
/// X = randn(64·16·32) as [64, 16, 32], then Θ₁ = randn(16, 16) / 4, Θ₂ = randn(32, 32) / √32 and
/// Θ₃ = randn(10, 16) / 4, biases 0, labels the row number modulo 10.
private func mixer(_ request: Workload.Request) -> Workload.Job {
  let (batch, length, width, classes) = (64, 16, 32, 10)
  var numbers = NumPyRandom(seed: 0)
  let x = numbers.normal([batch, length, width], dtype: request.dtype)
  var random = Philox(seed: 0)
  let model = SimplifiedMixer(
    positions: length, features: width, classes: classes, random: &random)
  for layer in [model.blocks[0].positions, model.blocks[0].features, model.head] {
    layer.fill(from: &numbers, dtype: request.dtype)
  }
  let labels = IndexTensor((0..<batch).map { Int32($0 % classes) })
  let step = ClassificationStep(
    model, optimizer: SGD(parameters(of: model), learningRate: 0.1),
    byHand: request.mode == .byHand ? mixerGradient(of: model) : nil, seed: 0)
  return Workload.Job(
    step: { try step(x, labels, step: $0).loss },
    loss: { softmaxCrossEntropy(model(x, .inference), labels: labels).item },
    infer: { _ = model(x, .inference) })
}

@section("adjoint_registry") @used
private let workload: Registration = {
  Workload.register(Workload("mixer", "L 16, D 32, K 10, batch 64, SGD") { mixer($0) })
}
