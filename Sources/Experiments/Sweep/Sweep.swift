import Checkpoints
import Foundation
import Tensors
import Training

/// Many trials of an experiment with different settings, compared by a metric.
///
/// What it has done is in its folder, so that it can be killed at any moment and gone on with.
public final class Sweep {
  /// Starts a trial, or goes on with it; nil if the sweep was interrupted while it waited to.
  public typealias Launch = (TrialJob) throws -> (any RunningTrial)?

  /// How a sweep is carried out, beside what determines its result.
  public struct Options {
    /// Trials at the same time.
    public var parallel = 1
    /// What the user sees.
    public var progress = SweepProgress(.silent)
    /// Asked again and again whether to stop; by default whether a signal asked for it.
    public var isInterrupted: () -> Bool = { Interruption.isRequested }
    /// How a trial is started; `adjoint train` in a process of its own by default.
    public var launch: Launch?

    /// The defaults.
    public init() {}
  }

  /// What it is asked to do.
  public let request: SweepRequest
  /// Where everything is written.
  public let folder: URL
  let space: SearchSpace
  let ledger: SweepLedger
  /// Whether trials are not to find data that have been put there since it was begun on drawn ones.
  private var drawsItsOwn = false

  /// A new sweep.
  ///
  /// - Parameters:
  ///   - request: what to do.
  ///   - output: its folder; a new one below `runs` if nil.
  /// - Throws: `AdjointError` for what is wrong with the request, as far as that can be known before trials run.
  public init(_ request: SweepRequest, output: URL?) throws {
    var request = request
    try request.rootPaths()
    space = try SearchSpace(request.space)
    if let output { try Self.requireNoSweep(in: output) }
    // First: a metric that there is none of may be one misspelt.
    try SweepProbe.complete(&request, space)
    guard request.isDirectionKnown != false else {
      throw AdjointError(
        .usage,
        "--metric \(request.metric): whether less of it is better is not known; say --minimize or --maximize"
      )
    }
    request.version = adjointVersion
    self.request = request
    folder = try output ?? RunDirectory(creatingFor: "\(request.experiment)-sweep").folder
    try OutputFolder.prepare(folder)
    ledger = try SweepLedger(in: folder)
    // Another process may have been faster while the data were read.
    try Self.requireNoSweep(in: folder)
    guard ledger.records.isEmpty else {
      throw AdjointError(
        .usage,
        "\(folder.path): holds the trials of another sweep (trials.jsonl) without its sweep.json; remove them or "
          + "name another folder (--output)")
    }
    try RunDirectory.writeJSON(request, to: folder.appendingPathComponent("sweep.json"))
  }

  private static func requireNoSweep(in folder: URL) throws {
    let file = folder.appendingPathComponent("sweep.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    throw AdjointError(
      .usage,
      "\(folder.path): holds a sweep already; go on with it (--resume) or name another folder (--output)"
    )
  }

