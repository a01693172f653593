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

  /// `ADJOINT_PYTHON`, else that of the peers' environment or `python3`, where it can import TensorBoard.
  public static let python: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let chosen = environment["ADJOINT_PYTHON"], !chosen.isEmpty { return chosen }
    let peers =
      environment["ADJOINT_PEERS_ENV"] ?? (environment["HOME"] ?? "") + "/.cache/adjoint/peers-env"
    return [peers + "/bin/python", "python3"].first { python in
      (try? run([python, "-c", "import tensorboard"]))?.status == 0
    }
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
