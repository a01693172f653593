import Archives
import Foundation
import Tensors

/// A plain file that is read front to back.
final class InputFile {
  /// How many bytes were handed out so far.
  private(set) var offset = 0
  private let file: PlainFile

  /// Opens a file; throws no input where that is impossible, bad data where it is a folder, a pipe or a device.
  init(_ file: URL) throws { self.file = try PlainFile(file.path) }

  /// The path as error messages name it.
  var name: String { file.path }
  /// Its size when it was opened.
  var byteCount: Int { file.byteCount }

  /// All bytes of a file, held once; throws what opening and reading it throw.
  static func bytes(of file: URL) throws -> [UInt8] {
    let file = try InputFile(file)
    return try file.read(file.byteCount)
  }

  /// The next `count` bytes, or fewer where the file ends before.
  ///
  /// Throws bad data where they cannot be read, or do not fit into the memory.
  func read(_ count: Int) throws -> [UInt8] {
    let wanted = min(count, byteCount - offset)
    try MachineMemory.check(Double(wanted), for: "bytes", in: name)
    let bytes = try file.bytes(offset..<(offset + wanted))
    offset += wanted
    return bytes
  }
}
