import Foundation
import Tensors

/// What a checkpoint's `manifest.json` says: the length and SHA-256 of each other file.
struct CheckpointManifest: Equatable {
  struct File: Equatable {
    let byteCount: Int
    let sha256: String
  }

  static let fileName = "manifest.json"
  private static let format = "adjoint checkpoint"
  private static let version = 1
  /// No manifest comes near this many bytes.
  private static let maximumLength = 1 << 16

  /// By name.
  var files: [String: File] = [:]

  /// The text of the file.
  var json: String {
    let lines = files.sorted { $0.key < $1.key }.map {
      "    \(JSONText.quoted($0)): { \"bytes\": \($1.byteCount), \"sha256\": \"\($1.sha256)\" }"
    }
    return """
      {
        "format": "\(CheckpointManifest.format)",
        "version": \(CheckpointManifest.version),
        "files": {
      \(lines.joined(separator: ",\n"))
        }
      }

      """
  }

  init() {}

  /// Reads the manifest of a checkpoint that has exactly the files named.
  init(_ source: ByteSource, of names: [String]) throws {
    func failure(_ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(source.name): expected \(expected), found \(found)")
    }
    guard source.count <= CheckpointManifest.maximumLength else {
      throw failure("at most \(CheckpointManifest.maximumLength) bytes", "\(source.count)")
    }
    var format: String?
    var version: Int?
    var read: [String: File] = [:]
    var reader = StrictJSONReader(try source.bytes(0..<source.count), file: source.name)
    try reader.object("the manifest") { reader, key in
      switch key {
      case "format": format = try reader.string("the format")
      case "version": version = try reader.count("the version")
      case "files":
        try reader.object("the files") { reader, name in
          read[name] = try CheckpointManifest.file(&reader, name, failure)
        }
      default: throw failure("the keys format, version and files", JSONText.shown(key))
      }
    }
    try reader.end("the manifest")
    guard format == CheckpointManifest.format else {
      throw failure(
        "the format \"\(CheckpointManifest.format)\"", format.map(JSONText.shown) ?? "none")
    }
    guard version == CheckpointManifest.version else {
      throw failure(
        "version \(CheckpointManifest.version)", version.map(String.init) ?? "none")
    }
    guard Set(read.keys) == Set(names) else {
      let found = read.keys.sorted().prefix(8).map(JSONText.shown).joined(separator: ", ")
      throw failure(
        "the files \(names.map(JSONText.shown).joined(separator: ", "))",
        found.isEmpty ? "none" : found)
    }
    files = read
  }

  private static func file(
    _ reader: inout StrictJSONReader, _ name: String, _ failure: (String, String) -> AdjointError
  ) throws -> File {
    let shown = JSONText.shown(name)
    var byteCount: Int?
    var sha256: String?
    try reader.object("the file \(shown)") { reader, key in
      switch key {
      case "bytes": byteCount = try reader.count("the bytes of \(shown)")
      case "sha256":
        let digest = try reader.string("the sha256 of \(shown)")
        guard digest.utf8.count == 64, digest.utf8.allSatisfy(isLowercaseHexadecimal) else {
          throw failure("a sha256 of 64 hexadecimal digits for \(shown)", JSONText.shown(digest))
        }
        sha256 = digest
      default: throw failure("the keys bytes and sha256 for \(shown)", JSONText.shown(key))
      }
    }
    guard let byteCount, let sha256 else {
      throw failure("the keys bytes and sha256 for \(shown)", "fewer")
    }
    return File(byteCount: byteCount, sha256: sha256)
  }

  private static func isLowercaseHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }
}
