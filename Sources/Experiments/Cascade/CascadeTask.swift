import Datasets
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The networks of a run; their names are those of a checkpoint.
struct CascadeModels: Layer {
  /// The one that the run is about.
  let main: TaskCascade
  /// Trained for task A alone beside it.
  let alone: [TaskCascade]

  /// The logits of the main one.
  func forward(_ x: Tensor, _ context: Context) -> Tensor { main(x, context) }
}

/// What a cascade does on a whole part, in inference mode.
struct CascadeResult {
  /// Mean squared error of task A over samples and numbers.
  let mse: Double
  /// What it does in task B.
  let classification: ClassificationResult
  /// The predictions of task A, `[samples, a]`.
  let numbers: Tensor

  /// L_A: half the squared error of a sample, averaged.
  var lossA: Double { mse * Double(numbers.shape[1]) / 2 }
  /// L_B.
  var lossB: Double { classification.loss }
}

/// A training task of cascades: shuffled batches, one ``CascadeStep`` each.
final class CascadeTask: TrainingTask {
  let models: CascadeModels
  let data: CascadeData
  let step: CascadeStep
  private let dtype: DType
  private var order: ShuffledRows
  /// Samples of a batch in inference.
  private static let evaluationBatch = 1000
  /// Training samples that are looked at after each epoch.
  private static let glance = 5000

  init(
    models: CascadeModels, step: CascadeStep, data: CascadeData, batchSize: Int, seed: UInt64,
    dtype: DType
  ) {
    self.models = models
    self.step = step
    self.data = data
    self.dtype = dtype
    order = ShuffledRows(count: data.train.count, batchSize: batchSize, seed: seed)
  }

  var stepsPerEpoch: Int { order.batchesPerEpoch }
  var samplesPerEpoch: Int { data.train.count }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: models) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: models)
  }

  func seek(epoch: Int, batch: Int) throws {
    try order.seek(to: .init(epoch: epoch, batch: batch))
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    let rows = data.train.rows(order.next(), dtype)
    return try step(rows, step: number, checkFinite: checkFinite)
  }

  func epochMetrics() throws -> [String: Double] {
    var metrics = self.metrics("test", of: data.test)
    let glance = self.metrics(of: step.networks[0], on: data.train, first: Self.glance)
    if let mse = glance.mse { metrics["train_mse"] = mse }
    if let loss = glance.lossB { metrics["train_loss_b"] = loss }
    return metrics
  }

  func finalMetrics() throws -> [String: Double] {
    metrics("test", of: data.test).merging(metrics("train", of: data.train)) { $1 }
  }

  /// Each task's figures of the networks that learn it; those of a network for one task end in `alone` where there
  /// is one for both.
  private func metrics(_ part: String, of samples: CascadePart) -> [String: Double] {
    var all: [String: Double] = [:]
    for (index, network) in step.networks.enumerated() {
      let figures = metrics(of: network, on: samples, first: samples.count)
      let suffix = index == 0 ? "" : "_alone"
      if let mse = figures.mse { all["\(part)_mse\(suffix)"] = mse }
      if let loss = figures.lossB { all["\(part)_loss_b\(suffix)"] = loss }
      if let accuracy = figures.accuracy { all["\(part)_accuracy\(suffix)"] = accuracy }
      if index == 0 { all["\(part)_loss"] = figures.loss }
    }
    return all
  }

  private func metrics(
    of network: CascadeNetwork, on part: CascadePart, first count: Int
  ) -> (loss: Double, mse: Double?, lossB: Double?, accuracy: Double?) {
    let result = evaluate(network.model, on: part, first: count)
    let (learnsA, learnsB) = (network.weightA > 0, network.weightB > 0)
    return (
      (learnsA ? result.lossA : 0) + (learnsB ? result.lossB : 0),
      learnsA ? result.mse : nil, learnsB ? result.lossB : nil,
      learnsB ? result.classification.accuracy : nil
    )
  }

  /// What a network does on the first samples of a part.
  func evaluate(
    _ model: TaskCascade, on part: CascadePart, first limit: Int = .max
  ) -> CascadeResult {
    let count = min(part.count, limit)
    var classification = ClassificationResult(classes: data.classNames.count)
    var squares = 0.0
    var predictions: [Tensor] = []
    for first in stride(from: 0, to: count, by: Self.evaluationBatch) {
      let rows = (first..<min(first + Self.evaluationBatch, count)).map { Int32($0) }
      let batch = part.rows(rows, dtype)
      let (numbers, logits) = model.predictions(batch.inputs, .inference)
      classification.add(logits: logits, labels: batch.labels)
      squares += sumOfSquares(numbers - batch.targets)
      predictions.append(numbers)
    }
    let numbers = concatenate(predictions)
    return CascadeResult(
      mse: squares / Double(numbers.count), classification: classification, numbers: numbers)
  }
}
