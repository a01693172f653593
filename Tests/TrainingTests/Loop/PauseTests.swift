import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Six steps to an epoch, three epochs, and a schedule that ends where the run does.
private let plan = TrainingPlan(
  epochs: 3, learningRate: 0.1, schedule: .cosine(total: 18), scheduleUnit: .step)

@Suite struct PauseTests {
  private func run(
    _ task: SmallTask, in run: RunDirectory, resume: Bool = false, pause: Trainer.Pause? = nil
  ) throws -> Trainer.Outcome {
    try makeTrainer(task, plan, in: run, resume: resume) { $0.pause = pause }.train()
  }

  @Test func pausedAndResumedIsTheRunThatWasNot() throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask(.adam)
    let wholeOutcome = try run(whole, in: wholeRun)
    #expect(!wholeOutcome.isPaused && !wholeOutcome.wasInterrupted)

    // Within an epoch, at an epoch's end, where it is already, and before that.
    let pauses: [(Trainer.Pause, Int)] = [
      (.steps(4), 4), (.epochs(1), 6), (.epochs(1), 6), (.steps(2), 6), (.steps(15), 15),
    ]
    for (index, (pause, steps)) in pauses.enumerated() {
      let outcome = try run(SmallTask(.adam), in: partRun, resume: index > 0, pause: pause)
      #expect(outcome.steps == steps)
      #expect(outcome.isPaused && !outcome.wasInterrupted)
      #expect(outcome.metrics.keys.sorted() == ["test_accuracy", "test_loss"])
    }
    let last = SmallTask(.adam)
    let outcome = try run(last, in: partRun, resume: true, pause: .epochs(3))
    #expect(!outcome.isPaused && outcome.steps == 18)
    #expect(bits(last.modelState) == bits(whole.modelState))
    #expect(bits(last.optimizer.state) == bits(whole.optimizer.state))
    #expect(try text(of: partRun.metrics) == text(of: wholeRun.metrics))
    #expect(outcome.metrics == wholeOutcome.metrics)
  }

  /// What is measured at a pause is what the paused weights give, again and again.
  @Test func metricsOfAPauseAreThoseOfItsWeights() throws {
    let folder = try TemporaryFolder()
    let runs = try folder.run()
    let first = try run(SmallTask(), in: runs, pause: .epochs(2))
    let again = try run(SmallTask(), in: runs, resume: true, pause: .epochs(2))
    #expect(first.metrics == again.metrics && again.steps == 12)
    #expect(first.history.epochs.last?.metrics["test_loss"] == first.metrics["test_loss"])
  }

  @Test func interruptedBeforeThePause() throws {
    let folder = try TemporaryFolder()
    let task = SmallTask()
    task.onStep = { if $0 == 2 { task.stop.raise() } }
    let outcome = try run(task, in: folder.run(), pause: .epochs(1))
    #expect(outcome.wasInterrupted && !outcome.isPaused && outcome.metrics.isEmpty)
  }
}
