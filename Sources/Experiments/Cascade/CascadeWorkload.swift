import Layers
import Models
import Optimizers
import Tensors
import Training

/// The document's network on numbers that everyone draws alike.
///
/// X = randn(64, 64), Y_A = randn(64, 32), then θ₁A = randn(128, 64) / √64, θ₂A = randn(32, 128) / √128,
/// θ₁B = randn(32, 64) / √64 and θ₂B = randn(10, 32) / √32, biases 0, labels the row number modulo 10. A mask is
/// drawn in every step; where losses are compared it is one of ones.
private func cascade(_ request: Workload.Request) -> Workload.Job {
  let (rows, inputs, hidden, outputs, classes) = (64, 64, 128, 32, 10)
  var numbers = NumPyRandom(seed: 0)
  let batch = CascadeBatch(
    inputs: numbers.normal([rows, inputs], dtype: request.dtype),
    targets: numbers.normal([rows, outputs], dtype: request.dtype),
    labels: IndexTensor((0..<rows).map { Int32($0 % classes) }))
  var random = Philox(seed: 0)
  let model = TaskCascade(
    inputs: inputs, hidden: hidden, outputs: outputs, classes: classes,
    dropout: request.isNoisy ? 0.2 : 0, random: &random)
  convert(model, to: request.dtype)
  for layer in [model.fc1A, model.fc2A, model.fc1B, model.fc2B] {
    layer.fill(from: &numbers, dtype: request.dtype)
  }
  let parameters = parameters(of: model)
  let network = CascadeNetwork(model: model, parameters: parameters, weightA: 1, weightB: 1)
  let step = CascadeStep(
    [network], optimizer: SGD(parameters, learningRate: 0.01),
    isByHand: request.mode == .byHand, seed: 0)
  let byHand = network.byHand
  return Workload.Job(
    step: { try step(batch, step: $0).loss },
    // The loss of a training step without dropout: by the mean of the batch, not by the running one.
    loss: {
      byHand.gradient(inputs: batch.inputs, targets: batch.targets, labels: batch.labels).loss.item
    },
    infer: { _ = model.predictions(batch.inputs, .inference) })
}

@section("adjoint_registry") @used
private let workload: Registration = {
  Workload.register(
    Workload("cascade", "64-128-32 and 64-32-10, batch 64, dropout 0.2, SGD") { cascade($0) })
}
