import Checkpoints
import Foundation
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Training

/// The rate that falls when a metric stalls.
@Suite struct PlateauTests {
  private static func plan(_ schedule: Schedule = .constant) -> TrainingPlan {
    TrainingPlan(
      epochs: 8, learningRate: 1, schedule: schedule,
      plateau: .init("held_out", ReduceOnPlateau(factor: 0.5, patience: 1)))
  }

  /// One step an epoch, after which the metric is the next of these.
  private static func task(_ values: [Double]) -> ScriptedTask {
    let task = ScriptedTask([StepOutcome(loss: 1, count: 1)])
    task.onStep = { [unowned task] in task.metrics = ["held_out": values[$0]] }
    return task
  }

  private static let values: [Double] = [3, 2, 2, 2, 1, 1, 1, 0]

  /// Two epochs that are no better than the best lower the rate of the next one, from 5 on and from 8 on: as
  /// torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.5, patience=1) has it.
  @Test func fallsWhereTheMetricStalls() throws {
    let folder = try TemporaryFolder()
    let outcome = try makeTrainer(Self.task(Self.values), Self.plan(), in: folder.run()).train()
    #expect(outcome.history.learningRates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25])
  }

  /// The schedule goes on from the lower rate.
  @Test func withASchedule() throws {
    let folder = try TemporaryFolder()
    let plan = Self.plan(.step(size: 6, factor: 0.1))
    let outcome = try makeTrainer(Self.task(Self.values), plan, in: folder.run()).train()
    let expected = [1, 1, 1, 1, 0.5, 0.5, 0.05, 0.025]
    for (rate, value) in zip(outcome.history.learningRates, expected) {
      #expect(abs(rate - value) < 1e-15)
    }
  }

  /// What is known of the metric is in the checkpoint.
  @Test(arguments: 1...7)
  func goesOnAsItWas(steps: Int) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let first = try makeTrainer(Self.task(Self.values), Self.plan(), in: run) {
      $0.pause = .steps(steps)
    }
    #expect(try first.train().isPaused)
    let second = try makeTrainer(Self.task(Self.values), Self.plan(), in: run, resume: true)
    #expect(
      try second.train().history.learningRates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25])
  }

  @Test func stopsWithoutTheMetric() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let folder = try TemporaryFolder()
      let task = ScriptedTask([StepOutcome(loss: 1, count: 1)])
      task.metrics = ["other": 1]
      _ = try makeTrainer(task, PlateauTests.plan(), in: folder.run()).train()
    }
    expectStop(
      result,
      "Trainer: the plan lowers the rate on a plateau of held_out, and the task measures other, train_loss"
    )
  }
}
