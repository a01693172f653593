import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointManifestTests {
  static let digest = String(repeating: "0123456789abcdef", count: 4)

  private func read(_ text: String) throws -> CheckpointManifest {
    try CheckpointManifest(ByteSource(Data(text.utf8), name: "m"), of: ["a", "b"])
  }

  @Test func text() throws {
    var manifest = CheckpointManifest()
    manifest.files = [
      "b": .init(byteCount: 0, sha256: Self.digest), "a": .init(byteCount: 7, sha256: Self.digest),
    ]
    let expected = """
      {
        "format": "adjoint checkpoint",
        "version": 1,
        "files": {
          "a": { "bytes": 7, "sha256": "\(Self.digest)" },
          "b": { "bytes": 0, "sha256": "\(Self.digest)" }
        }
      }

      """
    #expect(manifest.json == expected)
    #expect(try read(expected) == manifest)
  }

  static let format = "\"format\":\"adjoint checkpoint\",\"version\":1"
  static let entry = "{\"bytes\":1,\"sha256\":\"\(digest)\"}"

  static let refused: [(text: String, message: String)] = [
    ("{}", "expected the format \"adjoint checkpoint\", found none"),
    ("{\"format\":\"zip\"}", "expected the format \"adjoint checkpoint\", found \"zip\""),
    ("{\"format\":\"adjoint checkpoint\",\"version\":2}", "expected version 1, found 2"),
    ("{\"format\":\"adjoint checkpoint\"}", "expected version 1, found none"),
    ("{\(format)}", "expected the files \"a\", \"b\", found none"),
    (
      "{\(format),\"files\":{\"a\":\(entry),\"../b\":\(entry)}}",
      "expected the files \"a\", \"b\", found \"../b\", \"a\""
    ),
    (
      "{\(format),\"files\":{\"a\":{\"bytes\":1}}}",
      "expected the keys bytes and sha256 for \"a\", found fewer"
    ),
    (
      "{\(format),\"files\":{\"a\":{\"size\":1}}}",
      "expected the keys bytes and sha256 for \"a\", found \"size\""
    ),
    (
      "{\(format),\"files\":{\"a\":{\"sha256\":\"\(digest.dropLast())F\"}}}",
      "expected a sha256 of 64 hexadecimal digits for \"a\", found \"\(digest.dropLast())F\""
    ),
    ("{\"author\":1}", "expected the keys format, version and files, found \"author\""),
    (String(repeating: " ", count: 65_537), "expected at most 65536 bytes, found 65537"),
    (
      "{\"version\":-1}",
      "byte 11: expected a whole number from 0 to 9223372036854775807 for the version, found -1"
    ),
    ("{} {}", "byte 3: expected the end of the manifest, found \"{\""),
  ]

  @Test(arguments: refused)
  func refuses(text: String, message: String) {
    expectError(.badData, "m: \(message)") { _ = try read(text) }
  }
}
