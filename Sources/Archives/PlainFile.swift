import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A plain file, open for reading: nobody waits for a pipe or reads a device without end.
package final class PlainFile: Sendable {
  /// Why bytes of a file cannot be read.
  package struct ReadFailure: Error {
    /// How many were read before.
    package let count: Int
    /// The system's words.
    package let reason: String
  }

  /// The path as error messages name it.
  package let path: String
  /// Its size when it was opened.
  package let byteCount: Int
  private let descriptor: Int32

  /// Opens a file; throws no input where that is impossible, bad data where it is a folder, a pipe or a device.
  package init(_ path: String) throws {
    descriptor = retrying { open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      throw AdjointError(.noInput, "\(path): cannot be opened: \(systemReason())")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = systemReason()
      close(descriptor)
      throw AdjointError(.noInput, "\(path): cannot be opened: \(reason)")
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      close(descriptor)
      throw AdjointError(
        .badData, "\(path): expected a file, found \(kind == S_IFDIR ? "a folder" : "a device")")
    }
    self.path = path
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads bytes from an offset on, as many as there is room for, or fewer where the file ends before.
  ///
  /// - Returns: how many.
  /// - Throws: `ReadFailure`.
  package func read(into bytes: inout MutableRawSpan, at offset: Int) throws -> Int {
    var count = 0
    while count < bytes.byteCount {
      let got = bytes.withUnsafeMutableBytes { bytes in
        // Linux reads at most 2 GiB at once.
        let rest = min(bytes.count - count, 1 << 30)
        return retrying {
          pread(descriptor, bytes.baseAddress! + count, rest, off_t(offset + count))
        }
      }
      guard got >= 0 else { throw ReadFailure(count: count, reason: systemReason()) }
      if got == 0 { break }
      count += got
    }
    return count
  }

  /// The bytes of a range, which lies within `byteCount`; no memory is touched for more than are there.
  ///
  /// Throws bad data, with the offset, where they cannot be read or the file became shorter.
  package func bytes(_ range: Range<Int>) throws -> [UInt8] {
    func failure(at place: Int, _ words: String) -> AdjointError {
      AdjointError(.badData, "\(path): offset \(range.lowerBound + place): \(words)")
    }
    let bytes = try [UInt8](roomFor: range.count) { room in
      do { return try read(into: &room, at: range.lowerBound) } catch let error as ReadFailure {
        throw failure(at: error.count, "cannot be read: \(error.reason)")
      }
    }
    guard bytes.count == range.count else {
      throw failure(
        at: bytes.count,
        "expected \(byteCount) bytes in all, found the end: the file became shorter while it was "
          + "read")
    }
    return bytes
  }
}

/// Repeats a system call that a signal interrupted.
private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// What the system says about the call that failed last.
private func systemReason() -> String { String(cString: strerror(errno)) }
