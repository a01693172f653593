import Datasets
import Foundation
import Tensors
import Testing

@testable import Experiments

/// A folder that a test writes into; it disappears with the value.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("adjoint-experiments-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  var path: String { url.path }
  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// A place to look for data where there are none, whatever this machine has.
  var noData: DataDirectory { DataDirectory(environment: ["HOME": path]) }

  /// MNIST's four files with a few images of the given size.
  func writeMNIST(side: Int = 28, train: Int = 30, test: Int = 12) throws -> DataDirectory {
    func words(_ values: Int...) -> [UInt8] {
      values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    }
    let folder = file("mnist")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, count) in [("train", train), ("t10k", test)] {
      let pixels = (0..<count * side * side).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) }
      try Data(words(0x803, count, side, side) + pixels)
        .write(to: folder.appendingPathComponent("\(name)-images-idx3-ubyte"))
      try Data(words(0x801, count) + (0..<count).map { UInt8($0 % 10) })
        .write(to: folder.appendingPathComponent("\(name)-labels-idx1-ubyte"))
    }
    return DataDirectory(explicit: url, environment: ["HOME": path])
  }
}

/// Expects an `AdjointError` of the kind with exactly the message.
func expectError(
  _ kind: AdjointError.Kind, _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error", sourceLocation: sourceLocation)
  } catch let error as AdjointError {
    #expect(error.message == message, sourceLocation: sourceLocation)
    #expect(error.kind == kind, sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
