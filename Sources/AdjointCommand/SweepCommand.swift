import ArgumentParser
import Experiments
import Foundation
import Tensors
import Training

/// `adjoint sweep`
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Try many settings of an experiment, and keep the best.",
    discussion: """
      --set takes a list, key=a,b,c (with a|b|c where values have commas), or a range to draw from: \
      key=log(lo,hi), key=lin(lo,hi), key=int(lo,hi). Each trial is a run below trials in the output \
      folder; beside them lie sweep.html, table.md, table.csv and best.json, which adjoint train \
      --config takes. halving compares all trials early and lets the best third go on, again and \
      again; each trial keeps the schedule of the whole run. The ten best keep their checkpoints. \
      Ctrl-C and kill lose nothing: --resume goes on.
      """)

  @Argument(help: ArgumentHelp("The experiment; see adjoint list.", valueName: "name"))
  var name: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "A setting and the values to try; may be given often.", valueName: "key=values"))
  var space: [String] = []

  @Option(
    parsing: .unconditional,
    help: "How many trials to draw, none of them twice: 20 by default, 27 for halving.")
  var trials: Int?

  @Option(help: "grid, random or halving; grid for lists and random for ranges by default.")
  var method: String?

  @Option(
    parsing: .unconditional, help: "Trials at the same time, each in its own process; 1 by default."
  )
  var parallel: Int?

  @Option(
    help:
      "What trials are compared by; by default what suits the experiment, mostly validation_accuracy."
  )
  var metric: String?

  @Flag(help: "Less is better; so it is by default with losses, errors and distances.")
  var minimize = false

  @Flag(help: "More is better; so it is by default with accuracy, auc and elbo.")
  var maximize = false

  @Option(
    help: ArgumentHelp("The sweep's folder; a new one below runs by default.", valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Go on with this sweep.", valueName: "folder"))
  var resume: String?

  @OptionGroup var data: DataOptions

  @Option(parsing: .unconditional, help: "Epochs of each trial.")
  var epochs: Int?

  @Option(parsing: .unconditional, help: "Steps of each trial.")
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: "Threads of each trial; by default the cores divided among --parallel.")
  var threads: Int?

  @Option(
    parsing: .unconditional,
    help: "What values are drawn from, but for a grid; what a trial draws is --set seed=N.")
  var seed: UInt64?

  @Flag(help: "Print one JSON object as the last line of standard output.")
  var json = false

  @Flag(help: "Show nothing but errors, and the result with --json.")
  var quiet = false

  func validate() throws {
    try requireWords([("output", output), ("resume", resume)])
    if epochs != nil && steps != nil {
      throw ValidationError("--epochs and --steps exclude one another.")
    }
    if minimize && maximize {
      throw ValidationError("--minimize and --maximize exclude one another.")
    }
    guard resume != nil else { return }
    if output != nil {
      throw ValidationError("--resume writes to the sweep's own folder; leave out --output.")
    }
    let given: [(String, Bool)] = [
      ("--set", !space.isEmpty), ("--trials", trials != nil), ("--method", method != nil),
      ("--metric", metric != nil), ("--minimize", minimize), ("--maximize", maximize),
      ("--epochs", epochs != nil), ("--steps", steps != nil), ("--threads", threads != nil),
      ("--seed", seed != nil),
    ]
    let names = given.filter(\.1).map(\.0).joined(separator: ", ")
    guard names.isEmpty else {
      throw ValidationError(
        "--resume takes the request from the sweep; \(names) cannot be changed.")
    }
  }

  func run() throws {
    for (flag, value) in [("parallel", parallel), ("threads", threads)] {
      guard let value, !(1...1024).contains(value) else { continue }
      throw AdjointError(.usage, "--\(flag) \(value): has to be in 1 … 1024")
    }
    // Whoever reads what is printed may go; the sweep goes on.
    signal(SIGPIPE, SIG_IGN)
    Interruption.listen()
    if !quiet { Console.noteDebugBuild() }
    let sweep = try makeSweep()
    if !quiet && resume == nil { try sweep.remarks().forEach(Console.note) }
    var options = Sweep.Options()
    options.parallel = parallel ?? 1
    options.progress = .automatic(quiet: quiet)
    let result = try sweep.run(options)
    if !quiet { show(result) }
    if json { try Console.printJSON(result.summary) }
    if result.interrupted { throw ExitCode(130) }
    try result.requireBest()
  }

  private func makeSweep() throws -> Sweep {
    if let resume {
      return try Sweep(
        resuming: URL(fileURLWithPath: resume, isDirectory: true), of: name, dataDir: absoluteData)
    }
    let chosen = try method.map { text in
      guard let method = SweepMethod(rawValue: text) else {
        throw AdjointError(.usage, "--method \(text): expected grid, random or halving")
      }
      return method
    }
    let available = Threads.available
    let request = try SweepRequest(
      experiment: name, space: space, method: chosen, trials: trials,
      metric: metric, minimize: minimize ? true : maximize ? false : nil,
      seed: seed,
      threads: ThreadOptions.lowered(
        threads ?? max(available / (parallel ?? 1), 1), quiet: quiet),
      epochs: epochs, steps: steps, dataDir: absoluteData)
    return try Sweep(request, output: output.map { URL(fileURLWithPath: $0, isDirectory: true) })
  }

  /// The sweep may be resumed from elsewhere.
  private var absoluteData: String? {
    data.dataDir.map { URL(fileURLWithPath: $0, isDirectory: true).path }
  }

  private func show(_ result: SweepResult) {
    Console.note(Console.table(result.shortTable))
    if result.interrupted {
      Console.note(
        "interrupted; go on with: adjoint sweep \(name) --resume \(shellWord(result.folder.path))")
    } else if let line = result.bestLine {
      Console.note("\(line); report: \(result.folder.path)/sweep.html")
    }
  }
}
