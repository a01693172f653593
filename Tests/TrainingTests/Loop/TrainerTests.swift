import Checkpoints
import Foundation
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct TrainerTests {
  @Test func goesThroughStepsAndEpochsInOrder() throws {
    let folder = try TemporaryFolder()
    let task = ScriptedTask(threeBatches)
    let plan = TrainingPlan(epochs: 2, learningRate: 0.5, schedule: .step(size: 1, factor: 0.5))
    let outcome = try makeTrainer(task, plan, in: folder.run()).train()
    #expect(
      task.calls == [
        "seek 0 0", "step 0 at 0.5", "step 1 at 0.5", "step 2 at 0.5", "epoch",
        "step 3 at 0.25", "step 4 at 0.25", "step 5 at 0.25", "epoch", "final",
      ])
    #expect(outcome.steps == 6)
    #expect(!outcome.wasInterrupted)
    #expect(outcome.seconds > 0)
    #expect(outcome.metrics == ["test_accuracy": 0.25])
  }

  @Test func scheduleBySteps() throws {
    let folder = try TemporaryFolder()
    let task = ScriptedTask(threeBatches)
    let plan = TrainingPlan(
      epochs: 2, learningRate: 1, schedule: .exponential(factor: 0.5), scheduleUnit: .step)
    let outcome = try makeTrainer(task, plan, in: folder.run()).train()
    #expect(outcome.history.learningRates == [1, 0.5, 0.25, 0.125, 0.0625, 0.03125])
  }

  /// (4·1 + 4·2 + 2·4) / 10 = 2, and (3 + 1 + 2) / 10 = 0.6; unweighted the loss would be 7/3.
  @Test func epochMetricsAreMeansOverTheSamples() throws {
    let folder = try TemporaryFolder()
    let outcome = try makeTrainer(
      ScriptedTask(threeBatches), TrainingPlan(epochs: 2, learningRate: 0.5), in: folder.run()
    ).train()
    let metrics = ["held_out": 7.5, "train_accuracy": 0.6, "train_loss": 2]
    #expect(outcome.history.losses == [1, 2, 4, 1, 2, 4])
    #expect(
      outcome.history.epochs == [
        .init(epoch: 1, step: 3, metrics: metrics), .init(epoch: 2, step: 6, metrics: metrics),
      ])
    #expect(outcome.history.metricNames == ["held_out", "train_accuracy", "train_loss"])
  }

  @Test func whatIsNotClassifiedHasNoAccuracy() throws {
    let folder = try TemporaryFolder()
    let task = ScriptedTask([StepOutcome(loss: 3, count: 2)])
    let outcome = try makeTrainer(
      task, TrainingPlan(epochs: 1, learningRate: 1), in: folder.run()
    ).train()
    #expect(outcome.history.epochs[0].metrics == ["held_out": 7.5, "train_loss": 3])
  }

  @Test func writesALineForEachStepAndEpoch() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    _ = try makeTrainer(
      ScriptedTask(threeBatches), TrainingPlan(epochs: 2, stepLimit: 4, learningRate: 0.5), in: run
    ).train()
    #expect(
      try text(of: run.metrics) == """
        {"step":1,"epoch":1,"loss":1.0,"learning_rate":0.5}
        {"step":2,"epoch":1,"loss":2.0,"learning_rate":0.5}
        {"step":3,"epoch":1,"loss":4.0,"learning_rate":0.5}
        {"step":3,"epoch":1,"metrics":{"held_out":7.5,"train_accuracy":0.6,"train_loss":2.0}}
        {"step":4,"epoch":2,"loss":1.0,"learning_rate":0.5}

        """)
  }

  @Test(arguments: [1, 2, 3, 4, 6, 8])
  func stopsAtTheLimitOfSteps(limit: Int) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask(threeBatches)
    let outcome = try makeTrainer(
      task, TrainingPlan(epochs: 2, stepLimit: limit, learningRate: 1), in: run
    ).train()
    #expect(outcome.steps == limit)
    #expect(outcome.history.losses.count == limit)
    #expect(outcome.history.epochs.count == limit / 3)
    #expect(!outcome.wasInterrupted)
    #expect(task.calls.last == "final")
    #expect(
      try Checkpoint.latest(in: run.checkpoints)?.lastPathComponent == "step-00000000\(limit)")
  }

  @Test func checkpointsAreKeptAsAsked() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    // One step to an epoch: there is no other place for a checkpoint, however slow the disk.
    _ = try makeTrainer(
      ScriptedTask([threeBatches[0]]), TrainingPlan(epochs: 5, learningRate: 1), in: run
    ) {
      $0.secondsBetweenCheckpoints = 0
      $0.keptCheckpoints = 3
    }.train()
    #expect(
      try Checkpoint.all(in: run.checkpoints).map(\.lastPathComponent)
        == ["step-000000003", "step-000000004", "step-000000005"])
  }

  @Test func checkpointsAreRareInAShortRun() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    _ = try makeTrainer(
      ScriptedTask(threeBatches), TrainingPlan(epochs: 5, learningRate: 1), in: run
    )
    .train()
    #expect(
      try Checkpoint.all(in: run.checkpoints).map(\.lastPathComponent)
        == ["step-000000000", "step-000000015"])
  }

  @Test(arguments: [0, 1, 2, 3, 4])
  func interruptionSavesAfterTheStep(step: Int) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask(threeBatches)
    if step == 0 { task.stop.raise() }
    task.onStep = { if $0 + 1 == step { task.stop.raise() } }
    let outcome = try makeTrainer(task, TrainingPlan(epochs: 2, learningRate: 1), in: run).train()
    #expect(outcome.wasInterrupted)
    #expect(outcome.steps == step)
    #expect(outcome.metrics.isEmpty)
    #expect(!task.calls.contains("final"))
    // An epoch whose last step was taken is finished.
    #expect(task.calls.contains("epoch") == (step >= 3))
    #expect(try Checkpoint.latest(in: run.checkpoints)?.lastPathComponent == "step-00000000\(step)")
  }

  @Test func interruptedInTheLastStepIsFinished() throws {
    let folder = try TemporaryFolder()
    let task = ScriptedTask(threeBatches)
    task.onStep = { if $0 == 5 { task.stop.raise() } }
    let outcome = try makeTrainer(
      task, TrainingPlan(epochs: 2, learningRate: 1), in: folder.run()
    ).train()
    #expect(!outcome.wasInterrupted)
    #expect(outcome.metrics == ["test_accuracy": 0.25])
  }

  @Test(arguments: [
    (Double.nan, "nan"), (-Double.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf"),
  ])
  func divergenceSaysWhereAndWhatHelps(loss: Double, word: String) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask([threeBatches[0], StepOutcome(loss: loss, count: 4, correct: 0)])
    expectError(
      .badData,
      "the loss became \(word) at step 2 (epoch 1, batch 2); a lower --learning-rate usually helps, "
        + "and --check-finite finds the operation that did it"
    ) { _ = try makeTrainer(task, TrainingPlan(epochs: 2, learningRate: 1), in: run).train() }
    // What came before is there to be looked at.
    #expect(try History(reading: run.metrics).losses == [1])
  }

  /// The rate has done nothing yet.
  @Test func firstLossIsNone() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask([StepOutcome(loss: .infinity, count: 4, correct: 0)])
    expectError(
      .badData,
      "the loss became inf at step 1 (epoch 1, batch 1); no step had been taken: look at the data and the weights "
        + "it begins with, and --check-finite finds the operation that did it"
    ) { _ = try makeTrainer(task, TrainingPlan(epochs: 1, learningRate: 1), in: run).train() }
  }

  /// Weights that are finite and lead to numbers that are none, with a loss that was finite before its step.
  @Test(arguments: [(Double.nan, "nan"), (-Double.nan, "nan"), (.infinity, "inf")])
  func lossThatIsMeasured(loss: Double, word: String) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask(threeBatches)
    task.metrics = ["test_accuracy": .nan, "test_loss": loss]
    let steps = threeBatches.count
    expectError(
      .badData,
      "the test loss is \(word) after step \(steps) (epoch 1, batch \(steps)); a lower --learning-rate usually helps"
    ) { _ = try makeTrainer(task, TrainingPlan(epochs: 2, learningRate: 1), in: run).train() }
    try Divergence.check(["test_accuracy": .nan, "test_mse": 1], after: "step 1")
    expectError(
      .badData, "the test mse is \(word) after step 1; a lower --learning-rate usually helps"
    ) { try Divergence.check(["test_mse": loss, "train_loss": loss], after: "step 1") }
  }

  @Test func barIsClosedBeforeAnError() throws {
    let folder = try TemporaryFolder()
    let screen = Screen()
    let task = ScriptedTask(threeBatches)
    task.onStep = { if $0 == 3 { throw AdjointError(.badData, "enough") } }
    let trainer = try makeTrainer(
      task, TrainingPlan(epochs: 2, learningRate: 1), in: folder.run(),
      progress: screen.progress(.bar))
    expectError(.badData, "enough") { _ = try trainer.train() }
    #expect(screen.text.hasPrefix("\r\u{1B}[2Kepoch 1/2 "))
    #expect(screen.text.hasSuffix("\n"))
  }

  @Test func checkFiniteNamesLayerAndOperation() throws {
    let folder = try TemporaryFolder()
    let task = SmallTask(dropout: 0)
    let weight = try #require(Layers.parameters(of: task.model).first { $0.name == "2.weight" })
    task.onStep = { if $0 == 1 { weight.value = .full([3, 8], .infinity) } }
    let trainer = try makeTrainer(
      task, TrainingPlan(epochs: 1, learningRate: 1), in: folder.run()
    ) { $0.checkFinite = true }
    let error = #expect(throws: NonFiniteError.self) { _ = try trainer.train() }
    #expect(error?.layer == "2 (Linear)")
    #expect(error?.operation == "linear")
    #expect(error?.isBackward == false)
    #expect(error?.shape == [4, 3])
    #expect(error?.place == "step 2 (epoch 1, batch 2)")
  }

  /// A loss is that of the weights before its step; the step may be the last one.
  @Test(arguments: [false, true])
  func noCheckpointIsOfWeightsThatAreLost(checksFinite: Bool) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask(dropout: 0)
    // The last step of the epoch: without a look at the weights the run would end well.
    task.onStep = { if $0 == 5 { task.optimizer.learningRate = 1e300 } }
    expectError(
      .badData,
      "8 of 8 elements of 0.bias of shape [8] became NaN or infinite at step 6 (epoch 1, batch 6); a lower "
        + "--learning-rate usually helps"
        + (checksFinite ? "" : ", and --check-finite finds the operation that did it")
    ) {
      _ = try makeTrainer(task, TrainingPlan(epochs: 1, learningRate: 0.1), in: run) {
        $0.checkFinite = checksFinite
      }.train()
    }
    #expect(
      try Checkpoint.all(in: run.checkpoints).map(\.lastPathComponent) == ["step-000000000"])
    #expect(try History(reading: run.metrics).losses.count == 6)
  }

  @Test func weightsThatAreLostBeforeTheFirstStep() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask()
    Layers.parameters(of: task.model)[1].value = .full([8], .nan)
    expectError(
      .badData,
      "8 of 8 elements of 0.bias of shape [8] are NaN or infinite before the first step"
    ) { _ = try makeTrainer(task, TrainingPlan(epochs: 1, learningRate: 1), in: run).train() }
    #expect(try Checkpoint.all(in: run.checkpoints).isEmpty)
  }

  @Test func checkFiniteChangesNothingElse() throws {
    let folder = try TemporaryFolder()
    let (plain, checked) = (SmallTask(), SmallTask())
    let plan = TrainingPlan(epochs: 2, learningRate: 0.1)
    _ = try makeTrainer(plain, plan, in: folder.run("plain")).train()
    _ = try makeTrainer(checked, plan, in: folder.run("checked")) { $0.checkFinite = true }.train()
    #expect(bits(plain.modelState) == bits(checked.modelState))
  }

  @Test func showsALineForEachEpoch() throws {
    let folder = try TemporaryFolder()
    let screen = Screen()
    _ = try makeTrainer(
      ScriptedTask(threeBatches), TrainingPlan(epochs: 2, learningRate: 1), in: folder.run(),
      progress: screen.progress(.lines)
    ).train()
    let lines = screen.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 3 && lines[2].isEmpty)
    for (index, line) in lines.dropLast().enumerated() {
      #expect(
        line.hasPrefix(
          "epoch \(index + 1)/2  step \(3 * (index + 1))  held out 7.5000  train accuracy 60.00 %  "
            + "train loss 2.0000  "))
      #expect(line.hasSuffix(" samples/s"))
      #expect(!line.contains("\u{1B}"))
    }
  }
}
