import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Six steps to an epoch, three epochs.
private let plan = TrainingPlan(
  epochs: 3, learningRate: 0.1, schedule: .exponential(factor: 0.9), scheduleUnit: .step)

private struct Stop: Error {}

@Suite struct TrainerResumeTests {
  private func run(
    _ task: some StoppableTask, in run: RunDirectory, resume: Bool = false,
    secondsBetweenCheckpoints: Double = 10, plan: TrainingPlan = plan
  ) throws -> Trainer.Outcome {
    try makeTrainer(task, plan, in: run, resume: resume) {
      $0.secondsBetweenCheckpoints = secondsBetweenCheckpoints
    }.train()
  }

  private func expectSame(
    _ task: SmallTask, _ outcome: Trainer.Outcome, _ run: RunDirectory, as whole: SmallTask,
    _ wholeOutcome: Trainer.Outcome, _ wholeRun: RunDirectory,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(bits(task.modelState) == bits(whole.modelState), sourceLocation: sourceLocation)
    #expect(
      bits(task.optimizer.state) == bits(whole.optimizer.state), sourceLocation: sourceLocation)
    #expect(
      try text(of: run.metrics) == text(of: wholeRun.metrics), sourceLocation: sourceLocation)
    #expect(outcome.history == wholeOutcome.history, sourceLocation: sourceLocation)
    #expect(outcome.metrics == wholeOutcome.metrics, sourceLocation: sourceLocation)
    #expect(outcome.steps == wholeOutcome.steps, sourceLocation: sourceLocation)
  }

  /// Before the first step; within an epoch; at its last step but one; at its end; before the last step.
  @Test(arguments: SmallTask.Kind.allCases, [0, 1, 5, 6, 9, 12, 17])
  func stoppedAndResumedIsTheSameBitForBit(kind: SmallTask.Kind, steps: Int) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask(kind)
    let wholeOutcome = try run(whole, in: wholeRun)

    let first = SmallTask(kind)
    if steps == 0 { first.stop.raise() }
    first.onStep = { if $0 + 1 == steps { first.stop.raise() } }
    #expect(try run(first, in: partRun).wasInterrupted)
    let second = SmallTask(kind)
    let outcome = try run(second, in: partRun, resume: true)
    #expect(!outcome.wasInterrupted)
    try expectSame(second, outcome, partRun, as: whole, wholeOutcome, wholeRun)
    // It would be a poor test if nothing was random or nothing changed.
    #expect(bits(first.modelState) != bits(whole.modelState))
  }

  @Test func resumedAgainAndAgain() throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask()
    let wholeOutcome = try run(whole, in: wholeRun)
    for (index, stop) in [2, 3, 6, 11].enumerated() {
      let task = SmallTask()
      task.onStep = { if $0 + 1 == stop { task.stop.raise() } }
      #expect(try run(task, in: partRun, resume: index > 0).steps == stop)
    }
    let last = SmallTask()
    let outcome = try run(last, in: partRun, resume: true)
    try expectSame(last, outcome, partRun, as: whole, wholeOutcome, wholeRun)
  }

  /// The log knows more steps than the checkpoint, and its last line is torn.
  @Test func killedWithoutWarning() throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask(.adam)
    let wholeOutcome = try run(whole, in: wholeRun)

    let first = SmallTask(.adam)
    first.onStep = { if $0 == 10 { throw Stop() } }
    #expect(throws: Stop.self) {
      try run(first, in: partRun, secondsBetweenCheckpoints: 0)
    }
    #expect(
      try Checkpoint.latest(in: partRun.checkpoints)?.lastPathComponent == "step-000000006")
    #expect(try History(reading: partRun.metrics).losses.count == 10)
    let log = try FileHandle(forWritingTo: partRun.metrics)
    try log.seekToEnd()
    try log.write(contentsOf: Data("{\"step\":11,\"ep".utf8))
    try log.close()

    let second = SmallTask(.adam)
    let outcome = try run(second, in: partRun, resume: true)
    try expectSame(second, outcome, partRun, as: whole, wholeOutcome, wholeRun)
  }

  @Test func finishedRunGoesOnForMoreEpochs() throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask()
    let wholeOutcome = try run(whole, in: wholeRun)
    var shorter = plan
    shorter.epochs = 1
    #expect(try run(SmallTask(), in: partRun, plan: shorter).steps == 6)
    let second = SmallTask()
    let outcome = try run(second, in: partRun, resume: true)
    try expectSame(second, outcome, partRun, as: whole, wholeOutcome, wholeRun)
  }

  @Test func finishedRunIsOnlyMeasuredAgain() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    let first = SmallTask()
    let outcome = try run(first, in: partRun)
    let second = SmallTask()
    second.onStep = { _ in throw Stop() }
    let again = try run(second, in: partRun, resume: true)
    try expectSame(second, again, partRun, as: first, outcome, partRun)
  }

  @Test func loadsTheNewestForMeasuring() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    let trained = SmallTask()
    _ = try run(trained, in: partRun)
    let task = SmallTask()
    #expect(try Trainer.loadNewest(in: partRun, into: task) == 18)
    #expect(bits(task.modelState) == bits(trained.modelState))
  }

  /// It was killed before the first checkpoint, and nothing is lost.
  @Test func withoutACheckpointItBegins() throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let whole = SmallTask()
    let wholeOutcome = try run(whole, in: wholeRun)
    try Data().write(to: partRun.metrics)
    let task = SmallTask()
    let outcome = try run(task, in: partRun, resume: true)
    try expectSame(task, outcome, partRun, as: whole, wholeOutcome, wholeRun)
  }

  @Test func withoutACheckpoint() throws {
    let folder = try TemporaryFolder()
    let empty = try folder.run()
    let place = empty.checkpoints.path
    try Data("{}\n".utf8).write(to: empty.metrics)
    expectError(.noInput, "\(place): holds no checkpoint to resume from") {
      _ = try run(SmallTask(), in: empty, resume: true)
    }
    expectError(.noInput, "\(place): holds no checkpoint") {
      _ = try Trainer.loadNewest(in: empty, into: SmallTask())
    }
  }

  /// A folder that was renamed would otherwise be that step to some readers and another to others.
  @Test func checkpointUnderAnotherName() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    _ = try run(SmallTask(), in: partRun)
    let names = ["step-000000018", "step-000000099"].map { partRun.checkpoints.path + "/" + $0 }
    try FileManager.default.moveItem(atPath: names[0], toPath: names[1])
    let words =
      "\(names[1]): expected the checkpoint of the step in its name, found that of step 18"
    expectError(.badData, words) { _ = try run(SmallTask(), in: partRun, resume: true) }
    expectError(.badData, words) { _ = try Trainer.loadNewest(in: partRun, into: SmallTask()) }
  }

  /// The folder stands before what does not fit.
  @Test func checkpointOfAnotherModel() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    _ = try run(SmallTask(), in: partRun)
    let newest = partRun.checkpoints.appendingPathComponent("step-000000018")
    let saved = try Checkpoint.read(newest, as: TrainingState.self)
    try Checkpoint.write(
      model: ["other": .ones([2])], optimizer: saved.optimizer, state: saved.state,
      named: newest.lastPathComponent, in: partRun.checkpoints)
    let error = #expect(throws: AdjointError.self) {
      _ = try Trainer.loadNewest(in: partRun, into: SmallTask())
    }
    #expect(
      error?.message.hasPrefix("\(newest.path): the state does not fit the model\n") == true)
  }

  @Test func damagedNewestCheckpointIsNamed() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    _ = try run(SmallTask(), in: partRun, secondsBetweenCheckpoints: 0)
    let newest = partRun.checkpoints.path + "/step-000000018"
    let model = newest + "/model.safetensors"
    // On a slow machine there is one within the last epoch, else that of the end of the one before.
    let older = try FileManager.default.contentsOfDirectory(atPath: partRun.checkpoints.path)
      .filter { $0.hasPrefix("step-") && $0 != "step-000000018" }.max()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
    bytes.removeLast()
    try bytes.write(to: URL(fileURLWithPath: model))
    let before = try text(of: partRun.metrics)
    let message =
      "\(newest): the newest checkpoint cannot be used: \(model): expected the \(bytes.count + 1) bytes "
      + "of the manifest, found \(bytes.count); the newest one that is whole is "
      + "\(partRun.checkpoints.path)/\(try #require(older)): remove what is newer to go on from there"
    expectError(.badData, message) { _ = try run(SmallTask(), in: partRun, resume: true) }
    expectError(.badData, message) { _ = try Trainer.loadNewest(in: partRun, into: SmallTask()) }
    // Nothing was touched.
    #expect(try text(of: partRun.metrics) == before)
  }

  @Test func checkpointOfOtherData() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    let outcome = StepOutcome(loss: 1, count: 1)
    let short = TrainingPlan(epochs: 1, learningRate: 1)
    _ = try run(ScriptedTask([outcome, outcome]), in: partRun, plan: short)
    expectError(
      .badData,
      "\(partRun.checkpoints.path)/step-000000002: was written with 2 steps to an epoch, and the data "
        + "now give 3"
    ) {
      _ = try run(
        ScriptedTask([outcome, outcome, outcome]), in: partRun, resume: true, plan: short)
    }
  }

  /// The measurement of the first epoch, of the last and of the end; nothing of it is kept, and it is made anew.
  @Test(arguments: [1, 2, 3, 4], [nil, 0.9])
  func interruptedWhileItMeasures(number: Int, averageDecay: Double?) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let plan = TrainingPlan(epochs: 3, learningRate: 0.1)
    let whole = SmallTask(averageDecay: averageDecay)
    let wholeOutcome = try makeTrainer(whole, plan, in: wholeRun).train()

    let first = SmallTask(averageDecay: averageDecay)
    var measurements = 0
    first.onMeasure = {
      measurements += 1
      if measurements == number { throw AdjointError(.interrupted, "interrupted") }
    }
    let stopped = try makeTrainer(first, plan, in: partRun).train()
    #expect(stopped.wasInterrupted && !stopped.isPaused && stopped.metrics.isEmpty)
    #expect(stopped.steps == min(number, 3) * first.stepsPerEpoch)
    #expect(try History(reading: partRun.metrics).epochs.count == number - 1)

    let second = SmallTask(averageDecay: averageDecay)
    let outcome = try makeTrainer(second, plan, in: partRun, resume: true).train()
    #expect(!outcome.wasInterrupted && outcome.metrics == wholeOutcome.metrics)
    #expect(outcome.history == wholeOutcome.history)
    #expect(bits(second.modelState) == bits(whole.modelState))
    #expect(bits(second.optimizer.state) == bits(whole.optimizer.state))
    #expect(try text(of: partRun.metrics) == text(of: wholeRun.metrics))
  }

  /// Numbers that fit the manifest and no run.
  @Test(arguments: [
    (10, 2, 4), (6, 2, -1), (5, 2, 0), (0, -1, 3), (3, 3_074_457_345_618_258_603, 1),
  ])
  func placeThatNoRunComesTo(step: Int, epoch: Int, batch: Int) throws {
    let place = URL(fileURLWithPath: "/run/step-000000007")
    var state = TrainingState()
    state.stepsPerEpoch = 3
    try state.check(stepsPerEpoch: 3, in: place)
    (state.step, state.epoch, state.batch) = (7, 2, 1)
    try state.check(stepsPerEpoch: 3, in: place)
    (state.step, state.epoch, state.batch) = (step, epoch, batch)
    expectError(
      .badData,
      "/run/step-000000007: expected a place in a run of 3 steps to an epoch, found step \(step), "
        + "epoch \(epoch), batch \(batch), count 0, metrics_bytes 0"
    ) { try state.check(stepsPerEpoch: 3, in: place) }
    (state.step, state.epoch, state.batch, state.metricsBytes) = (7, 2, 1, -1)
    expectError(
      .badData,
      "/run/step-000000007: expected a place in a run of 3 steps to an epoch, found step 7, epoch 2, batch 1, "
        + "count 0, metrics_bytes -1"
    ) { try state.check(stepsPerEpoch: 3, in: place) }
  }

  /// Differences of these would not be means of anything, or overflow.
  @Test(arguments: [
    (8, 4, 2), (-1, 4, 2), (7, 5, 2), (7, -1, 0), (7, 2, 3), (7, 4, 4), (7, 4, .min),
  ])
  func measureThatNoRunTakes(step: Int, count: Int, right: Int) throws {
    let place = URL(fileURLWithPath: "/run/step-000000007")
    var state = TrainingState()
    (state.stepsPerEpoch, state.step, state.epoch, state.batch) = (3, 7, 2, 1)
    (state.count, state.correct) = (4, 3)
    state.measured = .init(step: 7, loss: 1, count: 4, correct: 3)
    try state.check(stepsPerEpoch: 3, in: place)
    state.measured = .init(step: step, loss: 1, count: count, correct: right)
    expectError(
      .badData,
      "/run/step-000000007: expected a measure of the steps so far, 3 of 4 samples right, found one after step "
        + "\(step), \(right) of \(count)"
    ) { try state.check(stepsPerEpoch: 3, in: place) }
  }

  @Test func logThatIsTooShort() throws {
    let folder = try TemporaryFolder()
    let partRun = try folder.run()
    _ = try run(SmallTask(), in: partRun)
    let length = try Data(contentsOf: partRun.metrics).count
    try Data("{}\n".utf8).write(to: partRun.metrics)
    expectError(
      .badData, "\(partRun.metrics.path): expected at least \(length) bytes to keep, found 3"
    ) { _ = try run(SmallTask(), in: partRun, resume: true) }
  }
}
