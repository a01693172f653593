import ArgumentParser
import Experiments
import Foundation

/// `adjoint data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, fetch and inspect data sets.",
    subcommands: [List.self, Fetch.self, Inspect.self])

  /// `adjoint data list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the known sets, and where they are.")

    @OptionGroup var data: DataOptions

    func run() throws {
      print(Console.table(DataSets.list(in: data.directory)))
    }
  }

  /// `adjoint data fetch`
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a set from its official address and verify its checksums.")

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String

    @OptionGroup var data: DataOptions

    func run() throws {
      let folder = try DataSets.fetch(name, into: data.directory) { Console.note($0) }
      print(folder.path)
    }
  }

  /// `adjoint data inspect`
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what a set holds, and draw some of its images.")

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String

    @OptionGroup var data: DataOptions

    @Option(
      help: ArgumentHelp("Write a sheet of images to this PNG or SVG file.", valueName: "file"))
    var output: String?

    func run() throws {
      let inspection = try DataSets.inspect(name, in: data.directory)
      print(Console.table(inspection.rows))
      if let output {
        try inspection.writeSheet(to: URL(fileURLWithPath: output))
        Console.note("\(output): written")
      }
    }
  }
}
