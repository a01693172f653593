import Checkpoints
import Foundation
import Tensors

extension Trainer {
  /// Gives a task the running weights, their average and the optimiser of a checkpoint; returns the best
  /// weights, if it keeps them.
  static func restore(
    _ saved: (model: [String: Tensor], optimizer: [String: Tensor], state: TrainingState),
    into task: any TrainingTask, from folder: URL
  ) throws -> [String: Tensor]? {
    let average = task.weightAverage
    guard (average == nil) == (saved.state.averageUpdates == nil) else {
      throw AdjointError(
        .badData,
        "\(folder.path): was written \(average == nil ? "with" : "without") an average of the weights, and "
          + "the run now keeps \(average == nil ? "none" : "one")")
    }
    var optimizer = saved.optimizer
    func take(_ prefix: String) -> [String: Tensor] {
      let names = optimizer.keys.filter { $0.hasPrefix(prefix) }
      return Dictionary(
        uniqueKeysWithValues: names.compactMap { name in
          optimizer.removeValue(forKey: name).map { (String(name.dropFirst(prefix.count)), $0) }
        })
    }
    let hasBest = saved.state.best != nil
    let running = take(CheckpointPrefix.running)
    let averaged = take(CheckpointPrefix.average)
    try load(hasBest || average != nil ? running : saved.model, into: task, from: folder)
    if let average, let updates = saved.state.averageUpdates {
      try average.withAverage {
        try load(hasBest ? averaged : saved.model, into: task, from: folder)
      }
      average.updates = updates
    }
    try task.optimizer.load(state: optimizer)
    return hasBest ? saved.model : nil
  }

  /// Loads the newest checkpoint of a run into a task; returns the steps it had taken.
  ///
  /// - Throws: `AdjointError` if there is none, or it is damaged or of another model.
  public static func loadNewest(in run: RunDirectory, into task: any TrainingTask) throws -> Int {
    guard let (newest, saved) = try readNewest(in: run) else {
      throw AdjointError(.noInput, "\(run.checkpoints.path): holds no checkpoint")
    }
    try load(saved.model, into: task, from: newest)
    return saved.state.step
  }

  /// The newest checkpoint of a run and what it holds; nil where there is none.
  ///
  /// - Throws: `AdjointError` if it is damaged, or bears the name of another step.
  static func readNewest(in run: RunDirectory) throws -> (
    folder: URL, saved: (model: [String: Tensor], optimizer: [String: Tensor], state: TrainingState)
  )? {
    guard let newest = try Checkpoint.latest(in: run.checkpoints) else { return nil }
    let saved = try Checkpoint.read(newest, as: TrainingState.self)
    guard Checkpoint.step(of: newest) == saved.state.step else {
      throw AdjointError(
        .badData,
        "\(newest.path): expected the checkpoint of the step in its name, found that of step "
          + "\(saved.state.step)")
    }
    return (newest, saved)
  }

  /// Gives a task weights of a checkpoint, which is named where they do not fit.
  private static func load(
    _ weights: [String: Tensor], into task: any TrainingTask, from folder: URL
  ) throws {
    do { try task.load(modelState: weights) } catch let error as AdjointError {
      throw AdjointError(error.kind, "\(folder.path): \(error.message)")
    }
  }
}
