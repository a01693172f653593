import Foundation
import Testing

/// The real TensorBoard, where a Python that has it is found.
public enum TensorBoard {
  /// What its own reader sees of a folder of event files, by tag.
  public struct Seen: Decodable {
    /// Steps and values.
    public var scalars: [String: [[Double]]]
    /// What `read_back.py` says of each.
    public var histograms: [String: [[Double]]]
    /// What `read_back.py` says of each.
    public var images: [String: [[Double]]]
    /// The texts in their order.
    public var texts: [String: [String]]
  }

  /// `ADJOINT_PYTHON`, else `python3` where that can import TensorBoard.
  public static let python: String? = {
    let chosen = ProcessInfo.processInfo.environment["ADJOINT_PYTHON"] ?? ""
    guard chosen.isEmpty else { return chosen }
    let probe = try? run(["python3", "-c", "import tensorboard"])
    return probe?.status == 0 ? "python3" : nil
  }()

  /// Reads a folder with it.
  public static func read(_ folder: URL) throws -> Seen {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    let script = tests.appendingPathComponent("EventLogTests/Reference/read_back.py")
    let result = try run([try #require(python), script.path, folder.path])
    try #require(result.status == 0)
    return try JSONDecoder().decode(Seen.self, from: result.output)
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, data)
  }
}
