import Foundation
import Optimizers
import Tensors

/// Where a run is: what a checkpoint holds beside weights and optimiser.
struct TrainingState: Codable, Sendable, Equatable {
  /// Steps taken.
  var step = 0
  /// Epochs that are over.
  var epoch = 0
  /// Batches of this epoch that are over.
  var batch = 0
  var stepsPerEpoch = 0
  /// Sums over the samples of this epoch so far.
  var loss = 0.0
  var count = 0
  var correct: Int?
  /// Where the last measure between the ends of epochs was taken, with the sums of its epoch up to there.
  var measured: Sums?
  /// The length of `metrics.jsonl` that belongs to these steps.
  var metricsBytes = 0
  /// The best epoch so far, where the plan keeps it.
  var best: BestEpoch.Found?
  /// The rate that the schedule starts from and what is known of the metric, where the plan lowers it on a plateau.
  var plateau: Plateau?
  /// How many updates the average of the weights has had, where the task keeps one.
  var averageUpdates: Int?

  mutating func add(_ outcome: StepOutcome) {
    step += 1
    batch += 1
    loss += outcome.loss * Double(outcome.count)
    count += outcome.count
    if let right = outcome.correct { correct = (correct ?? 0) + right }
  }

  /// What a plan's rule has come to.
  struct Plateau: Codable, Sendable, Equatable {
    var rate: Double
    var rule: ReduceOnPlateau
  }

  /// What the sums were after a step.
  struct Sums: Codable, Sendable, Equatable {
    let step: Int
    var loss = 0.0
    var count = 0
    var correct: Int?
  }

  /// The means of training since the last measure of this epoch, or since its beginning.
  var meansSinceMeasure: [String: Double] {
    let past = measured ?? Sums(step: 0)
    let samples = Double(count - past.count)
    guard samples > 0 else { return [:] }
    var means = ["train_loss": (loss - past.loss) / samples]
    if let correct { means["train_accuracy"] = Double(correct - (past.correct ?? 0)) / samples }
    return means
  }

  mutating func noteMeasure() {
    measured = Sums(step: step, loss: loss, count: count, correct: correct)
  }

  mutating func beginNextEpoch() {
    // Of the next epoch nothing was summed; that its first step was not measured yet the number says.
    measured = measured.map { Sums(step: $0.step) }
    epoch += 1
    batch = 0
    loss = 0
    count = 0
    correct = nil
  }

  /// Throws bad data if a checkpoint was written with other steps to an epoch, or is at no place a run comes to.
  func check(stepsPerEpoch expected: Int, in checkpoint: URL) throws {
    guard stepsPerEpoch == expected else {
      throw AdjointError(
        .badData,
        "\(checkpoint.path): was written with \(stepsPerEpoch) steps to an epoch, and the data now "
          + "give \(expected)")
    }
    let (steps, isTooMany) = epoch.multipliedReportingOverflow(by: stepsPerEpoch)
    let isPlace = !isTooMany && epoch >= 0 && (0...stepsPerEpoch).contains(batch)
    guard isPlace, step == steps &+ batch, count >= 0, metricsBytes >= 0 else {
      throw AdjointError(
        .badData,
        "\(checkpoint.path): expected a place in a run of \(stepsPerEpoch) steps to an epoch, found step "
          + "\(step), epoch \(epoch), batch \(batch), count \(count), metrics_bytes \(metricsBytes)"
      )
    }
    guard let measured else { return }
    let right = (measured.correct ?? 0, correct ?? 0)
    guard (0...step).contains(measured.step), (0...count).contains(measured.count),
      (0...measured.count).contains(right.0), (right.0...count).contains(right.1)
    else {
      throw AdjointError(
        .badData,
        "\(checkpoint.path): expected a measure of the steps so far, \(right.1) of \(count) samples right, found "
          + "one after step \(measured.step), \(right.0) of \(measured.count)")
    }
  }
}

/// What weights are called in a checkpoint beside the optimiser's state.
enum CheckpointPrefix {
  /// The running weights, where the checkpoint's model is not they.
  static let running = "running/"
  /// Their average, where the checkpoint's model is the best one.
  static let average = "average/"
}
