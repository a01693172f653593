import ArgumentParser
import Experiments
import Foundation
import Training

/// `adjoint evaluate`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a run again with its newest checkpoint.")

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    try threads.apply()
    let summary = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: folder, isDirectory: true), data: data.directory, note: Console.note)
    if json { return try Console.printJSON(summary) }
    try Console.result(
      Console.table(
        summary.metrics.sorted { $0.key < $1.key }.map {
          [Metric($0.key).title, Metric($0.key).text($0.value)]
        }))
  }
}
