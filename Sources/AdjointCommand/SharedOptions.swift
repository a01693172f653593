import ArgumentParser
import Datasets
import Foundation
import Tensors

/// The threads to use.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Threads to use; all cores this process may use by default.")
  var threads: Int?

  /// Sets the size of the team, and says so if the program was built for looking for mistakes.
  ///
  /// - Parameter quiet: whether nothing but errors is to be said.
  func apply(quiet: Bool = false) throws {
    if !quiet { Console.noteDebugBuild() }
    let available = Threads.available
    guard let threads else { return Threads.use(available) }
    guard threads >= 1 else {
      throw AdjointError(.usage, "--threads \(threads): has to be at least 1")
    }
    Threads.use(Self.lowered(threads, quiet: quiet))
  }

  /// As many threads as were asked for, or as there are cores, with a warning where these are fewer.
  ///
  /// - Parameter quiet: whether nothing but errors is to be said.
  static func lowered(_ threads: Int, quiet: Bool) -> Int {
    let available = Threads.available
    guard threads > available else { return threads }
    if !quiet {
      Console.note(
        "--threads \(threads): more than the cores that this process may use; using \(available)")
    }
    return available
  }
}

/// Refuses paths without a letter, which are what a shell makes of a variable that is not set.
func requireWords(_ given: [(flag: String, value: String?)]) throws {
  for (flag, value) in given where value == "" {
    throw ValidationError("--\(flag): expected a path, found nothing.")
  }
}

/// Where data are looked for.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder with the data sets; else $ADJOINT_DATA, then the user's cache.",
      valueName: "folder"))
  var dataDir: String?

  func validate() throws { try requireWords([("data-dir", dataDir)]) }

  var directory: DataDirectory {
    DataDirectory(explicit: dataDir.map { URL(fileURLWithPath: $0, isDirectory: true) })
  }
}

/// `--set key=value`
struct SettingOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a setting, of those that adjoint list NAME shows; may be given often, and the last "
        + "counts.",
      valueName: "key=value"))
  var settings: [String] = []

  func changes() throws -> [(key: String, value: String)] {
    try settings.map { text in
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw AdjointError(.usage, "--set \(text): expected key=value")
      }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }
}
