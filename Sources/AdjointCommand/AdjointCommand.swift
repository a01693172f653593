import ArgumentParser
import Experiments
import Foundation
import Tensors
import Training

/// The command-line tool.
@main
struct AdjointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adjoint",
    abstract: "Trains neural networks on the CPU, and shows its work.",
    discussion: """
      Every gradient exists three ways, by hand, from the tape and by central differences, and the \
      three agree: adjoint check.
      """,
    version: adjointVersion,
    subcommands: [
      ListCommand.self, TrainCommand.self, SweepCommand.self, EvaluateCommand.self,
      ReportCommand.self, PredictCommand.self, VisualizeCommand.self, CheckCommand.self,
      DeriveCommand.self,
      DataCommand.self, BenchmarkCommand.self,
    ])

  static func main() {
    // Swift's runtime may have taken it, to print where the program is, and then goes on.
    signal(SIGQUIT, SIG_DFL)
    OutOfMemory.end { message in
      // A bar may stand on the line. Other threads may be at work on what the ends of libraries take down.
      Console.note((isatty(STDERR_FILENO) == 1 ? "\n" : "") + "adjoint: \(message)")
      _exit(AdjointError.Kind.internalFault.rawValue)
    }
    do {
      var command = try parseAsRoot()
      try requireFiles()
      try command.run()
    } catch let error as AdjointError {
      Console.fail(error.description, code: error.kind.rawValue)
    } catch let error as NonFiniteError {
      Console.fail(error.description, code: AdjointError.Kind.badData.rawValue)
    } catch let error where !(error is ExitCode) && exitCode(for: error) == .failure {
      // None of the errors that are meant for the user.
      Console.fail("\(error)", code: AdjointError.Kind.internalFault.rawValue)
    } catch {
      if let words = unknownSubcommand() ?? missingDash(error) {
        Console.fail(words, code: AdjointError.Kind.usage.rawValue)
      }
      exit(withError: error)
    }
  }

  /// What to say of a word that stands where a subcommand has to, and is none; nil if there is no such word.
  private static func unknownSubcommand() -> String? {
    var subcommands = configuration.subcommands
    for word in CommandLine.arguments.dropFirst() {
      guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
      guard let found = subcommands.first(where: { $0._commandName == word }) else {
        return unknown("subcommand", word, among: subcommands.map { $0._commandName })
      }
      subcommands = found.configuration.subcommands
    }
    return nil
  }

  /// What to say of an option with one dash, `-epochs`, where the parser refuses it, or finds an `h` among its letters
  /// and shows the help that nobody asked for; nil for other errors.
  private static func missingDash(_ error: any Error) -> String? {
    let words = Array(CommandLine.arguments.dropFirst().prefix { $0 != "--" })
    guard !(error is ExitCode),
      Set(words).isDisjoint(with: ["-h", "-help", "--help", "help", "--version"])
    else { return nil }
    let dashed = words.indices.filter { words[$0].prefixMatch(of: /-[A-Za-z]{2}/) != nil }
    // What follows an option may be its value, of which the parser says more; but then it shows no help.
    let free = dashed.filter { place in
      place == 0 || !words[place - 1].hasPrefix("--") || words[place - 1].contains("=")
    }
    let found = free.first ?? (exitCode(for: error) == .success ? dashed.first : nil)
    guard let word = found.map({ words[$0].prefix { $0 != "=" } }) else { return nil }
    var subcommand: any ParsableCommand.Type = AdjointCommand.self
    for word in words {
      let next = subcommand.configuration.subcommands.first { $0._commandName == word }
      guard let next else { break }
      subcommand = next
    }
    let options = subcommand.helpMessage().split { $0.isWhitespace || ",[]()".contains($0) }
    return subcommand == AdjointCommand.self || options.contains { $0 == "-\(word)" }
      ? "\(word): did you mean -\(word)?"
      : "\(word): there is no such option; a file or folder of that name is ./\(word)"
  }

  /// The system's library of threads stops the process where it cannot open what it waits with.
  private static func requireFiles() throws {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 16
    else { return }
    throw AdjointError(
      .cannotWrite,
      "\(String(cString: strerror(EMFILE))): this process may have \(limit.rlim_cur) open, and needs 16"
    )
  }
}
