import Foundation

/// A folder that a test writes into; it disappears with the value.
public final class TemporaryFolder: Sendable {
  /// The folder.
  public let url: URL

  /// - Parameter inMemory: whether it may lie in memory, for tests that write many thousand files.
  public init(inMemory: Bool = false) throws {
    let memory = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory.path)
    url = (isThere ? memory : FileManager.default.temporaryDirectory)
      .appendingPathComponent("adjoint-test-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Its path.
  public var path: String { url.path }

  /// Where a file of that name would be.
  public func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file, and the folders above it.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> URL {
    try FileManager.default.createDirectory(
      at: file(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(Array(bytes)).write(to: file(name))
    return file(name)
  }

  /// The names in it, also the hidden ones.
  public var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
