import ArgumentParser
import Datasets
import Experiments
import Foundation
import Tensors
import Training

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
      try data.directory.requireFolder()
      try Console.result(Console.table(DataSets.list(in: data.directory)))
    }
  }

  /// `adjoint data fetch`
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a set from its publisher, or a mirror, and verify its checksums.")

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp(
        "The side of an image of MedMNIST: 28 (where left out), 64, 128 or 224.",
        valueName: "pixels"))
    var size: Int?

    @Option(
      help: ArgumentHelp(
        "The folder to put the set into; the user's cache by default.", valueName: "folder"))
    var dataDir: String?

    func validate() throws { try requireWords([("data-dir", dataDir)]) }

    func run() throws {
      let data = DataDirectory(
        explicit: dataDir.map { URL(fileURLWithPath: $0, isDirectory: true) })
      Interruption.listen()
      do {
        let folder = try DataSets.fetch(name, size: size, into: data) { Console.note($0) }
        try Console.result(folder.path)
      } catch let error as AdjointError where error.kind == .interrupted {
        Console.note("interrupted; go on with: \(goingOn)")
        throw ExitCode(130)
      }
    }

    private var goingOn: String {
      "adjoint data fetch \(name)" + (size.map { " --size \($0)" } ?? "")
        + (dataDir.map { " --data-dir \(shellWord($0))" } ?? "")
    }
  }

  /// `adjoint data inspect`
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what a set holds, and draw some of its images.",
      usage: "adjoint data inspect <name> [<options>]")

    @Argument(
      help: ArgumentHelp(
        "The set, or folder for the pictures in train/CLASS and test/CLASS (or val/CLASS) of --data-dir.",
        valueName: "name"))
    var name: String

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp(
        "The side of an image of MedMNIST: 28 (where left out), 64, 128 or 224; of a folder's, any from 8.",
        valueName: "pixels"))
    var size: Int?

    @OptionGroup var data: DataOptions

    @Option(
      help: ArgumentHelp("Write a sheet of images to this PNG or SVG file.", valueName: "file"))
    var output: String?

    @Option(
      defaultAsFlag: "standard",
      help: ArgumentHelp(
        "Draw images as they are and, below, as training with these changes would see them; standard where none "
          + "are named.",
        discussion: """
          Steps separated by commas, such as flip,crop4: flip, vflip, turn, crop4, crop4:reflect, zoom0.5, \
          jitter0.4:0.4:0.4:0.1, stain0.1:0.05, erase0.5, cutout8, mixup0.2, cutmix1, standard, tissue, none. \
          Without --output the file is NAME-augmented.png in this folder.
          """, valueName: "recipe"))
    var augment: String?

    @Option(
      parsing: .unconditional, help: "What is random in --augment is drawn from; 0 where left out.")
    var seed: UInt64?

    func validate() throws {
      try requireWords([("output", output)])
      if seed != nil && augment == nil {
        throw ValidationError("--seed is for --augment, which is not there")
      }
    }

    func run() throws {
      let output = output ?? augment.map { _ in "\(name)-augmented.png" }
      if let output { try DataSets.requireSheet(URL(fileURLWithPath: output)) }
      // A recipe that cannot be read is not found out after a minute of reading images.
      if let augment { _ = try AugmentationRecipe(parsing: augment) }
      let inspection = try DataSets.inspect(name, size: size, in: data.directory)
      try Console.result(Console.table(inspection.rows))
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

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("The side of an image: 28, 64, 128 or 224.", valueName: "pixels"))
    var size = 64

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("How many images, in the parts' official proportions.", valueName: "n"))
    var count: Int

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("What the images are drawn from.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
      help: ArgumentHelp(
        "The folder to write the file into.", valueName: "dir"))
    var output = "."

    func validate() throws { try requireWords([("output", output)]) }

    func run() throws {
      let folder = URL(fileURLWithPath: output, isDirectory: true)
      let file = try DataSets.synthesize(
        name, size: size, count: count, seed: seed, into: folder)
      try Console.result(file.path)
    }
  }
}
