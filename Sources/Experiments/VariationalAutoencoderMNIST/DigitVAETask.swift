import Datasets
import Foundation
import Layers
import Optimizers
import Tensors
import Training

/// Trains an autoencoder on digits whose pixels are drawn on or off, anew each time an image is seen.
///
/// A grey pixel is on with the probability of its brightness: so the likelihood is one of pixels that are on or
/// off, and figures compare with those of the literature (R. Salakhutdinov and I. Murray, ICML 2008; drawn
/// anew: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016).
final class DigitVAETask: TrainingTask {
  let autoencoder: any DigitAutoencoder
  let parts: ImageClassificationParts
  let optimizer: any Optimizer
  private let configuration: DigitVAEConfiguration
  private let loader: Loader
  /// Rows of a batch in inference.
  private static let evaluationBatch = 1000

  init(_ configuration: DigitVAEConfiguration, _ parts: ImageClassificationParts) {
    self.configuration = configuration
    self.parts = parts
    autoencoder = configuration.autoencoder()
    convert(autoencoder.model, to: configuration.precision)
    optimizer = Adam(
      parameters(of: autoencoder.model), learningRate: configuration.learningRate)
    loader = Loader(
      parts.train, batchSize: configuration.batchSize, order: .shuffled(seed: configuration.seed),
      prefetch: Threads.count < Threads.available ? 2 : 0)
  }

  var stepsPerEpoch: Int { loader.batchesPerEpoch }
  var samplesPerEpoch: Int { parts.train.count }
  var modelState: [String: Tensor] { stateDictionary(of: autoencoder.model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: autoencoder.model)
  }

  func seek(epoch: Int, batch: Int) throws {
    try loader.seek(to: .init(epoch: epoch, batch: batch))
  }

  func step(_ step: Int, checkFinite: Bool) throws -> StepOutcome {
    let batch = loader.next()
    let x = drawn(batch.inputs, stream: 0xE4 << 56 | UInt64(step))
    let noise = noise(batch.count, stream: 0xE5 << 56 | UInt64(step))
    let body = { self.autoencoder.terms(x, noise: noise).loss }
    let (loss, gradients) =
      checkFinite
      ? try finiteValueWithGradient(of: optimizer.parameters, body)
      : valueWithGradient(of: optimizer.parameters, body)
    optimizer.step(gradients)
    return StepOutcome(loss: loss.item, count: batch.count)
  }

  func epochMetrics() throws -> [String: Double] {
    var metrics = metrics("test", of: parts.test)
    if let validation = parts.validation {
      metrics.merge(self.metrics("validation", of: validation)) { $1 }
    }
    return metrics
  }

  func finalMetrics() throws -> [String: Double] {
    try epochMetrics().merging(metrics("train", of: parts.train)) { $1 }
  }

  /// The bound in nats for an image and its terms, with one draw of pixels and noise.
  private func metrics(_ part: String, of set: ClassificationSet) -> [String: Double] {
    var (loss, reconstruction, divergence) = (0.0, 0.0, 0.0)
    var uses: [Int] = []
    forBatches(of: set) { x, noise in
      let terms = autoencoder.terms(x, noise: noise)
      let share = Double(x.shape[0]) / Double(set.count)
      loss += terms.loss.item * share
      reconstruction += terms.reconstruction * share
      divergence += terms.divergence * share
      if let codes = terms.codes { count(codes, in: &uses) }
    }
    var metrics = [
      "\(part)_loss": loss, "\(part)_elbo": -(reconstruction + divergence),
      "\(part)_reconstruction": reconstruction, "\(part)_divergence": divergence,
    ]
    if !uses.isEmpty { metrics["\(part)_perplexity"] = perplexity(uses) }
    return metrics
  }

  /// How often each vector of the codebook describes a part of a test image; empty without a codebook.
  func codeUses() -> [Int] {
    var uses: [Int] = []
    forBatches(of: parts.test) { x, noise in
      if let codes = autoencoder.terms(x, noise: noise).codes { count(codes, in: &uses) }
    }
    return uses
  }

  private func count(_ codes: IndexTensor, in uses: inout [Int]) {
    if uses.isEmpty { uses = [Int](repeating: 0, count: configuration.codebook) }
    for code in codes.values { uses[Int(code)] += 1 }
  }

  /// e to the entropy of the shares: how many vectors that were used equally often would tell as much.
  private func perplexity(_ uses: [Int]) -> Double {
    let total = Double(uses.reduce(0, +))
    let entropy = uses.filter { $0 > 0 }.reduce(0.0) { sum, count in
      let share = Double(count) / total
      return sum - share * log(share)
    }
    return exp(entropy)
  }

  /// The first images of a set, drawn as ``forBatches(of:_:)`` has them: of one batch at most.
  func firstImages(_ count: Int, of set: ClassificationSet) -> Tensor {
    let loader = Loader(set, batchSize: Self.evaluationBatch, order: .sequential)
    let images = drawn(loader.next().inputs, stream: Self.evaluationStream(0))
    return slice(images, axis: 0, from: 0, count: min(count, images.shape[0]))
  }

  /// Calls `body` with the drawn images of a set, batch after batch, and their noise: always the same.
  func forBatches(of set: ClassificationSet, _ body: (Tensor, Tensor) -> Void) {
    let loader = Loader(set, batchSize: Self.evaluationBatch, order: .sequential)
    for number in 0..<loader.batchesPerEpoch {
      let batch = loader.next()
      body(
        drawn(batch.inputs, stream: Self.evaluationStream(number)),
        noise(batch.count, stream: 0xE7 << 56 | UInt64(number)))
    }
  }

  private static func evaluationStream(_ batch: Int) -> UInt64 { 0xE6 << 56 | UInt64(batch) }

  private func drawn(_ images: Tensor, stream: UInt64) -> Tensor {
    bernoulliDraw(images, seed: configuration.seed, stream: stream)
      .converted(to: configuration.precision)
  }

  func noise(_ count: Int, stream: UInt64) -> Tensor {
    gaussianNoise(
      [count, autoencoder.noiseWidth], seed: configuration.seed, stream: stream,
      dtype: configuration.precision)
  }
}
