import ArgumentParser
import Experiments
import Foundation
import Tensors
import Training

/// `adjoint train`
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train an experiment, or go on with a run of it.",
    discussion: """
      A run's folder holds configuration.json, environment.json, metrics.jsonl, TensorBoard event \
      files, checkpoints and report.html. Ctrl-C finishes the step, saves, and exits with 130; \
      --resume goes on from there. --config takes the configuration.json of a run or the best.json of a \
      sweep; --set and the other flags change it further, a flag such as --epochs before --set epochs.
      """)

  @Argument(help: ArgumentHelp("The experiment; see adjoint list.", valueName: "name"))
  var name: String

  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp(
      "A configuration to begin with, such as a sweep's best.json.", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp("The run's folder; a new one below runs by default.", valueName: "folder"))
  var output: String?

  @Option(parsing: .unconditional, help: "Epochs to train.")
  var epochs: Int?

  @Option(parsing: .unconditional, help: "Steps to train.")
  var steps: Int?

  @Option(parsing: .unconditional, help: "Samples in a batch.")
  var batchSize: Int?

  @Option(parsing: .unconditional, help: "The learning rate to begin with.")
  var learningRate: Double?

  @Option(parsing: .unconditional, help: "What weights, order and noise are drawn from.")
  var seed: UInt64?

  @Option(help: "float32, float64, or, for convolutional networks, bfloat16.")
  var precision: String?

  @Option(help: "tape or by-hand, where the experiment has both.")
  var gradients: String?

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var settings: SettingOptions

  @Option(help: ArgumentHelp("Go on with this run from its newest checkpoint.", valueName: "run"))
  var resume: String?

  @Option(
    parsing: .unconditional,
    help: "Save, measure and stop after this many epochs; the schedule stays the whole run's.")
  var pauseAfterEpochs: Int?

  @Option(parsing: .unconditional, help: "The same after this many steps.")
  var pauseAfterSteps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds from one checkpoint to the next; 10 by default.", valueName: "seconds"))
  var saveEvery: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long a full disk is tried again before the run stops; 60 by default.",
      valueName: "seconds"))
  var waitForDisk: Double?

  @Flag(help: "Stop as at Ctrl-C when standard input ends; for programs that start runs.")
  var stopWithInput = false

  @Flag(help: "Look for NaN and infinity after every operation, and name the first.")
  var checkFinite = false

  @Option(
    help: ArgumentHelp(
      "Note for TensorBoard: norms, histograms, images (with commas between), everything or nothing.",
      discussion:
        "Without it the experiment decides: everything for convolutional networks, nothing for the rest. What is trained "
        + "stays the same. A run that is gone on with notes what it did, unless told otherwise.",
      valueName: "what"))
  var track: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Steps from one note of norms and histograms to the next; by default once an epoch.",
      valueName: "steps"))
  var trackEvery: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure every so many steps too what is measured after each epoch; what is trained stays the same.",
      valueName: "steps"))
  var measureEvery: Int?

  @Flag(help: "Print one JSON object as the last line of standard output.")
  var json = false

  @Flag(help: "Show nothing but errors, and the result with --json.")
  var quiet = false

  func validate() throws {
    try requireWords([("output", output), ("resume", resume), ("config", config)])
    if epochs != nil && steps != nil {
      throw ValidationError("--epochs and --steps exclude one another.")
    }
    if resume != nil && output != nil {
      throw ValidationError("--resume writes to the run's own folder; leave out --output.")
    }
    if resume != nil && config != nil {
      throw ValidationError("--resume takes the run's own configuration; leave out --config.")
    }
    // As a setting it means no limit.
    if let steps, steps < 1 { throw ValidationError("--steps \(steps): has to be at least 1.") }
    if pauseAfterEpochs != nil && pauseAfterSteps != nil {
      throw ValidationError("--pause-after-epochs and --pause-after-steps exclude one another.")
    }
    if let trackEvery, track == nil || !(1...1_000_000_000).contains(trackEvery) {
      throw ValidationError(
        track == nil
          ? "--track-every goes with --track: say what is to be noted."
          : "--track-every \(trackEvery): has to be in 1 ... 1000000000.")
    }
    for (flag, value) in [("save-every", saveEvery), ("wait-for-disk", waitForDisk)] {
      guard let value, !(0...1e9).contains(value) else { continue }
      throw ValidationError("--\(flag) \(value): has to be in 0 ... 1000000000.")
    }
    for (flag, value) in [
      ("pause-after-epochs", pauseAfterEpochs), ("pause-after-steps", pauseAfterSteps),
      ("measure-every", measureEvery),
    ] {
      guard let value, !(1...1_000_000_000).contains(value) else { continue }
      throw ValidationError("--\(flag) \(value): has to be in 1 ... 1000000000.")
    }
  }

  func run() throws {
    // Whoever reads what is printed may go; the run goes on.
    signal(SIGPIPE, SIG_IGN)
    try threads.apply(quiet: quiet)
    var request = ExperimentRunner.Request(data: data.directory)
    request.configuration = config.map { URL(fileURLWithPath: $0) }
    let changes = try settings.changes()
    if let set = changes.first(where: { $0.key == "steps" && $0.value != "0" }), epochs != nil {
      throw AdjointError(.usage, "--epochs and --set steps=\(set.value) exclude one another")
    }
    request.changes = try changes + flags
    request.output = output.map { URL(fileURLWithPath: $0, isDirectory: true) }
    request.resume = resume.map { URL(fileURLWithPath: $0, isDirectory: true) }
    request.threads = threads.threads
    request.isQuiet = quiet
    request.saysHowToGoOn = !stopWithInput
    request.options.checkFinite = checkFinite
    request.options.tracking = try tracking
    request.options.stepsBetweenMeasures = measureEvery
    request.options.pause =
      pauseAfterEpochs.map { .epochs($0) } ?? pauseAfterSteps.map { .steps($0) }
    if let saveEvery { request.options.secondsBetweenCheckpoints = saveEvery }
    if let waitForDisk { request.options.secondsToWaitForDisk = waitForDisk }
    Interruption.listen()
    if stopWithInput { Interruption.listenForEndOfInput() }
    let summary = try ExperimentRunner.train(name, request)
    if summary.interrupted {
      Console.note(
        "interrupted after step \(ProgressDisplay.grouped(summary.steps)); go on with: "
          + goingOn(with: summary.run))
    } else if summary.paused == true {
      if !quiet {
        Console.note(
          "paused after step \(ProgressDisplay.grouped(summary.steps)); go on with: "
            + goingOn(with: summary.run))
      }
    } else if !quiet {
      show(summary)
    }
    if json { try Console.printJSON(summary) }
    if summary.interrupted { throw ExitCode(130) }
  }

  private func goingOn(with run: String) -> String {
    "adjoint train \(name) --resume \(shellWord(run))"
      + (data.dataDir.map { " --data-dir \(shellWord($0))" } ?? "")
      + (threads.threads.map { " --threads \($0)" } ?? "")
  }

  private var tracking: TrackingOptions? {
    get throws {
      do {
        return try track.map { try TrackingOptions($0, interval: trackEvery) }
      } catch let error as AdjointError {
        throw AdjointError(error.kind, "--track: \(error.message)")
      }
    }
  }

  private var flags: [(key: String, value: String)] {
    get throws {
      let given: [(String, String?)] = [
        ("epochs", epochs.map(String.init)), ("steps", steps.map(String.init)),
        ("batch_size", batchSize.map(String.init)),
        ("learning_rate", learningRate.map { "\($0)" }), ("seed", seed.map(String.init)),
        ("precision", precision), ("gradients", try chosenGradients),
      ]
      return given.compactMap { key, value in value.map { (key, $0) } }
    }
  }

  /// What `--gradients` sets; nil for the tape of an experiment that has nothing else.
  private var chosenGradients: String? {
    get throws {
      guard let gradients else { return nil }
      let experiment = try ExperimentCatalogue.experiment(named: name)
      if ExperimentCatalogue.choices(of: experiment)["gradients"] != nil { return gradients }
      guard gradients == "tape" else {
        throw AdjointError(
          .usage, "--gradients \(gradients): \(name) has gradients by the tape only")
      }
      return nil
    }
  }

  private func show(_ summary: ExperimentRunner.Summary) {
    for (name, value) in summary.metrics.sorted(by: { $0.key < $1.key }) {
      Console.note("\(Metric(name).title): \(Metric(name).text(value))")
    }
    let steps = ProgressDisplay.grouped(summary.steps) + (summary.steps == 1 ? " step" : " steps")
    let seconds = String(format: "%.1f s", summary.seconds)
    Console.note(
      (resume == nil ? "\(steps) in \(seconds)" : "\(steps); \(seconds) since it was resumed")
        + "; report: \(summary.run)/report.html")
  }
}
