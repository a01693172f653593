import Checkpoints
import Datasets
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// Trains the planar autoencoder on points that each epoch draws anew.
final class PlanarVAETask: TrainingTask {
  let step: PlanarVAEStep
  private let configuration: PlanarVAEConfiguration
  private var points: Tensor?
  private var epoch = 0
  private var batch = 0

  init(_ configuration: PlanarVAEConfiguration) {
    self.configuration = configuration
    step = PlanarVAEStep(
      Self.model(configuration), learningRate: configuration.learningRate,
      byHand: configuration.gradients == .byHand)
  }

  /// The network of a configuration, with new weights.
  static func model(_ configuration: PlanarVAEConfiguration) -> GaussianVAE {
    var random = Philox(seed: configuration.seed)
    let model = GaussianVAE(
      features: 2, hidden: [configuration.hidden, configuration.hidden],
      latent: configuration.latent, random: &random)
    convert(model, to: configuration.precision)
    return model
  }

  /// Whole batches only: the rest of an epoch would be no different from the next epoch's points.
  var stepsPerEpoch: Int { configuration.samplesPerEpoch / configuration.batchSize }
  var samplesPerEpoch: Int { stepsPerEpoch * configuration.batchSize }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: step.model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: step.model)
  }

  func seek(epoch: Int, batch: Int) throws {
    (self.epoch, self.batch, points) = (epoch, batch, nil)
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    if batch == stepsPerEpoch { (epoch, batch, points) = (epoch + 1, 0, nil) }
    let all =
      points
      ?? draw(samplesPerEpoch, stream: PlanarStream.points(epoch: epoch))
    points = all
    let size = configuration.batchSize
    let x = slice(all, axis: 0, from: batch * size, count: size)
    batch += 1
    return try step(
      x, noise: noise([size, configuration.latent], stream: PlanarStream.noise(step: number)),
      beta: configuration.beta(step: number), checkFinite: checkFinite)
  }

  /// The loss with β as the epoch's last step had it, which is what the curve of the steps' losses ends at.
  func epochMetrics() throws -> [String: Double] {
    let taken = epoch * stepsPerEpoch + batch
    return testBound(beta: configuration.beta(step: max(0, taken - 1)))
  }

  private func testBound(beta: Double) -> [String: Double] {
    bound(
      "test", of: draw(configuration.evaluationPoints, stream: PlanarStream.evaluation(0, 0)), beta)
  }

  func finalMetrics() throws -> [String: Double] {
    let trained = draw(configuration.evaluationPoints, stream: PlanarStream.points(epoch: 0))
    let beta = configuration.beta
    return try testBound(beta: beta).merging(bound("train", of: trained, beta)) { $1 }
      .merging(distances(asking: Interruption.check)) { $1 }
  }

  /// The negative bound and its two terms on points, with one draw of noise.
  private func bound(_ part: String, of points: Tensor, _ beta: Double) -> [String: Double] {
    let latent = noise(
      [points.shape[0], configuration.latent], stream: PlanarStream.evaluation(0, 1))
    let bound = step.model.bound(points, noise: latent, beta: beta)
    return [
      "\(part)_loss": bound.loss.item,
      "\(part)_negative_elbo": bound.reconstruction.item + bound.divergence.item,
      "\(part)_reconstruction": bound.reconstruction.item,
      "\(part)_divergence": bound.divergence.item,
    ]
  }

  /// The distances of generated from true points, of true from other true points, and how many times the second
  /// the first is; means over several draws. `ask` is called before each, and what it throws ends the measurement.
  func distances(asking ask: () throws -> Void) rethrows -> [String: Double] {
    let count = configuration.evaluationPoints
    var totals: [String: Double] = [:]
    var bandwidth: Double?
    for number in 0..<configuration.evaluationDraws {
      func truth(_ use: UInt64) -> Tensor {
        draw(count, stream: PlanarStream.evaluation(number, use))
      }
      let (first, second) = (truth(2), truth(3))
      let generated = samples(
        count, PlanarStream.evaluation(number, 4), PlanarStream.evaluation(number, 5)
      ).noisy
      // One kernel for all draws.
      let h = bandwidth ?? SampleDistance.medianDistance(first)
      bandwidth = h
      for (name, other) in [("", generated), ("_true", second)] {
        try ask()
        totals["sliced_wasserstein\(name)", default: 0] += SampleDistance.slicedWasserstein(
          first, other)
        totals["mmd\(name)", default: 0] += SampleDistance.maximumMeanDiscrepancy(
          first, other, bandwidth: h)
      }
    }
    var means = totals.mapValues { $0 / Double(configuration.evaluationDraws) }
    for name in ["sliced_wasserstein", "mmd"] {
      means["\(name)_ratio"] = (means[name] ?? .nan) / (means["\(name)_true"] ?? .nan)
    }
    return means
  }

  /// Generated points: the decoder's means, and with its noise.
  func samples(_ count: Int, _ latentStream: UInt64, _ noiseStream: UInt64) -> (
    means: Tensor, noisy: Tensor
  ) {
    step.model.samples(
      noise([count, configuration.latent], stream: latentStream),
      noise: noise([count, 2], stream: noiseStream))
  }

  func draw(_ count: Int, stream: UInt64) -> Tensor {
    configuration.target.draw(count, seed: configuration.seed, stream: stream)
      .converted(to: configuration.precision)
  }

  private func noise(_ shape: Shape, stream: UInt64) -> Tensor {
    gaussianNoise(shape, seed: configuration.seed, stream: stream, dtype: configuration.precision)
  }

  // MARK: - Pictures

  /// Keeps what is generated after an epoch. The file is a function of the weights, so that an epoch that is
  /// trained again after a kill writes the same bytes.
  func endOfEpoch(_ epoch: Int, in run: RunDirectory) throws {
    let last = configuration.totalSteps / stepsPerEpoch
    // Of a short run too there are half a dozen to show.
    let every = min(configuration.snapshotEvery, max(1, last / 6))
    guard epoch % every == 0 || epoch == last else { return }
    try SampleSnapshots.write(picture, epoch: epoch, in: run)
  }

  /// What the weights generate now, always from the same noise.
  var picture: (means: Tensor, noisy: Tensor) {
    samples(SampleSnapshots.count, PlanarStream.evaluation(0, 6), PlanarStream.evaluation(0, 7))
  }
}
