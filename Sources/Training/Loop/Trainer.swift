import Checkpoints
import Foundation
import Optimizers
import Tensors

/// The loop: steps, epochs, metrics, checkpoints, interruption.
///
/// 2N steps, and N steps, a resumption and N more, give the same bits in weights, optimiser and metrics, on
/// one machine with one number of threads.
public final class Trainer {
  /// How a run is carried out, beside what determines its result.
  public struct Options: Sendable {
    /// Whether to look at every value for NaN and infinity, at a cost.
    public var checkFinite = false
    /// A checkpoint is written when the last one is this many seconds old.
    public var secondsBetweenCheckpoints = 10.0
    /// How many checkpoints are kept.
    public var keptCheckpoints = 2
    /// Asked before each step whether to save and stop; by default whether a signal asked for it.
    public var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }

    /// The defaults.
    public init() {}
  }

  /// What a run came to.
  public struct Outcome: Sendable {
    /// By name: `train_loss`, `test_accuracy`.
    public let metrics: [String: Double]
    /// Steps taken in all.
    public let steps: Int
    /// Seconds of training, from the first step of this process to the last, evaluation included.
    public let seconds: Double
    /// What was measured.
    public let history: History
    /// Whether it was stopped before its end, by a signal.
    public let wasInterrupted: Bool
  }

  private let task: any TrainingTask
  private let plan: TrainingPlan
  private let run: RunDirectory
  private let progress: ProgressDisplay
  private let options: Options
  private let log: MetricsLog
  private var state: TrainingState
  private var history: History
  private let clock = ContinuousClock()
  private var lastCheckpoint: ContinuousClock.Instant
  private var lastCheckpointStep = -1

  /// - Parameters:
  ///   - task: what is trained.
  ///   - plan: how long and at which rates.
  ///   - run: where everything is written.
  ///   - resume: whether to go on from the run's newest checkpoint.
  ///   - progress: what the user sees.
  ///   - options: how it is carried out.
  /// - Throws: ``AdjointError`` if there is no checkpoint to resume, or it is damaged.
  public init(
    _ task: any TrainingTask, plan: TrainingPlan, run: RunDirectory, resume: Bool,
    progress: ProgressDisplay, options: Options = Options()
  ) throws {
    require(
      plan.epochs >= 1 && task.stepsPerEpoch >= 1,
      "Trainer: \(plan.epochs) epochs of \(task.stepsPerEpoch) steps")
    self.task = task
    self.plan = plan
    self.run = run
    self.progress = progress
    self.options = options
    state = TrainingState()
    history = History()
    if resume {
      guard let newest = try Checkpoint.latest(in: run.checkpoints) else {
        throw AdjointError(.noInput, "\(run.checkpoints.path): holds no checkpoint to resume from")
      }
      let saved = try Checkpoint.read(newest, as: TrainingState.self)
      try task.load(modelState: saved.model)
      try task.optimizer.load(state: saved.optimizer)
      state = saved.state
      guard state.stepsPerEpoch == task.stepsPerEpoch else {
        throw AdjointError(
          .badData,
          "\(newest.path): was written with \(state.stepsPerEpoch) steps to an epoch, and the data now "
            + "give \(task.stepsPerEpoch)")
      }
    }
    state.stepsPerEpoch = task.stepsPerEpoch
    log = try MetricsLog(in: run, keeping: state.metricsBytes, step: state.step)
    if resume { history = try History(reading: run.metrics) }
    lastCheckpoint = clock.now
  }

  /// Loads the newest checkpoint of a run into a task; returns the steps it had taken.
  ///
  /// - Throws: ``AdjointError`` if there is none, or it is damaged or of another model.
  public static func loadNewest(in run: RunDirectory, into task: any TrainingTask) throws -> Int {
    guard let newest = try Checkpoint.latest(in: run.checkpoints) else {
      throw AdjointError(.noInput, "\(run.checkpoints.path): holds no checkpoint")
    }
    let saved = try Checkpoint.read(newest, as: TrainingState.self)
    try task.load(modelState: saved.model)
    return saved.state.step
  }

  /// Trains to the end of the plan, or until it is interrupted.
  public func train() throws -> Outcome {
    let total = plan.totalSteps(stepsPerEpoch: task.stepsPerEpoch)
    let began = clock.now
    var meter = SpeedMeter(clock: clock, step: state.step)
    // Whenever it is killed, there is a checkpoint to go on from.
    if state.step == 0 {
      try task.endOfEpoch(0, in: run)
      try writeCheckpoint()
    }
    try task.seek(epoch: state.epoch, batch: state.batch)
    do {
      defer { progress.finish() }
      while state.step < total && !options.isInterrupted() {
        try trainEpoch(until: total, &meter)
        if state.batch == task.stepsPerEpoch { try finishEpoch(total, meter) }
      }
    } catch {
      // What was measured so far shows how it came to that.
      try? log.close()
      throw error
    }
    let wasInterrupted = state.step < total
    if lastCheckpointStep != state.step { try writeCheckpoint() }
    let seconds = (clock.now - began) / .seconds(1)
    let metrics = wasInterrupted ? [:] : try task.finalMetrics()
    try log.close()
    return Outcome(
      metrics: metrics, steps: state.step, seconds: seconds, history: history,
      wasInterrupted: wasInterrupted)
  }

  private func trainEpoch(until total: Int, _ meter: inout SpeedMeter) throws {
    while state.batch < task.stepsPerEpoch && state.step < total && !options.isInterrupted() {
      let rate = learningRate
      task.optimizer.learningRate = rate
      let outcome = try task.step(state.step, checkFinite: options.checkFinite)
      state.add(outcome)
      guard outcome.loss.isFinite else { throw divergence(outcome.loss) }
      history.losses.append(outcome.loss)
      history.learningRates.append(rate)
      try log.step(state.step, epoch: state.epoch + 1, loss: outcome.loss, rate: rate)
      if meter.isDue() { try everyTenthOfASecond(total, meter) }
    }
  }

  private func everyTenthOfASecond(_ total: Int, _ meter: SpeedMeter) throws {
    if progress.wantsUpdates { progress.update(snapshot(total, meter)) }
    // The end of an epoch is seen to by finishEpoch, after its metrics.
    if state.batch < task.stepsPerEpoch { try writeCheckpointIfDue() }
  }

  private var learningRate: Double {
    plan.schedule.rate(
      base: plan.learningRate, at: plan.scheduleUnit == .epoch ? state.epoch : state.step)
  }

  private func finishEpoch(_ total: Int, _ meter: SpeedMeter) throws {
    var metrics = try task.epochMetrics()
    metrics["train_loss"] = state.loss / Double(state.count)
    if let correct = state.correct {
      metrics["train_accuracy"] = Double(correct) / Double(state.count)
    }
    let epoch = History.Epoch(epoch: state.epoch + 1, step: state.step, metrics: metrics)
    history.epochs.append(epoch)
    try log.epoch(epoch)
    // Before the checkpoint that leaves this epoch behind.
    try task.endOfEpoch(epoch.epoch, in: run)
    progress.endOfEpoch(snapshot(total, meter), metrics: metrics)
    state.beginNextEpoch()
    try writeCheckpointIfDue()
  }

  private func writeCheckpointIfDue() throws {
    let age = (clock.now - lastCheckpoint) / .seconds(1)
    if age >= options.secondsBetweenCheckpoints { try writeCheckpoint() }
  }

  private func writeCheckpoint() throws {
    try log.flush()
    state.metricsBytes = log.byteCount
    let name = Checkpoint.name(step: state.step)
    _ = try Checkpoint.write(
      model: task.modelState, optimizer: task.optimizer.state, state: state, named: name,
      in: run.checkpoints)
    try Checkpoint.prune(keeping: options.keptCheckpoints, in: run.checkpoints)
    lastCheckpoint = clock.now
    lastCheckpointStep = state.step
  }

  private func snapshot(_ total: Int, _ meter: SpeedMeter) -> ProgressDisplay.Snapshot {
    let speed = meter.stepsPerSecond(at: state.step)
    let samplesPerStep = Double(task.samplesPerEpoch) / Double(task.stepsPerEpoch)
    let epochs = (total + task.stepsPerEpoch - 1) / task.stepsPerEpoch
    return ProgressDisplay.Snapshot(
      epoch: min(state.epoch + 1, epochs), epochs: epochs, step: state.step, totalSteps: total,
      loss: state.count > 0 ? state.loss / Double(state.count) : .nan,
      accuracy: state.correct.map { Double($0) / Double(max(state.count, 1)) },
      samplesPerSecond: speed * samplesPerStep,
      secondsLeft: speed > 0 ? Double(total - state.step) / speed : .infinity)
  }

  private func divergence(_ loss: Double) -> AdjointError {
    AdjointError(
      .badData,
      "the loss became \(loss.isNaN ? "nan" : "\(loss)") at step \(state.step) "
        + "(epoch \(state.epoch + 1), batch \(state.batch)); a lower --learning-rate usually helps, "
        + "and --check-finite finds the operation that did it"
    )
  }
}

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
  /// The length of `metrics.jsonl` that belongs to these steps.
  var metricsBytes = 0

  mutating func add(_ outcome: StepOutcome) {
    step += 1
    batch += 1
    loss += outcome.loss * Double(outcome.count)
    count += outcome.count
    if let right = outcome.correct { correct = (correct ?? 0) + right }
  }

  mutating func beginNextEpoch() {
    epoch += 1
    batch = 0
    loss = 0
    count = 0
    correct = nil
  }
}

/// Steps per second since the loop began, and when to show them next.
struct SpeedMeter {
  private let clock: ContinuousClock
  private let began: ContinuousClock.Instant
  private let firstStep: Int
  private var due: ContinuousClock.Instant

  init(clock: ContinuousClock, step: Int) {
    self.clock = clock
    began = clock.now
    firstStep = step
    due = began + .milliseconds(100)
  }

  /// True ten times a second.
  mutating func isDue() -> Bool {
    let now = clock.now
    guard now >= due else { return false }
    due = now + .milliseconds(100)
    return true
  }

  func stepsPerSecond(at step: Int) -> Double {
    let seconds = (clock.now - began) / .seconds(1)
    return seconds > 0 ? Double(step - firstStep) / seconds : 0
  }
}
