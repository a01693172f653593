import Foundation
import Tensors
import TestSupport
import Testing

extension TemporaryFolder {
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: file(name)) }

  /// The names of a folder in it; none where it is missing.
  func contents(_ name: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: file(name).path)
    return (names ?? []).sorted()
  }
}

/// The built command, as a user runs it.
struct Command {
  let status: Int32
  let output: String
  let errors: String

  /// The last line of the output, as the JSON object that it has to be.
  func lastObject() throws -> [String: Any] {
    let line = try #require(output.split(separator: "\n").last, "\(errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  static let executable = BuiltProgram.url("adjoint")

  /// What a user without data sets has set, and what the sanitizers of these tests are told.
  static func environment(home: TemporaryFolder) -> [String: String] {
    let own = ProcessInfo.processInfo.environment
    return ["HOME": home.path, "PATH": own["PATH"] ?? "", "COLUMNS": "100"]
      .merging(own.filter { $0.key.hasSuffix("SAN_OPTIONS") }) { $1 }
  }

  /// A command that has been started, with its output going to files.
  final class Running {
    let process = Process()
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - arguments: what follows `adjoint`.
    ///   - folder: the current folder, and the home of a user without data.
    ///   - environment: what is set beside.
    ///   - shell: what a shell does to start it, with the command and its words as `"$@"`; none where left out.
    init(
      _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:],
      shell: String? = nil
    ) throws {
      self.folder = try TemporaryFolder()
      process.executableURL = shell == nil ? Command.executable : URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        shell.map { ["-c", $0, "sh", Command.executable.path] + arguments } ?? arguments
      process.currentDirectoryURL = folder.url
      process.environment = Command.environment(home: folder).merging(environment) { $1 }
      for name in ["output", "errors"] { try self.folder.write([], name) }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: self.folder.file("output"))
      process.standardError = try FileHandle(forWritingTo: self.folder.file("errors"))
      try process.run()
    }

    func finish() throws -> Command {
      process.waitUntilExit()
      // A signal that killed it counts as a shell counts it.
      let status = process.terminationStatus
      return Command(
        status: process.terminationReason == .exit ? status : 128 + status,
        output: String(decoding: try folder.bytes("output"), as: UTF8.self),
        errors: String(decoding: try folder.bytes("errors"), as: UTF8.self))
    }
  }

  static func run(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:],
    shell: String? = nil
  ) throws -> Command {
    try Running(arguments, in: folder, environment: environment, shell: shell).finish()
  }

  /// A small run on drawn digits.
  static let small = [
    "train", "mnist-mlp", "--set", "drawn_train=320", "--set", "drawn_test=100", "--set",
    "hidden=16",
  ]
}

/// Expects the exit code and exactly this on standard error, after the line about the data if there is one.
func expectFailure(
  _ code: Int32, _ message: String, _ arguments: [String], in folder: TemporaryFolder,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let result = try Command.run(arguments, in: folder)
  #expect(result.status == code, sourceLocation: sourceLocation)
  #expect(result.output.isEmpty, sourceLocation: sourceLocation)
  let lines = result.errors.split(separator: "\n").filter { !$0.hasPrefix("data: ") }
  #expect(lines.joined(separator: "\n") == message, sourceLocation: sourceLocation)
}

/// Expects what the parser says of words that it does not take: what is wrong, how the command is called, and where
/// there is more to read.
///
/// - Parameters:
///   - message: what is wrong, without `Error: `.
///   - command: what was called, such as `adjoint train`.
///   - form: how it is called, behind its name.
func expectUsageError(
  _ message: String, of command: String, _ form: String, _ arguments: [String],
  in folder: TemporaryFolder, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectFailure(
    64,
    """
    Error: \(message)
    Usage: \(command) \(form)
      See '\(command) --help' for more information.
    """, arguments, in: folder, sourceLocation: sourceLocation)
}

/// Big-endian words, as IDX headers have them.
func words(_ values: UInt32...) -> [UInt8] {
  values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
