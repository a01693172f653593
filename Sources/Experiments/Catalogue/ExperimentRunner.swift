import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

/// Carries out what the subcommands `train`, `evaluate` and `report` ask of an experiment.
public enum ExperimentRunner {
  /// What `train` is asked to do.
  public struct Request: Sendable {
    /// A file with the configuration to begin with, such as a run's own; nil for a preset.
    public var configuration: URL?
    /// Settings to change, in order.
    public var changes: [(key: String, value: String)] = []
    /// Where data are looked for.
    public var data: DataDirectory
    /// The run's folder; nil for a new one below `runs`.
    public var output: URL?
    /// The run to go on with; nil for a new one.
    public var resume: URL?
    /// The threads that were asked for, which an error repeats where it says how to go on; nil for all there are.
    public var threads: Int?
    /// Show nothing but errors.
    public var isQuiet = false
    /// Whether an error says how to go on with the run; not where another program decides that.
    public var saysHowToGoOn = true
    /// How it is carried out.
    public var options = Trainer.Options()

    /// A request with nothing changed.
    public init(data: DataDirectory) { self.data = data }
  }

  /// What a run came to, as `--json` prints it.
  public struct Summary: Codable, Sendable, Equatable {
    /// The experiment's name.
    public var experiment: String
    /// What the data were.
    public var data: String
    /// What was drawn was drawn from this.
    public var seed: UInt64
    /// Steps taken in all.
    public var steps: Int
    /// Seconds of training in this process; of measuring where nothing was trained.
    public var seconds: Double
    /// By plain names.
    public var metrics: [String: Double]
    /// The run's folder.
    public var run: String
    /// Whether it was stopped before its end.
    public var interrupted: Bool
    /// True if it has come to where it was to pause.
    public var paused: Bool?
  }

  /// Trains the experiment of that name, or goes on with a run of it.
  public static func train(_ name: String, _ request: Request) throws -> Summary {
    try train(ExperimentCatalogue.experiment(named: name), request)
  }

  /// Measures a run again with its newest checkpoint.
  ///
  /// - Parameter note: told if the run is not over, and of which step its weights are.
  public static func evaluate(
    _ folder: URL, data: DataDirectory, note: (String) -> Void = { _ in }
  ) throws -> Summary {
    let run = try RunDirectory(opening: folder)
    let opened = try open(run, data: data)
    if let words = try opened.unfinished { note("\(run.folder.path): \(words)") }
    let clock = ContinuousClock()
    let began = clock.now
    let metrics = try opened.experiment.task.finalMetrics()
    let seconds = (clock.now - began) / .seconds(1)
    opened.experiment.task.takeNotes().forEach(note)
    return opened.summary(metrics: metrics, seconds: seconds)
  }

  /// Writes a run's report again; returns the file.
  public static func report(_ folder: URL, data: DataDirectory) throws -> URL {
    let run = try RunDirectory(opening: folder)
    let opened = try open(run, data: data)
    let metrics =
      FileManager.default.fileExists(atPath: run.result.path)
      ? try RunDirectory.read(Summary.self, from: run.result).metrics
      : try opened.experiment.task.finalMetrics()
    try writeReport(
      opened.experiment, run, metrics: metrics, history: History(reading: run.metrics),
      remark: try opened.unfinished)
    return run.report
  }

  // MARK: - Training

