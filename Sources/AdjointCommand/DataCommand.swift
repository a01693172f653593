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
      abstract: "Show what a set holds, and draw some of its images.",
      usage: "adjoint data inspect <name> [<options>]")

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String

    @OptionGroup var data: DataOptions

    @Option(
      help: ArgumentHelp("Write a sheet of images to this PNG or SVG file.", valueName: "file"))
    var output: String?

    @Option(
      help: ArgumentHelp(
        "Draw images as they are and, below, as training with these changes would see them.",
        discussion: """
          Steps separated by commas, such as flip,crop4: flip, vflip, turn, crop4, crop4:reflect, zoom0.5, \
          jitter0.4:0.4:0.4:0.1, stain0.1:0.05, erase0.5, cutout8, mixup0.2, cutmix1, standard, tissue, none.
          """, valueName: "recipe"))
    var augment: String?

    @Option(help: "What is random in --augment is drawn from; 0 where left out.")
    var seed: UInt64?

    func validate() throws {
      if augment != nil && output == nil {
        throw ValidationError("--augment draws images; name a file for them with --output")
      }
      if seed != nil && augment == nil {
        throw ValidationError("--seed is for --augment, which is not there")
      }
    }

    func run() throws {
      let inspection = try DataSets.inspect(name, in: data.directory)
      print(Console.table(inspection.rows))
      if let output {
        let file = URL(fileURLWithPath: output)
        if let augment {
          try inspection.writeAugmented(augment, seed: seed ?? 0, to: file)
        } else {
          try inspection.writeSheet(to: file)
        }
        Console.note("\(output): written")
      }
    }
  }
}
