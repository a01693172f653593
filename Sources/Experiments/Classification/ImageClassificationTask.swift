import Datasets
import Layers
import Optimizers
import Tensors
import Training

/// The parts of a set of images with classes.
struct ImageClassificationParts {
  var train: ClassificationSet
  /// Images of the training part that are held back; nil for none.
  var validation: ClassificationSet?
  var test: ClassificationSet
}

/// A training task of images and classes: batches from a loader, one ``ClassificationStep`` each.
final class ImageClassificationTask<Model: Layer>: TrainingTask {
  let model: Model
  let parts: ImageClassificationParts
  let step: ClassificationStep
  private let loader: Loader
  private let dtype: DType
  private let context = Context.inference
  /// Rows of a batch in inference: large enough for the library's products, small enough for the caches.
  private static var evaluationBatch: Int { 1000 }

  /// - Parameters:
  ///   - model: takes rows of features and gives logits.
  ///   - step: what one step does with a batch.
  ///   - parts: the data.
  ///   - batchSize: images in a batch.
  ///   - seed: what the order of an epoch is drawn from.
  ///   - dtype: what the inputs are converted to.
  init(
    model: Model, step: ClassificationStep, parts: ImageClassificationParts, batchSize: Int,
    seed: UInt64,
    dtype: DType
  ) {
    self.model = model
    self.step = step
    self.parts = parts
    self.dtype = dtype
    // Gathering a batch takes less time than handing it from one busy core to another: a thread of its
    // own pays where the team leaves a core free.
    loader = Loader(
      parts.train, batchSize: batchSize, order: .shuffled(seed: seed),
      prefetch: Threads.count < Threads.available ? 2 : 0)
  }

  var stepsPerEpoch: Int { loader.batchesPerEpoch }
  var samplesPerEpoch: Int { parts.train.count }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: model)
  }

  func seek(epoch: Int, batch: Int) throws {
    try loader.seek(to: .init(epoch: epoch, batch: batch))
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    let batch = loader.next()
    return try step(
      batch.inputs.converted(to: dtype), batch.labels, step: number, checkFinite: checkFinite)
  }

  func epochMetrics() throws -> [String: Double] {
    var metrics = named("test", evaluate(parts.test))
    if let validation = parts.validation {
      metrics.merge(named("validation", evaluate(validation))) { $1 }
    }
    return metrics
  }

  func finalMetrics() throws -> [String: Double] {
    try epochMetrics().merging(named("train", evaluate(parts.train))) { $1 }
  }

  /// What the model does on a whole set, in inference mode.
  func evaluate(_ set: ClassificationSet) -> ClassificationResult {
    let loader = Loader(set, batchSize: Self.evaluationBatch, order: .sequential)
    var result = ClassificationResult(classes: set.classCount)
    for _ in 0..<loader.batchesPerEpoch {
      let batch = loader.next()
      result.add(
        logits: model(batch.inputs.converted(to: dtype), context), labels: batch.labels)
    }
    return result
  }

  private func named(_ part: String, _ result: ClassificationResult) -> [String: Double] {
    ["\(part)_loss": result.loss, "\(part)_accuracy": result.accuracy]
  }
}