  private static func train<Kind: Experiment>(_ kind: Kind.Type, _ request: Request) throws
    -> Summary
  {
    let note = progressNote(request.isQuiet)
    let (run, saved) = try prepare(kind, request)
    let configuration = saved.configuration
    ConfigurationEditor.remarks(on: request.changes, of: configuration).forEach(note)
    var options = request.options
    options.tracking = saved.tracking
    options.stepsBetweenMeasures = saved.measureEvery
    let experiment = try experiment(kind, configuration, run, request, note)
    guard let lock = try FileLock(run.metrics) else {
      throw AdjointError(
        .usage, "\(run.folder.path): another process trains this run; wait for it or stop it")
    }
    defer { withExtendedLifetime(lock) {} }
    // Another process may have been faster while the data were read.
    if request.resume != nil { try run.prepareToGoOn() } else { try run.requireNoRun() }
    let progress = ProgressDisplay.automatic(quiet: request.isQuiet)
    for words in unpublished(experiment.dataFiles) { note(words) }
    let total = experiment.plan.totalSteps(stepsPerEpoch: experiment.task.stepsPerEpoch)
    let taken = try stepsTaken(run, of: total, request)
    let trainer = try Trainer(
      experiment.task, plan: experiment.plan, run: run, resume: request.resume != nil,
      progress: progress, options: options)
    // Not before: a run that cannot be gone on with stays as it was. The configuration comes last: with it
    // the folder is a run, and has all that going on with one needs.
    try run.write(
      environment(of: experiment, goingOnWith: request.resume == nil ? nil : (run, taken), note),
      to: run.environment)
    if taken < total { try run.removeResult() }
    try run.write(saved, to: run.configuration)
    do {
      return try train(
        experiment, seed: configuration.seed, trainer, run, DiskPatience(options, progress),
        progress, note: note)
    } catch let error as AdjointError where error.kind == .diskFull && request.saysHowToGoOn {
      throw AdjointError(
        .diskFull,
        "\(error.message); once there is room go on with: adjoint train \(kind.information.name) "
          + "--resume \(shellWord(run.folder.path))"
          + (request.data.explicit.map { " --data-dir \(shellWord($0.path))" } ?? "")
          + (request.threads.map { " --threads \($0)" } ?? ""))
    }
  }

  /// The experiment of a new run, or of one that is gone on with; no empty folder is left where there is none.
  private static func experiment<Kind: Experiment>(
    _ kind: Kind.Type, _ configuration: Kind.Configuration, _ run: RunDirectory,
    _ request: Request, _ note: (String) -> Void
  ) throws -> Kind {
    guard request.resume != nil else {
      do { return try Kind(configuration, data: request.data, note: note) } catch {
        run.removeIfEmpty()
        throw error
      }
    }
    let experiment = try reopen(kind, configuration, run, request.data, note: note)
    try requireSameData(experiment, run)
    return experiment
  }

  /// The steps that a run has taken; throws a usage error where changes ask for fewer in all.
  private static func stepsTaken(
    _ run: RunDirectory, of total: Int, _ request: Request
  ) throws -> Int {
    // Whether it is whole the trainer sees.
    let newest = request.resume == nil ? nil : try Checkpoint.all(in: run.checkpoints).last
    let taken = newest.flatMap { Checkpoint.step(of: $0) } ?? 0
    guard request.changes.isEmpty || taken <= total else {
      throw AdjointError(
        .usage,
        "\(run.folder.path): has taken \(taken) steps, more than the \(total) asked for; "
          + "--steps \(taken) ends it as it is")
    }
    return taken
  }

  /// This process, and for a run that is gone on with the ones before it; says what is otherwise than before.
  private static func environment(
    of experiment: some Experiment, goingOnWith past: (run: RunDirectory, steps: Int)?,
    _ note: (String) -> Void
  ) throws -> RunEnvironment {
    let now = RunEnvironment.current(
      data: experiment.dataDescription, dataFiles: experiment.dataFiles,
      classNames: experiment.classNames)
    guard let past else { return now }
    let before = try RunDirectory.read(RunEnvironment.self, from: past.run.environment)
    let changes = before.changes(in: now)
    if !changes.isEmpty {
      note(
        "\(past.run.folder.path): goes on with \(changes.joined(separator: ", ")); its numbers may differ in "
          + "their last bits from those of a run without a stop")
    }
    return before.resumed(at: past.steps, in: now)
  }

  private static func train<Kind: Experiment>(
    _ experiment: Kind, seed: UInt64, _ trainer: Trainer, _ run: RunDirectory,
    _ patience: DiskPatience, _ progress: ProgressDisplay, note: (String) -> Void
  ) throws -> Summary {
    let outcome = try trainer.train()
    let summary = Summary(
      experiment: Kind.information.name, data: experiment.dataDescription, seed: seed,
      steps: outcome.steps, seconds: outcome.seconds,
      metrics: outcome.metrics, run: run.folder.path, interrupted: outcome.wasInterrupted,
      paused: outcome.isPaused ? true : nil)
    if !outcome.wasInterrupted && !outcome.isPaused {
      let measured = bestEpoch(experiment.plan, outcome.history)
      if !measured.isEmpty { note("weights: \(measured)") }
      try patience { try run.write(summary, to: run.result) }
      progress.show("writing the report …")
      try patience {
        try writeReport(experiment, run, metrics: outcome.metrics, history: outcome.history)
      }
      progress.finish()
    }
    return summary
  }

