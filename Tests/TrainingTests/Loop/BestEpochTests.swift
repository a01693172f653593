import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Seven epochs of six steps; the rate grows until the loss does.
private func plan(patience: Int? = nil) -> TrainingPlan {
  TrainingPlan(
    epochs: 7, learningRate: 0.02, schedule: .exponential(factor: 1.12), scheduleUnit: .step,
    keepBest: BestEpoch("test_loss", patience: patience))
}

@Suite struct BestEpochTests {
  private func best(_ history: History) throws -> (epoch: Int, value: Double) {
    let values = history.epochs.map { $0.metrics["test_loss"] ?? .nan }
    let least = try #require(values.min())
    return (try #require(values.firstIndex(of: least)) + 1, least)
  }

  @Test func endsWithTheBestWeights() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask()
    let outcome = try makeTrainer(task, plan(), in: run).train()
    let best = try best(outcome.history)
    // It would be a poor test if the last epoch was the best.
    #expect((2...6).contains(best.epoch) && outcome.history.epochs.count == 7)
    #expect(outcome.metrics["test_loss"] == best.value)
    #expect(plan().keepBest?.best(of: outcome.history.epochs)?.epoch == best.epoch)
    let loaded = SmallTask()
    #expect(try Trainer.loadNewest(in: run, into: loaded) == 42)
    #expect(bits(loaded.modelState) == bits(task.modelState))
    #expect(try loaded.finalMetrics() == outcome.metrics)
  }

  /// Before the first epoch is over, at ends of epochs and between, before and after the best.
  @Test(arguments: [3, 6, 13, 18, 24, 31, 36])
  func stoppedAndResumedIsTheSameBitForBit(steps: Int) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask()
    let wholeOutcome = try makeTrainer(whole, plan(), in: wholeRun).train()

    let first = SmallTask()
    first.onStep = { if $0 + 1 == steps { first.stop.raise() } }
    #expect(try makeTrainer(first, plan(), in: partRun).train().wasInterrupted)
    let second = SmallTask()
    let outcome = try makeTrainer(second, plan(), in: partRun, resume: true).train()
    #expect(outcome.history == wholeOutcome.history)
    #expect(outcome.metrics == wholeOutcome.metrics)
    #expect(bits(second.modelState) == bits(whole.modelState))
    #expect(bits(second.optimizer.state) == bits(whole.optimizer.state))
    for file in ["model.safetensors", "optimizer.safetensors", "state.json"] {
      let name = "checkpoints/\(Checkpoint.name(step: 42))/\(file)"
      #expect(
        try Data(contentsOf: wholeRun.folder.appendingPathComponent(name))
          == Data(contentsOf: partRun.folder.appendingPathComponent(name)))
    }
  }

  @Test func stopsWhenNothingBetterComes() throws {
    let folder = try TemporaryFolder()
    let task = ScriptedTask([StepOutcome(loss: 1, count: 1)])
    let values = [3, 2, 2.5, 2, 1, 1, 1, 0]
    task.onStep = { task.metrics = ["held_out": values[$0]] }
    var plan = TrainingPlan(epochs: 8, learningRate: 1)
    plan.keepBest = BestEpoch("held_out", patience: 2)
    let run = try folder.run()
    let outcome = try makeTrainer(task, plan, in: run).train()
    // As good is not better: two epochs after the second it stops.
    #expect(outcome.steps == 4 && !outcome.wasInterrupted && !outcome.isPaused)
    #expect(outcome.metrics == ["test_accuracy": 0.25])

    // It stays stopped.
    let again = ScriptedTask([StepOutcome(loss: 1, count: 1)])
    let resumed = try makeTrainer(again, plan, in: run, resume: true).train()
    #expect(resumed.steps == 4 && !resumed.wasInterrupted && !resumed.isPaused)
    #expect(!again.calls.contains { $0.hasPrefix("step") })
  }

  @Test func whatIsBetter() {
    let (lower, higher) = (BestEpoch("a"), BestEpoch("a", isHigherBetter: true))
    let found = BestEpoch.Found(epoch: 1, value: 2)
    #expect(lower.isBetter(1, than: found) && !higher.isBetter(1, than: found))
    #expect(!lower.isBetter(3, than: found) && higher.isBetter(3, than: found))
    for rule in [lower, higher] {
      #expect(!rule.isBetter(2, than: found))
      #expect(!rule.isBetter(.nan, than: found))
      #expect(rule.isBetter(2, than: nil))
      let first = rule.isBetter(5, than: .init(epoch: 1, value: .nan))
      #expect(first)
      // Or patience would begin anew with each of them.
      let next = rule.isBetter(.nan, than: .init(epoch: 1, value: .nan))
      #expect(!next)
      #expect(!rule.isOver(found, after: 100))
    }
  }

  @Test func theFirstOfTheBest() {
    let epochs = [nil, .nan, 3, 1, 2, 1].enumerated().map { index, value in
      History.Epoch(
        epoch: index + 1, step: index + 1, metrics: value.map { ["a": $0] } ?? [:])
    }
    #expect(BestEpoch("a").best(of: epochs) == epochs[3])
    #expect(BestEpoch("a", isHigherBetter: true).best(of: epochs) == epochs[2])
    #expect(BestEpoch("b").best(of: epochs) == nil)
  }

  @Test func metricThatIsNotMeasured() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let folder = try TemporaryFolder()
      var plan = TrainingPlan(epochs: 1, learningRate: 1)
      plan.keepBest = BestEpoch("validation_mse")
      let task = ScriptedTask([StepOutcome(loss: 1, count: 1)])
      _ = try makeTrainer(task, plan, in: try folder.run()).train()
    }
    expectStop(
      result,
      "Trainer: the plan keeps the best epoch by validation_mse, and the task measures "
        + "held_out, train_loss")
  }
}
