import ArgumentParser
import Experiments
import Foundation
import Tensors

/// `adjoint benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Time whole training steps.",
    usage: "adjoint benchmark [<workload> ...] [<options>]",
    discussion: """
      Workloads: \(Workload.all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ")). The code \
      that is timed is the code that adjoint train runs. PyTorch, JAX and NumPy beside it: make \
      bench-peers.
      """)

  @Argument(
    help: ArgumentHelp("The workloads; by default all that can be run so.", valueName: "workload"))
  var names: [String] = []

  @Option(parsing: .unconditional, help: "Seconds to measure.")
  var seconds = 2.0

  @Option(help: "float32, float64 or bfloat16.")
  var precision = "float32"

  @Option(help: "tape or by-hand; tape by default.")
  var gradients: String?

  @Flag(help: "Time the forward pass alone.")
  var inference = false

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object for each workload, the last on the last line.")
  var json = false

  func validate() throws {
    if inference && gradients != nil {
      throw ValidationError("--inference has no gradients; leave out --gradients.")
    }
  }

  func run() throws {
    try threads.apply()
    guard let dtype = DType(rawValue: precision) else {
      throw AdjointError(.usage, "--precision \(precision): expected float32, float64 or bfloat16")
    }
    let wanted = gradients ?? Workload.Mode.tape.rawValue
    guard let source = Workload.Mode(rawValue: wanted), source != .inference else {
      throw AdjointError(.usage, "--gradients \(wanted): expected tape or by-hand")
    }
    guard seconds > 0, seconds <= 3600 else {
      throw AdjointError(.usage, "--seconds \(seconds): has to be above 0 and at most 3600")
    }
    let mode = inference ? .inference : source
    let workloads =
      try names.isEmpty ? Workload.runnable(mode, in: dtype) : names.map(Workload.named)
    // Before the first is measured, not after.
    for workload in workloads { try workload.requireSuited(mode, dtype) }
    for workload in workloads {
      let measured = try workload.measure(
        mode: mode, dtype: dtype, seconds: seconds)
      if json { try Console.printJSON(measured) } else { try Console.result(measured.line) }
    }
  }
}
