import ArgumentParser
import Experiments
import Foundation

/// `adjoint report`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write a run's report.html again.")

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try threads.apply()
    let file = try ExperimentRunner.report(
      URL(fileURLWithPath: folder, isDirectory: true), data: data.directory)
    try Console.result(file.path)
  }
}
