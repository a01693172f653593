import Archives
import Foundation

/// The size and the checksums of a file.
public struct Checksum: Sendable, Equatable {
  /// The size in bytes.
  public let byteCount: Int
  /// MD5, in hexadecimal digits: enough to recognise a file, not to trust it.
  public let md5: String
  /// SHA-256, in hexadecimal digits.
  public let sha256: String

  /// Reads the file once, in pieces; throws no input where it cannot be opened, bad data where it is a
  /// folder, a pipe or a device, or cannot be read.
  public init(of file: URL) throws { try self.init(of: file, asking: {}) }

  /// The same; what `check` throws, which is asked before each piece, ends the reading.
  init(of file: URL, asking check: () throws -> Void) throws {
    let input = try InputFile(file)
    let (short, long) = (Digest(.md5), Digest(.sha256))
    while input.offset < input.byteCount {
      try check()
      let piece = try input.read(1 << 20)
      short.update(piece.span.bytes)
      long.update(piece.span.bytes)
    }
    byteCount = input.byteCount
    md5 = short.finish()
    sha256 = long.finish()
  }

  /// What is wrong with the file that has this checksum, or nil where it is the one that was
  /// published.
  func mismatch(with file: DataSource.File) -> String? {
    if let expected = file.byteCount, expected != byteCount {
      return "expected \(expected) bytes, found \(byteCount)"
    }
    if let expected = file.sha256, expected != sha256 {
      return "expected SHA-256 \(expected), found \(sha256)"
    }
    return md5 == file.md5 ? nil : "expected MD5 \(file.md5), found \(md5)"
  }
}