  private static func prepare<Kind: Experiment>(
    _ kind: Kind.Type, _ request: Request
  ) throws -> (RunDirectory, SavedConfiguration<Kind.Configuration>) {
    let name = kind.information.name
    guard let folder = request.resume else {
      let configuration = try configuration(kind, request.changes, from: request.configuration)
      let run =
        try request.output.map { try RunDirectory(creating: $0) } ?? RunDirectory(creatingFor: name)
      return (run, SavedConfiguration(name, configuration, request.options))
    }
    let run = try RunDirectory(opening: folder)
    // Settings of another experiment would not even be read.
    let experiment = try RunDirectory.read(SavedName.self, from: run.configuration).experiment
    guard experiment == name else {
      throw AdjointError(.usage, "\(folder.path): is a run of \(experiment), not of \(name)")
    }
    let saved = try RunDirectory.read(
      SavedConfiguration<Kind.Configuration>.self, from: run.configuration)
    // How long to train may change; all else, unless it is what the run has, would make it another run.
    let fixed = request.changes.filter { change in
      guard !["epochs", "steps"].contains(change.key) else { return false }
      let changed = try? ConfigurationEditor.apply([change], to: saved.configuration, of: name)
      let same = try? changed.map {
        try ConfigurationEditor.changes(from: saved.configuration, to: $0).isEmpty
      }
      return same != true
    }
    guard fixed.isEmpty else {
      throw AdjointError(
        .usage,
        "--resume takes its settings from the run; \(fixed.map(\.key).joined(separator: ", ")) cannot be "
          + "changed (epochs and steps can)")
    }
    return (
      run,
      SavedConfiguration(
        name, try ConfigurationEditor.apply(request.changes, to: saved.configuration, of: name),
        request.options, before: saved)
    )
  }

  static func configuration<Kind: Experiment>(
    _ kind: Kind.Type, _ changes: [(key: String, value: String)], from file: URL? = nil
  ) throws -> Kind.Configuration {
    let name = kind.information.name
    if let file {
      guard !changes.contains(where: { $0.key == "preset" }) else {
        throw AdjointError(.usage, "--config and --set preset exclude one another")
      }
      let saved = try ConfigurationFile(file, of: name)
      let base = try saved.apply(to: configuration(kind, []))
      return try ConfigurationEditor.apply(changes, to: base, of: name)
    }
    let preset = changes.last { $0.key == "preset" }?.value ?? "default"
    guard let base = kind.presets[preset] else {
      throw AdjointError(
        .usage, "\(name): " + unknown("preset", preset, among: Array(kind.presets.keys)))
    }
    return try ConfigurationEditor.apply(
      changes.filter { $0.key != "preset" }, to: base, of: name)
  }

  private static func progressNote(_ isQuiet: Bool) -> (String) -> Void {
    { text in if !isQuiet { ProgressDisplay.writeToStandardError(text + "\n") } }
  }
}

/// `configuration.json`
struct SavedConfiguration<Configuration: ExperimentConfiguration>: Codable {
  var experiment: String
  var configuration: Configuration
  var version: String
  /// What the run was asked to note for TensorBoard; nil if that was left to the experiment.
  var tracking: TrackingOptions?
  /// Steps from one measure to the next, where it was asked for some between the ends of epochs.
  var measureEvery: Int?

  /// - Parameter before: what was saved when the run began; what the options leave open stays as it was.
  init(
    _ experiment: String, _ configuration: Configuration, _ options: Trainer.Options = .init(),
    before: Self? = nil
  ) {
    self.experiment = experiment
    self.configuration = configuration
    tracking = options.tracking ?? before?.tracking
    measureEvery = options.stepsBetweenMeasures ?? before?.measureEvery
    version = adjointVersion
  }
}

/// What a `configuration.json` is of.
struct SavedName: Decodable {
  let experiment: String
}
