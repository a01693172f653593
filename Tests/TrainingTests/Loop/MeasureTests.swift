import Figures
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Measures between the ends of epochs.
@Suite struct MeasureTests {
  /// After step 2: (4·1 + 4·2) / 8 and 4 of 8. After 4, an epoch later: step 4 alone. After 6 steps 5 and 6:
  /// (4·2 + 2·4) / 6 and 3 of 6; the epoch itself has the mean of all three.
  @Test func comeEverySoManySteps() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = ScriptedTask(threeBatches)
    let outcome = try makeTrainer(task, TrainingPlan(epochs: 2, learningRate: 0.5), in: run) {
      $0.stepsBetweenMeasures = 2
    }.train()
    #expect(
      outcome.history.measures == [
        .init(step: 2, metrics: ["held_out": 7.5, "train_accuracy": 0.5, "train_loss": 1.5]),
        .init(step: 4, metrics: ["held_out": 7.5, "train_accuracy": 0.75, "train_loss": 1]),
        .init(step: 6, metrics: ["held_out": 7.5, "train_accuracy": 0.5, "train_loss": 16.0 / 6]),
      ])
    let epoch = ["held_out": 7.5, "train_accuracy": 0.6, "train_loss": 2]
    #expect(outcome.history.epochs.map(\.metrics) == [epoch, epoch])
    // At the end of an epoch it is the epoch's own measurement.
    #expect(
      task.calls.map { String($0.prefix(6)) } == [
        "seek 0", "step 0", "step 1", "epoch", "step 2", "epoch", "step 3", "epoch", "step 4",
        "step 5", "epoch", "final",
      ])
    let lines = try text(of: run.metrics).split(separator: "\n")
    #expect(
      lines[2]
        == #"{"step":2,"epoch":1,"measured":{"held_out":7.5,"train_accuracy":0.5,"train_loss":1.5}}"#
    )
  }

  /// The last step of a run is measured too where no epoch ends.
  @Test(arguments: [(4, [2, 4]), (5, [2, 4]), (1, [])])
  func runsThatEndWithinAnEpoch(steps: Int, measured: [Int]) throws {
    let folder = try TemporaryFolder()
    let plan = TrainingPlan(epochs: 2, stepLimit: steps, learningRate: 0.5)
    let outcome = try makeTrainer(ScriptedTask(threeBatches), plan, in: folder.run()) {
      $0.stepsBetweenMeasures = 2
    }.train()
    #expect(outcome.history.measures.map(\.step) == measured)
  }

  /// Nothing of what is trained, and nothing of what epochs say, depends on what is measured in between.
  @Test func changeNothingElse() throws {
    let folder = try TemporaryFolder()
    let (plainRun, measuredRun) = (try folder.run("plain"), try folder.run("measured"))
    let plan = TrainingPlan(epochs: 3, learningRate: 0.1)
    let (plain, measured) = (SmallTask(averageDecay: 0.9), SmallTask(averageDecay: 0.9))
    let one = try makeTrainer(plain, plan, in: plainRun).train()
    let other = try makeTrainer(measured, plan, in: measuredRun) {
      $0.stepsBetweenMeasures = 1
    }.train()
    #expect(bits(plain.modelState) == bits(measured.modelState))
    #expect(bits(plain.optimizer.state) == bits(measured.optimizer.state))
    #expect(one.metrics == other.metrics && one.history.losses == other.history.losses)
    #expect(one.history.epochs == other.history.epochs)
    #expect(other.history.measures.count == 18 && one.history.measures.isEmpty)
  }

  /// Before a measure, in it, after it, at the end of an epoch, and before the last.
  @Test(arguments: [1, 2, 3, 4, 6, 7, 8, 17])
  func stoppedAndResumedIsTheSame(steps: Int) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let plan = TrainingPlan(epochs: 3, learningRate: 0.1)
    func train(_ task: SmallTask, _ run: RunDirectory, resume: Bool = false) throws
      -> Trainer.Outcome
    {
      try makeTrainer(task, plan, in: run, resume: resume) { $0.stepsBetweenMeasures = 4 }.train()
    }
    let whole = SmallTask()
    let wholeOutcome = try train(whole, wholeRun)
    let first = SmallTask()
    first.onStep = { if $0 + 1 == steps { first.stop.raise() } }
    #expect(try train(first, partRun).wasInterrupted)
    let second = SmallTask()
    let outcome = try train(second, partRun, resume: true)
    #expect(try text(of: partRun.metrics) == text(of: wholeRun.metrics))
    #expect(outcome.history == wholeOutcome.history)
    #expect(outcome.history.measures.map(\.step) == [4, 8, 12, 16])
    #expect(bits(second.modelState) == bits(whole.modelState))
  }

  /// Ctrl-C while it measures, within an epoch and after the last step: what was not measured is by the run that goes
  /// on.
  @Test(arguments: [(1, 18), (4, 16)])
  func interruptedInAMeasure(measure: Int, limit: Int) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let plan = TrainingPlan(epochs: 3, stepLimit: limit, learningRate: 0.1)
    func train(_ task: SmallTask, _ run: RunDirectory, resume: Bool = false) throws
      -> Trainer.Outcome
    {
      try makeTrainer(task, plan, in: run, resume: resume) { $0.stepsBetweenMeasures = 4 }.train()
    }
    _ = try train(SmallTask(), wholeRun)
    let first = SmallTask()
    var (steps, measures) = (0, 0)
    first.onStep = { steps = $0 + 1 }
    first.onMeasure = {
      // Those at the ends of epochs alone are not meant.
      guard steps % 4 == 0 else { return }
      measures += 1
      guard measures == measure else { return }
      first.stop.raise()
      throw AdjointError(.interrupted, "interrupted")
    }
    #expect(try train(first, partRun).wasInterrupted)
    _ = try train(SmallTask(), partRun, resume: true)
    #expect(try text(of: partRun.metrics) == text(of: wholeRun.metrics))
  }

  @Test func areRead() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let step = #"{"step":1,"epoch":1,"loss":1,"learning_rate":1}"#
    func reading(_ line: String) throws -> (URL, History) {
      let file = try folder.write(Array("\(step)\n\(line)\n".utf8), "metrics.jsonl")
      return (file, try History(reading: file))
    }
    let (file, history) = try reading(#"{"step":1,"epoch":1,"measured":{"a":2,"b":null}}"#)
    #expect(history.measures.count == 1 && history.epochs.isEmpty)
    #expect(history.measures[0].metrics["a"] == 2)
    #expect(history.measures[0].metrics["b"]?.isNaN == true)
    expectError(.badData, "\(file.path): line 2: expected a measure after step 1, found step 2") {
      _ = try reading(#"{"step":2,"epoch":1,"measured":{}}"#)
    }
    for line in [
      #"{"step":1,"epoch":1,"measured":null}"#, #"{"step":1,"epoch":1,"measured":{},"metrics":{}}"#,
    ] {
      expectError(
        .badData,
        "\(file.path): line 2: expected a JSON object with the metrics of a step, an epoch or a measure, "
          + "found \(line.prefix(60))"
      ) { _ = try reading(line) }
    }
  }

  @Test func theReportShowsThemByStep() throws {
    var history = History()
    history.losses = [3, 2, 1, 1]
    history.measures = [
      .init(step: 2, metrics: ["test_accuracy": 0.5, "train_accuracy": 0.4]),
      .init(step: 4, metrics: ["test_accuracy": 0.6, "train_accuracy": 0.7]),
    ]
    let html = Report(title: "t", sections: [RunReport.curves(of: history)]).html()
    #expect(html.contains("Accuracy by step") && !html.contains("Loss by step"))
    #expect(html.contains("Training: the mean over the steps since the measure before."))
  }
}
