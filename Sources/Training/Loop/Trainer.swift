import Checkpoints
import Foundation
import Optimizers
import Tensors

/// The loop: steps, epochs, metrics, checkpoints, interruption.
///
/// 2N steps, and N steps, a resumption and N more, give the same bits in weights, optimiser and metrics, on
/// one machine with one number of threads.
public final class Trainer {
  private let task: any TrainingTask
  private let plan: TrainingPlan
  private let run: RunDirectory
  private let progress: ProgressDisplay
  private let options: Options
  private let patience: DiskPatience
  private let log: MetricsLog
  /// The average of the weights, where the task keeps one.
  private let average: WeightAverage?
  private var state: TrainingState
  /// The weights of the best epoch so far, where the plan keeps them.
  private var bestModel: [String: Tensor]?
  private let clock = ContinuousClock()
  private var hasBegun = false
  private var lastCheckpoint: ContinuousClock.Instant
  private var lastCheckpointStep = -1
  private let tracking: TrackingOptions
  private var speed = EpochSpeed()

  /// - Parameters:
  ///   - task: what is trained.
  ///   - plan: how long and at which rates.
  ///   - run: where everything is written.
  ///   - resume: whether to go on from the run's newest checkpoint.
  ///   - progress: what the user sees.
  ///   - options: how it is carried out.
  /// - Throws: `AdjointError` if there is no checkpoint to resume though something was measured, or it is
  ///   damaged.
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
    patience = DiskPatience(options, progress)
    average = task.weightAverage
    tracking = options.tracking ?? plan.tracking
    state = TrainingState()
    let newest = resume ? try Trainer.readNewest(in: run) : nil
    // Who was killed before the first checkpoint goes on from the beginning.
    guard newest != nil || !resume || !run.holdsMetrics else {
      throw AdjointError(.noInput, "\(run.checkpoints.path): holds no checkpoint to resume from")
    }
    if let (folder, saved) = newest {
      bestModel = try Trainer.restore(saved, into: task, from: folder)
      state = saved.state
      try state.check(stepsPerEpoch: task.stepsPerEpoch, in: folder)
    }
    state.stepsPerEpoch = task.stepsPerEpoch
    log = try MetricsLog(
      in: run, keeping: state.metricsBytes, resumedStep: resume ? state.step : nil)
    if newest != nil, state.batch > 0,
      let rate = try History(reading: run.metrics).learningRates.last
    {
      log.goOn(after: state.epoch + 1, rate: rate)
    }
    lastCheckpoint = clock.now
  }

  /// Trains to the end of the plan, or to where it is to pause, or until it is interrupted; once. To go on, make
  /// another trainer that resumes.
  public func train() throws -> Outcome {
    require(!hasBegun, "Trainer: trains once; to go on, make another one with resume: true")
    hasBegun = true
    let planned = plan.totalSteps(stepsPerEpoch: task.stepsPerEpoch)
    let total = min(planned, pauseStep ?? planned)
    try begin()
    let began = clock.now
    try takeSteps(to: total)
    let isComplete = state.step >= planned || isOver
    let isStopped = mayGoOn(to: total)
    if lastCheckpointStep != state.step { try writeCheckpoint() }
    let seconds = (clock.now - began) / .seconds(1)
    let result = try isStopped ? nil : measureResult()
    task.takeNotes().forEach { progress.note($0) }
    let metrics = result ?? [:]
    try Divergence.check(metrics, after: "step \(state.step)")
    if isComplete && result != nil { log.end(metrics, step: state.step) }
    try patience { try log.close() }
    // Only now: what is kept of each step would grow with the run.
    let history = try History(reading: run.metrics)
    Divergence.remark(on: history.losses).map { progress.note($0) }
    return Outcome(
      metrics: metrics, steps: state.step, seconds: seconds, history: history,
      wasInterrupted: result == nil, isPaused: result != nil && !isComplete)
  }

  /// Keeps what there is before the first step, and brings the task to the place of the next.
  private func begin() throws {
    // Whenever it is killed, there is a checkpoint to go on from.
    if state.step == 0 {
      try withAverage {
        try patience { try task.endOfEpoch(0, in: run) }
        try noteSummaries(epoch: 0)
      }
      try writeCheckpoint()
    }
    // An epoch may be over whose metrics were interrupted.
    let isEnd = state.batch == task.stepsPerEpoch
    try task.seek(epoch: state.epoch + (isEnd ? 1 : 0), batch: isEnd ? 0 : state.batch)
  }

  /// Trains until so many steps are taken, or the plan is over, or it is interrupted.
  private func takeSteps(to total: Int) throws {
    var meter = SpeedMeter(clock: clock, step: state.step)
    do {
      defer { progress.finish() }
      while mayGoOn(to: total) && !options.isInterrupted() {
        if isToMeasure { try measure() }
        if state.batch < task.stepsPerEpoch {
          try speed.measure(samples: { state.count }, waited: { task.secondsWaited }) {
            try trainEpoch(until: total, &meter)
          }
        }
        if state.batch == task.stepsPerEpoch { try finishEpoch(total, &meter) }
      }
    } catch let error as AdjointError where error.kind == .interrupted {
      // While it measured an epoch, which is over but for that.
    } catch {
      // What was measured so far shows how it came to that.
      try? log.close()
      throw error
    }
  }

  /// What the weights come to that the run ends with, which it leaves in the task; nil where it was interrupted.
  private func measureResult() throws -> [String: Double]? {
    if bestModel != nil || average != nil {
      try task.load(modelState: bestModel ?? withAverage { task.modelState })
    }
    do {
      defer { progress.finish() }
      progress.show("measuring the result …")
      return try task.finalMetrics()
    } catch let error as AdjointError where error.kind == .interrupted {
      return nil
    }
  }

  private var pauseStep: Int? {
    switch options.pause {
    case .epochs(let epochs): epochs * task.stepsPerEpoch
    case .steps(let steps): steps
    case nil: nil
    }
  }

  /// Whether no better epoch has come for as long as the plan waits for one.
  private var isOver: Bool {
    state.batch == 0 && plan.keepBest?.isOver(state.best, after: state.epoch) ?? false
  }

  private func mayGoOn(to total: Int) -> Bool {
    (state.step < total || state.batch == task.stepsPerEpoch || isToMeasure) && !isOver
  }

  /// Whether these steps ask for a measure that was not taken; at the end of an epoch it is taken with the epoch's.
  private var isToMeasure: Bool {
    state.batch < task.stepsPerEpoch && isMeasureDue
  }

  private var isMeasureDue: Bool {
    guard let interval = options.stepsBetweenMeasures, state.step > 0 else { return false }
    return state.step % interval == 0 && state.measured?.step != state.step
  }

  private func trainEpoch(until total: Int, _ meter: inout SpeedMeter) throws {
    while state.batch < task.stepsPerEpoch && state.step < total && !options.isInterrupted() {
      let rate = learningRate
      task.optimizer.learningRate = rate
      let isLast = state.batch + 1 == task.stepsPerEpoch
      let isNoted = tracking.isDue(state.step + 1, isLastOfEpoch: isLast)
      if isNoted || (isLast && tracking.summaries) { task.keepsGradients = true }
      let outcome = try step()
      average?.update()
      state.add(outcome)
      guard outcome.loss.isFinite else { throw divergence(outcome.loss) }
      log.step(state.step, epoch: state.epoch + 1, loss: outcome.loss, rate: rate)
      if options.checkFinite { try requireFiniteState() }
      if isNoted { noteWeights(isLastOfEpoch: isLast) }
      if isToMeasure { try measure() }
      if meter.isDue() { try everyTenthOfASecond(total, meter) }
    }
  }

  /// Measures within an epoch what is measured after one.
  private func measure() throws {
    try requireFiniteState()
    let metrics = try withAverage { try task.epochMetrics() }
    task.takeNotes().forEach { progress.note($0) }
    try Divergence.check(metrics, after: place)
    noteMeasure(metrics)
  }

  /// Logs what was measured, with the means of training since the measure before it or the epoch's beginning.
  private func noteMeasure(_ metrics: [String: Double]) {
    let measure = History.Measure(
      step: state.step, metrics: metrics.merging(state.meansSinceMeasure) { $1 })
    log.measure(measure, epoch: state.epoch + 1)
    progress.measured(metrics)
    state.noteMeasure()
  }

  private func step() throws -> StepOutcome {
    do { return try task.step(state.step, checkFinite: options.checkFinite) } catch var error
      as NonFiniteError
    {
      error.place = "step \(state.step + 1) (epoch \(state.epoch + 1), batch \(state.batch + 1))"
      throw error
    }
  }

  private func everyTenthOfASecond(_ total: Int, _ meter: SpeedMeter) throws {
    if progress.wantsUpdates { progress.update(snapshot(total, meter)) }
    // The end of an epoch is seen to by finishEpoch, after its metrics.
    if state.batch < task.stepsPerEpoch { try writeCheckpointIfDue() }
  }

  private var learningRate: Double {
    let lowered = plan.plateau == nil ? nil : state.plateau?.rate
    return plan.schedule.rate(
      base: lowered ?? plan.learningRate,
      at: plan.scheduleUnit == .epoch ? state.epoch : state.step)
  }

  private func finishEpoch(_ total: Int, _ meter: inout SpeedMeter) throws {
    let began = clock.now
    try requireFiniteState()
    try withAverage {
      var metrics = try task.epochMetrics()
      task.takeNotes().forEach { progress.note($0) }
      try Divergence.check(metrics, after: place)
      if isMeasureDue { noteMeasure(metrics) }
      metrics["train_loss"] = state.loss / Double(state.count)
      if let correct = state.correct {
        metrics["train_accuracy"] = Double(correct) / Double(state.count)
      }
      let epoch = History.Epoch(epoch: state.epoch + 1, step: state.step, metrics: metrics)
      log.epoch(epoch)
      // Before the checkpoint that leaves this epoch behind.
      try patience { try task.endOfEpoch(epoch.epoch, in: run) }
      for summary in speed.take() { log.summary(summary, step: state.step) }
      try noteSummaries(epoch: epoch.epoch)
      meter.leaveOut(clock.now - began)
      progress.endOfEpoch(snapshot(total, meter), metrics: metrics)
      state.beginNextEpoch()
      keepIfBest(metrics)
      lowerIfStale(metrics)
    }
    try writeCheckpointIfDue()
  }

  private func noteWeights(isLastOfEpoch: Bool) {
    let summaries = WeightSummaries.summaries(
      of: task.optimizer.parameters, task.gradients, tracking)
    for summary in summaries { log.summary(summary, step: state.step) }
    if !(isLastOfEpoch && tracking.summaries) { task.keepsGradients = false }
  }

  private func noteSummaries(epoch: Int) throws {
    guard tracking.summaries else { return }
    for summary in try task.summaries(epoch, gradients: task.gradients) {
      log.summary(summary, step: state.step)
    }
    task.keepsGradients = false
  }

  /// Runs `body` with the averaged weights in the model, where there is an average: what is measured and shown
  /// are they.
  private func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let average else { return try body() }
    return try average.withAverage(body)
  }

  private func value(_ name: String, of metrics: [String: Double], _ what: String) -> Double {
    guard let value = metrics[name] else {
      stop(
        "Trainer: the plan \(what) \(name), and the task measures "
          + "\(metrics.keys.sorted().joined(separator: ", "))")
    }
    return value
  }

  private func lowerIfStale(_ metrics: [String: Double]) {
    guard let plateau = plan.plateau else { return }
    let value = value(plateau.metric, of: metrics, "lowers the rate on a plateau of")
    var found =
      state.plateau ?? TrainingState.Plateau(rate: plan.learningRate, rule: plateau.rule)
    found.rate = found.rule.rate(after: value, current: found.rate)
    state.plateau = found
  }

  private func keepIfBest(_ metrics: [String: Double]) {
    guard let rule = plan.keepBest else { return }
    let value = value(rule.metric, of: metrics, "keeps the best epoch by")
    guard rule.isBetter(value, than: state.best) else { return }
    state.best = .init(epoch: state.epoch, value: value)
    // Values, not references: an optimiser that goes on writes to a copy.
    bestModel = task.modelState
  }

  private func writeCheckpointIfDue() throws {
    let age = (clock.now - lastCheckpoint) / .seconds(1)
    if age >= options.secondsBetweenCheckpoints { try writeCheckpoint() }
  }

  private func writeCheckpoint() throws {
    try requireFiniteState()
    try patience { try saveCheckpoint() }
    lastCheckpoint = clock.now
    lastCheckpointStep = state.step
  }

  private func saveCheckpoint() throws {
    try log.flush()
    state.metricsBytes = log.byteCount
    let name = Checkpoint.name(step: state.step)
    // Who loads the checkpoint's model gets the one to use: the best, or the average, or the running one. Who
    // goes on with the run finds the others beside the optimiser's state.
    var optimizer = task.optimizer.state
    let averaged = average.map { $0.withAverage { task.modelState } }
    func add(_ model: [String: Tensor], _ prefix: String) {
      for (name, value) in model { optimizer[prefix + name] = value }
    }
    if bestModel != nil || averaged != nil { add(task.modelState, CheckpointPrefix.running) }
    if bestModel != nil, let averaged { add(averaged, CheckpointPrefix.average) }
    state.averageUpdates = average?.updates
    _ = try Checkpoint.write(
      model: bestModel ?? averaged ?? task.modelState, optimizer: optimizer, state: state,
      named: name,
      in: run.checkpoints)
    try Checkpoint.prune(keeping: options.keptCheckpoints, in: run.checkpoints)
  }

  private func snapshot(_ total: Int, _ meter: SpeedMeter) -> ProgressDisplay.Snapshot {
    let speed = meter.stepsPerSecond(at: state.step)
    let samplesPerStep = Double(task.samplesPerEpoch) / Double(task.stepsPerEpoch)
    // Of the whole run, also where it is to pause before its end.
    let planned = plan.totalSteps(stepsPerEpoch: task.stepsPerEpoch)
    let epochs = (planned + task.stepsPerEpoch - 1) / task.stepsPerEpoch
    return ProgressDisplay.Snapshot(
      epoch: min(state.epoch + 1, epochs), epochs: epochs, step: state.step, totalSteps: total,
      loss: state.count > 0 ? state.loss / Double(state.count) : .nan,
      accuracy: state.correct.map { Double($0) / Double(max(state.count, 1)) },
      samplesPerSecond: speed * samplesPerStep,
      secondsLeft: meter.secondsLeft(to: total, at: state.step))
  }

  private func divergence(_ loss: Double) -> AdjointError {
    let advice = state.step > 1 ? Divergence.advice : Divergence.adviceAtFirst
    return AdjointError(
      .badData, "the loss became \(loss.isNaN ? "nan" : "\(loss)") at \(place); \(advice)\(hint)")
  }

  /// A loss is that of the weights before its step: what the step made of them shows here. No checkpoint, no
  /// measure and no best epoch is of weights that are lost.
  private func requireFiniteState() throws {
    for (name, value) in task.modelState.sorted(by: { $0.key < $1.key }) {
      let bad = value.nonFiniteCount
      guard bad > 0 else { continue }
      let found = "\(bad) of \(value.count) elements of \(name) of shape \(value.shape)"
      throw AdjointError(
        .badData,
        state.step == 0
          ? "\(found) are NaN or infinite before the first step"
          : "\(found) became NaN or infinite at \(place); \(Divergence.advice)\(hint)")
    }
  }

  /// The last step.
  private var place: String {
    "step \(state.step) (epoch \(state.epoch + 1), batch \(state.batch))"
  }

  private var hint: String {
    options.checkFinite ? "" : ", and --check-finite finds the operation that did it"
  }
}
