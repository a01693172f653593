import Derivations
import Layers
import Models
import Optimizers
import Tensors
import Training

/// One training step of the planar autoencoder: forward, backward, update. What `train` and `benchmark` both run.
final class PlanarVAEStep {
  let model: GaussianVAE
  let parameters: [Parameter]
  let optimizer: any Optimizer
  private let byHand: VariationalAutoencoder?

  init(_ model: GaussianVAE, learningRate: Double, byHand: Bool) {
    self.model = model
    parameters = Layers.parameters(of: model)
    optimizer = Adam(parameters, learningRate: learningRate)
    self.byHand = byHand ? VariationalAutoencoder(parameters) : nil
  }

  /// Carries out the step on points `[batch, 2]` and noise `[batch, latent]`.
  func callAsFunction(
    _ x: Tensor, noise: Tensor, beta: Double = 1, checkFinite: Bool = false
  ) throws -> StepOutcome {
    let (loss, gradients) = try gradient(x, noise, beta, checkFinite)
    optimizer.step(gradients)
    return StepOutcome(loss: loss.item, count: x.shape[0])
  }

  private func gradient(
    _ x: Tensor, _ noise: Tensor, _ beta: Double, _ checkFinite: Bool
  ) throws -> (Tensor, Gradients) {
    if let byHand {
      // Only the tape knows its operations by name; the gradients that count are still those by hand.
      if checkFinite { _ = try finiteValueWithGradient(of: parameters) { loss(x, noise, beta) } }
      let result = byHand.gradient(inputs: x, noise: noise, beta: beta)
      return (result.loss, result.gradients)
    }
    if checkFinite { return try finiteValueWithGradient(of: parameters) { loss(x, noise, beta) } }
    return valueWithGradient(of: parameters) { loss(x, noise, beta) }
  }

  private func loss(_ x: Tensor, _ noise: Tensor, _ beta: Double) -> Tensor {
    model.bound(x, noise: noise, beta: beta).loss
  }
}

/// What is drawn for what: each use of a seed has streams of its own.
enum PlanarStream {
  static func points(epoch: Int) -> UInt64 { 0xE0 << 56 | UInt64(epoch) }
  static func noise(step: Int) -> UInt64 { 0xE1 << 56 | UInt64(step) }
  static func evaluation(_ draw: Int, _ use: UInt64) -> UInt64 {
    0xE2 << 56 | UInt64(draw) << 8 | use
  }
}

/// x = randn(128, 2), ε = randn(128, 2), then for the encoder's three layers and the decoder's three weight =
/// randn(outputs, inputs) / √inputs, bias 0.
private let workload = Workload(
  "vae-2d", "2-128-128-(2+2) and back, batch 128, Adam"
) { request in
  var numbers = NumPyRandom(seed: 0)
  let x = numbers.normal([128, 2], dtype: request.dtype)
  let noise = numbers.normal([128, 2], dtype: request.dtype)
  var random = Philox(seed: 0)
  let model = GaussianVAE(features: 2, hidden: [128, 128], latent: 2, random: &random)
  for layer in model.encoder.layers + model.decoder.layers {
    layer.fill(from: &numbers, dtype: request.dtype)
  }
  let step = PlanarVAEStep(
    model, learningRate: 1e-3, byHand: request.mode == .byHand)
  return Workload.Job(
    step: { number in
      let drawn =
        request.isNoisy
        ? gaussianNoise(
          [128, 2], seed: 0, stream: PlanarStream.noise(step: number), dtype: request.dtype)
        : noise
      return try step(x, noise: drawn).loss
    },
    loss: { model.bound(x, noise: noise).loss.item },
    infer: { _ = model.bound(x, noise: noise) })
}

@section("adjoint_registry") @used
private let workloads: Registration = { Workload.register(workload) }
