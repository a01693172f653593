import Foundation
import Tensors

/// A check of JSON that was written elsewhere, before a decoder sees it: decoders differ in what they make of a key
/// that occurs twice, and do not say where a text is wrong.
public enum StrictJSON {
  /// The longest text that is taken, in bytes.
  public static let maximumLength = 1 << 20

  /// The bytes of a file that holds one JSON value (RFC 8259).
  ///
  /// - Throws: `AdjointError`: no input where the file cannot be opened; bad data, with the byte, what was expected
  ///   and what was found, where it is longer than ``maximumLength``, is no JSON, has a key twice in one object, or
  ///   more than 64 levels.
  public static func read(_ file: URL) throws -> Data {
    let source = try ByteSource(file.path)
    guard source.count <= maximumLength else {
      throw AdjointError(
        .badData,
        "\(file.path): expected at most \(maximumLength) bytes of JSON, found \(source.count)")
    }
    let bytes = try source.bytes(0..<source.count)
    try check(bytes, named: file.path)
    return Data(bytes)
  }

  /// Throws as ``read(_:)`` does.
  static func check(_ bytes: [UInt8], named name: String) throws {
    var reader = StrictJSONReader(bytes, file: name)
    try reader.skip("a JSON value")
    try reader.end("the JSON value")
  }
}
