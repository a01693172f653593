import Archives
import Foundation
import Tensors

/// A file that is read front to back: a plain one, so that nobody waits for a pipe or reads a device without end.
final class InputFile {
  /// The path as error messages name it.
  let name: String
  /// Its size when it was opened.
  let byteCount: Int
  /// How many bytes were handed out so far.
  private(set) var offset = 0
  private let descriptor: Int32

  /// Opens a file; throws no input where that is impossible, bad data where it is a folder, a pipe or a device.
  init(_ file: URL) throws {
    name = file.path
    descriptor = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw AdjointError(.noInput, "\(name): cannot be opened: \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw AdjointError(
        .badData, "\(name): expected a file, found \(isFolder ? "a folder" : "a device")")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

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
    let (bytes, code) = readBytes(wanted, of: descriptor)
    if let code {
      throw failure(at: bytes.count, "cannot be read: \(String(cString: strerror(code)))")
    }
    guard bytes.count == wanted else {
      throw failure(
        at: bytes.count,
        "expected \(byteCount) bytes in all, found the end: the file became shorter while it was "
          + "read")
    }
    offset += wanted
    return bytes
  }

  /// The last `count` bytes, or all where there are fewer.
  func end(_ count: Int) throws -> [UInt8] {
    let start = max(byteCount - count, 0)
    guard lseek(descriptor, off_t(start), SEEK_SET) == start else {
      throw failure(at: start, "cannot be read: \(String(cString: strerror(errno)))")
    }
    offset = start
    return try read(byteCount - start)
  }

  private func failure(at place: Int, _ words: String) -> AdjointError {
    AdjointError(.badData, "\(name): offset \(offset + place): \(words)")
  }
}
