import ArgumentParser
import Experiments
import Foundation

/// `adjoint data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, fetch, inspect and draw data sets.",
    subcommands: [List.self, Fetch.self, Inspect.self, Synthesize.self])

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

    @OptionGroup var size: ImageSizeOption
    @OptionGroup var data: DataOptions

    func run() throws {
      let folder = try DataSets.fetch(name, size: size.size, into: data.directory) {
        Console.note($0)
      }
      print(folder.path)
    }
  }

  /// `adjoint data inspect`
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what a set holds, and draw some of its images.")

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String

    @OptionGroup var size: ImageSizeOption
    @OptionGroup var data: DataOptions

    @Option(
      help: ArgumentHelp("Write a sheet of images to this PNG or SVG file.", valueName: "file"))
    var output: String?

    func run() throws {
      let inspection = try DataSets.inspect(name, size: size.size, in: data.directory)
      print(Console.table(inspection.rows))
      if let output {
        try inspection.writeSheet(to: URL(fileURLWithPath: output))
        Console.note("\(output): written")
      }
    }
  }

  /// `adjoint data synthesize`
  struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draw a file of a set's layout, for trials where the real set is not at hand.",
      discussion: """
        The file says of itself that it was drawn, and so does whatever is trained on it. \
        --data-dir DIR finds it.
        """)

    @Argument(help: ArgumentHelp("The set: pathmnist.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("The side of an image: 28, 64, 128 or 224.", valueName: "pixels"))
    var size = 64

    @Option(
      help: ArgumentHelp("How many images, in the parts' official proportions.", valueName: "n"))
    var count: Int

    @Option(help: ArgumentHelp("What the images are drawn from.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("The folder to write the file into.", valueName: "dir"))
    var output: String

    func run() throws {
      let folder = URL(fileURLWithPath: output, isDirectory: true)
      let file = try DataSets.synthesize(
        name, size: size, count: count, seed: seed, into: folder)
      print(file.path)
    }
  }
}

/// Which of a set's sizes is meant.
struct ImageSizeOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The side of an image of MedMNIST: 28 (where left out), 64, 128 or 224.",
      valueName: "pixels"))
  var size: Int?
}
