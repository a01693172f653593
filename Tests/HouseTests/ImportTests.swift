import Foundation
import Testing

/// Who may import whom. SwiftPM lets a transitive import through, so the `import` lines are read.
@Suite struct ImportTests {
  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

  /// The language's own libraries, which every room may use.
  static let toolchain: Set = ["Swift", "Synchronization", "Glibc", "Musl", "Darwin", "Dispatch"]

  /// The table of ARCHITECTURE.md.
  static let allowed: [String: Set<String>] = [
    "Tensors": ["CKernels", "COneDNN", "COpenBLAS"],
    "Layers": ["Tensors"],
    "Optimizers": ["Tensors"],
    "Attribution": ["Tensors", "Layers"],
    "Derivations": ["Tensors"],
    "Archives": ["Tensors", "CZip", "CCrypto"],
    "Checkpoints": ["Tensors", "Archives", "Foundation"],
    "Datasets": ["Tensors", "Archives", "Foundation", "CZlib", "CPNG", "CJPEG"],
    "EventLog": ["Foundation"],
    "Figures": ["Foundation", "CPNG"],
    "Models": ["Tensors", "Layers"],
    "Training": [
      "Tensors", "Layers", "Optimizers", "Checkpoints", "EventLog", "Figures", "Foundation",
    ],
    "Experiments": [
      "Tensors", "Layers", "Optimizers", "Attribution", "Derivations", "Checkpoints", "Datasets",
      "EventLog", "Figures", "Models", "Training", "Foundation",
    ],
    "Adjoint": [
      "Tensors", "Layers", "Optimizers", "Attribution", "Derivations", "Checkpoints", "Datasets",
      "EventLog", "Figures", "Models", "Training",
    ],
    "AdjointCommand": [
      "Experiments", "Tensors", "Training", "Datasets", "ArgumentParser", "Foundation",
    ],
  ]

  @Test(arguments: allowed.keys.sorted())
  func importsOnlyWhatTheTableAllows(room: String) throws {
    let permitted = Self.toolchain.union(Self.allowed[room] ?? [])
    let files = try swiftFiles(in: room)
    #expect(!files.isEmpty, "\(room) has no Swift file")
    for file in files {
      for module in try imports(of: file) where !permitted.contains(module) {
        Issue.record("\(room)/\(file.lastPathComponent) imports \(module)")
      }
    }
  }

  @Test func everyRoomIsInTheTable() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
    let rooms = Set(folders).subtracting(["System", "CKernels", "COneDNN", "CStartup"])
    #expect(rooms == Set(Self.allowed.keys))
  }

  @Test(arguments: allowed.keys.sorted())
  func touchesAddressesInOneFileAtMost(room: String) throws {
    let unsafe = try swiftFiles(in: room).filter { file in
      let text = try String(contentsOf: file, encoding: .utf8)
      let pattern =
        /Unsafe(Mutable)?(Raw)?(Buffer)?Pointer|unsafeUninitializedCapacity|Unmanaged|unsafeBitCast/
      return text.firstMatch(of: pattern) != nil
    }
    #expect(unsafe.count <= 1, "\(unsafe.map(\.lastPathComponent))")
  }

  @Test func filesStayShort() throws {
    for room in Self.allowed.keys {
      for file in try swiftFiles(in: room) {
        let lines = try String(contentsOf: file, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).count
        #expect(lines <= 400, "\(room)/\(file.lastPathComponent) has \(lines) lines")
      }
    }
  }

  func swiftFiles(in room: String) throws -> [URL] {
    let folder = Self.sources.appendingPathComponent(room)
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
  }

  private func imports(of file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      guard line.contains("import") else { return nil }
      let pattern =
        /^\s*(?:@\w+\s+|public\s+|internal\s+)*import\s+(?:struct\s+|class\s+|func\s+|enum\s+)?(\w+)/
      return line.firstMatch(of: pattern).map { String($0.1) }
    }
  }
}