  /// Goes on with a sweep.
  ///
  /// - Parameters:
  ///   - folder: where it is.
  ///   - experiment: whose it has to be.
  ///   - dataDir: where data are looked for now; where they were if nil.
  /// - Throws: `AdjointError` if there is none, it is another experiment's, or its data are not there.
  public init(resuming folder: URL, of experiment: String, dataDir: String?) throws {
    self.folder = folder
    let file = folder.appendingPathComponent("sweep.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw AdjointError(
        .noInput, "\(folder.path): is not the folder of a sweep: it has no sweep.json")
    }
    var request = try RunDirectory.read(SweepRequest.self, from: file)
    guard request.experiment == experiment else {
      throw AdjointError(
        .usage, "\(folder.path): is a sweep of \(request.experiment), not of \(experiment)")
    }
    request.dataDir = dataDir ?? request.dataDir
    space = try SearchSpace(request.space)
    try request.requireTrials(in: space, file: file.path)
    try request.requireRungs(file: file.path)
    ledger = try SweepLedger(in: folder)
    for (index, record) in ledger.records.enumerated() {
      guard (0..<request.trials).contains(record.trial) else {
        throw AdjointError(
          .badData,
          "\(folder.path)/trials.jsonl: line \(index + 1): expected one of the \(request.trials) trials of "
            + "sweep.json, found trial \(record.trial)")
      }
      let settings = request.settings(record.trial, in: space)
      guard record.settings == Dictionary(uniqueKeysWithValues: settings) else {
        throw AdjointError(
          .badData,
          "\(folder.path)/trials.jsonl: line \(index + 1): expected the settings that sweep.json gives trial "
            + "\(record.trial), \(Self.text(settings)); found others")
      }
    }
    // Trials that do not find their data would all count as failed.
    var (probed, redrawn) = (request, request)
    try SweepProbe.complete(&probed, space)
    if probed.data != request.data {
      // Data that were drawn are drawn again, even if files of that set are found by now.
      try? SweepProbe.complete(&redrawn, space, data: .nowhere)
      let wereDrawn = redrawn.data == request.data
      guard wereDrawn, dataDir == nil else {
        throw AdjointError(
          .noInput,
          "\(folder.path): was begun on \(request.data), found \(probed.data); "
            + (wereDrawn ? "leave out --data-dir" : "say where its data are (--data-dir)"))
      }
      drawsItsOwn = true
    }
    self.request = request
  }

  /// Runs what is left of it, and writes table, report and best configuration.
  ///
  /// - Parameter options: how it is carried out.
  /// - Throws: `AdjointError`: what stops every trial, such as a full disk; a trial that someone trained further.
  public func run(_ options: Options) throws -> SweepResult {
    do { return try runRungs(options) } catch let error as AdjointError
      where error.kind == .diskFull
    {
      throw AdjointError(
        .diskFull,
        "\(error.message); once there is room go on with: adjoint sweep \(request.experiment) "
          + "--resume \(shellWord(folder.path))")
    }
  }

  private func runRungs(_ options: Options) throws -> SweepResult {
    options.progress.begin(
      done: shareDone, finished: finishedTrials, best: bestSoFar)
    defer { options.progress.finish() }
    try OutputFolder.prepare(folder.appendingPathComponent("trials", isDirectory: true))
    var alive = Array(0..<request.trials)
    var interrupted = false
    for rung in request.rungs.indices where !interrupted {
      if rung > 0 {
        let promoted = promoted(alive, to: rung)
        Set(alive).subtracting(promoted).forEach(removeCheckpoints)
        alive = promoted
      }
      do {
        interrupted = try !run(alive.filter { ledger.record($0, rung: rung) == nil }, rung, options)
      } catch {
        // What came before is there to be looked at. What stops the sweep may forbid that too, and says more.
        try? write(result(interrupted: true))
        throw error
      }
    }
    let result = result(interrupted: interrupted)
    try write(result)
    return result
  }

  private func result(interrupted: Bool) -> SweepResult {
    SweepResult(request, space, folder: folder, records: ledger.records, interrupted: interrupted)
  }

  // MARK: - One rung

  /// Runs trials to the end of a rung; false if it was interrupted.
  private func run(_ trials: [Int], _ rung: Int, _ options: Options) throws -> Bool {
    var queue = trials[...]
    var running: [(trial: Int, process: any RunningTrial)] = []
    var isStopping = false
    func stop() {
      isStopping = true
      for (_, process) in running { process.stop() }
    }
    do {
      while !running.isEmpty || !(queue.isEmpty || isStopping) {
        if !isStopping && options.isInterrupted() { stop() }
        while !isStopping, running.count < max(options.parallel, 1), let trial = queue.first {
          try requireOwnSettings(
            of: trial, ExperimentCatalogue.experiment(named: request.experiment))
          guard let process = try launch(job(trial, rung), options) else {
            stop()
            break
          }
          queue.removeFirst()
          running.append((trial, process))
        }
        let ended = running.enumerated().compactMap { index, entry in
          entry.process.outcome().map { (index, entry.trial, $0) }
        }
        for (index, _, _) in ended.reversed() { running.remove(at: index) }
        for (_, trial, outcome) in ended {
          // Whoever stopped a trial meant the sweep.
          if outcome == .interrupted { stop() } else { try enter(outcome, trial, rung, options) }
        }
        options.progress.tick(trials: request.trials)
        if ended.isEmpty && !running.isEmpty { usleep(10_000) }
      }
    } catch {
      stop()
      while !running.allSatisfy({ $0.process.outcome() != nil }) { usleep(10_000) }
      throw error
    }
    return !isStopping
  }

  private func launch(_ job: TrialJob, _ options: Options) throws -> (any RunningTrial)? {
    if let launch = options.launch { return try launch(job) }
    let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    var isTold = false
    return try TrialProcess(job, executable: executable) {
      if !isTold {
        options.progress.note("trial \(job.trial): waiting for the process that still saves it")
      }
      isTold = true
      usleep(20_000)
      return !options.isInterrupted()
    }
  }

  private func job(_ trial: Int, _ rung: Int) -> TrialJob {
    let budget = request.rungs[rung].budget
    return TrialJob(
      experiment: request.experiment, trial: trial, rung: rung,
      changes: request.changes(trial, in: space),
      pause: budget.map { request.unit == "steps" ? .steps($0) : .epochs($0) },
      folder: trialFolder(trial), threads: request.threads, dataDir: request.dataDir,
      findsNoData: drawsItsOwn)
  }

  /// Throws bad data if a trial's run has other settings than it was given: someone has gone on with it alone.
  private func requireOwnSettings<Kind: Experiment>(of trial: Int, _ kind: Kind.Type) throws {
    let file = trialFolder(trial).appendingPathComponent("configuration.json")
    guard
      let saved = try? RunDirectory.read(
        SavedConfiguration<Kind.Configuration>.self, from: file),
      try ConfigurationEditor.rooted(saved.configuration)
        != ExperimentRunner.configuration(kind, request.changes(trial, in: space))
    else { return }
    throw AdjointError(
      .badData,
      "\(trialFolder(trial).path): has other settings than its sweep gave it, as after a resumption of its own; "
        + "remove this folder and go on with the sweep (--resume), which trains it anew")
  }

  /// The folder of a trial's run.
  func trialFolder(_ trial: Int) -> URL { Self.trialFolder(trial, in: folder) }

  static func trialFolder(_ trial: Int, in folder: URL) -> URL {
    let digits = "\(trial)"
    let name = String(repeating: "0", count: max(4 - digits.count, 0)) + digits
    return folder.appendingPathComponent("trials/\(name)", isDirectory: true)
  }

  private func enter(
    _ outcome: TrialOutcome, _ trial: Int, _ rung: Int, _ options: Options
  ) throws {
    let settings = request.settings(trial, in: space)
    var record = SweepLedger.Record(
      trial: trial, rung: rung, settings: Dictionary(uniqueKeysWithValues: settings))
    switch outcome {
    case .finished(let metrics, let steps, let seconds):
      if let end = lastStep(of: trial, rung), steps > end {
        throw AdjointError(
          .badData,
          "\(trialFolder(trial).path): was trained to step \(steps), and its sweep compares it at step "
            + "\(end); remove this folder and go on with the sweep (--resume), which trains it anew"
        )
      }
      (record.metrics, record.steps, record.seconds) = (metrics, steps, seconds)
      if metrics[request.metric]?.isFinite != true {
        record.error =
          metrics[request.metric].map { "\(request.metric) became \($0)" }
          ?? "gave no metric named \(request.metric)"
      }
    case .failed(let message): record.error = message
    case .stopped(let error): throw error
    case .interrupted: return
    }
    try ledger.append(record)
    if record.error != nil { removeCheckpoints(trial) }
    if rung == request.rungs.count - 1 { removeSurplusCheckpoints() }
    let rungs = request.rungs.count
    let place = rungs > 1 ? "  rung \(rung + 1)/\(rungs)" : ""
    let varying = settings.filter { key, _ in space.varying.contains { $0.key == key } }
    let outcome =
      record.error.map { "failed: \($0)" }
      ?? SweepTable.measured(Metric(request.metric), record.metrics)
      + String(format: "  (%.1f s)", record.seconds)
    options.progress.trial(
      "trial \(trial)\(place)  \(Self.text(varying))  \(outcome)", done: shareDone,
      finished: finishedTrials, best: bestSoFar)
  }

  /// The step at which a trial is compared with those of its rung; nil at the plan's end, and where the trial was
  /// over before.
  private func lastStep(of trial: Int, _ rung: Int) -> Int? {
    guard let budget = request.rungs[rung].budget, request.unit == "epochs" else {
      return request.rungs[rung].budget
    }
    // How many steps an epoch has depends on the trial's settings, and its log knows.
    let log = trialFolder(trial).appendingPathComponent("metrics.jsonl")
    return (try? History(reading: log))?.epochs.first { $0.epoch == budget }?.step
  }

  private static func text(_ settings: [(key: String, value: String)]) -> String {
    settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// A trial that is over needs none to go on from, and a hundred trials of a large model would fill a disk.
  private func removeCheckpoints(_ trial: Int) {
    let folder = trialFolder(trial).appendingPathComponent("checkpoints")
    try? FileManager.default.removeItem(at: folder)
  }

  /// The best ten of those that trained to the end keep theirs.
  private func removeSurplusCheckpoints() {
    let last = request.rungs.count - 1
    let complete = SweepResult(
      request, space, folder: folder, records: ledger.records.filter { $0.rung == last },
      interrupted: true
    ).rows
    for row in complete.dropFirst(10) { removeCheckpoints(row.trial) }
  }

  // MARK: - What is left in the folder

  private func write(_ result: SweepResult) throws {
    func write(_ text: String, _ name: String) throws {
      try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent(name))
    }
    try write(SweepTable.markdown(result), "table.md")
    try write(SweepTable.csv(result), "table.csv")
    if let best = result.best {
      try writeBest(best, ExperimentCatalogue.experiment(named: request.experiment))
    }
    try write(SweepReport.report(of: result).html(), "sweep.html")
  }

  private func writeBest<Kind: Experiment>(_ best: SweepResult.Row, _ kind: Kind.Type) throws {
    let configuration = try ExperimentRunner.configuration(
      kind, request.changes(best.trial, in: space))
    try RunDirectory.writeJSON(
      SavedConfiguration(request.experiment, configuration),
      to: folder.appendingPathComponent("best.json"))
  }
}
