// A run of one's own: a task, its run directory, and going on where it was stopped.

import Adjoint
import Foundation

// snippet.task
final class DigitsTask: TrainingTask {
  let model: Sequential
  let step: ClassificationStep
  let loader, testLoader: Loader

  init() {
    let digits = DrawnDigits.load(trainCount: 2_000, testCount: 500)
    loader = Loader(digits.train, batchSize: 50, order: .shuffled(seed: 1))
    testLoader = Loader(digits.test, batchSize: 100, order: .sequential)
    var random = Philox(seed: 1)
    model = Sequential {
      Linear(784, 64, activation: .relu, random: &random)
      Dropout(0.1)
      Linear(64, 10, random: &random)
    }
    let optimizer = Adam(parameters(of: model), learningRate: 1e-3)
    step = ClassificationStep(model, optimizer: optimizer, seed: 1)
  }

  var stepsPerEpoch: Int { loader.batchesPerEpoch }
  var samplesPerEpoch: Int { 2_000 }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: model) }

  func load(modelState: [String: Tensor]) throws { try Adjoint.load(modelState, into: model) }

  func seek(epoch: Int, batch: Int) throws {
    try loader.seek(to: LoaderPosition(epoch: epoch, batch: batch))
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    let batch = loader.next()
    return try step(batch.inputs, batch.labels, step: number, checkFinite: checkFinite)
  }

  func epochMetrics() throws -> [String: Double] {
    var result = ClassificationResult(classes: 10)
    for _ in 0..<testLoader.batchesPerEpoch {
      let batch = testLoader.next()
      result.add(logits: model(batch.inputs, .inference), labels: batch.labels)
    }
    return result.metrics(of: "test")
  }

  func finalMetrics() throws -> [String: Double] { try epochMetrics() }
}
// snippet.end

// snippet.run
let plan = TrainingPlan(
  epochs: 6, learningRate: 2e-3, schedule: .cosine(total: 240, minimum: 0), scheduleUnit: .step)

/// Trains in a folder: from the beginning, or from the newest checkpoint in it.
func train(in folder: URL, resume: Bool, epochs: Int? = nil) throws -> Trainer.Outcome {
  let run = try resume ? RunDirectory(opening: folder) : RunDirectory(creating: folder)
  var options = Trainer.Options()
  options.pause = epochs.map { .epochs($0) }
  let trainer = try Trainer(
    DigitsTask(), plan: plan, run: run, resume: resume, progress: .automatic(quiet: true),
    options: options)
  // With it the folder is one that can be opened: settings of one's own, whatever they are.
  if !resume { try run.write(["epochs": plan.epochs], to: run.configuration) }
  return try trainer.train()
}
// snippet.end

// snippet.resume
let folder = FileManager.default.temporaryDirectory.appending(path: "digits-\(UUID())")
let whole = try train(in: folder.appending(path: "whole"), resume: false)
_ = try train(in: folder.appending(path: "stopped"), resume: false, epochs: 2)
let stopped = try train(in: folder.appending(path: "stopped"), resume: true)
print("accuracy \(whole.metrics["test_accuracy"]!)")
print("the same bit for bit: \(whole.metrics == stopped.metrics)")
// snippet.end
try FileManager.default.removeItem(at: folder)
