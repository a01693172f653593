import Foundation
import Tensors

/// Where a file lies until it is whole: `NAME.DIGITS.part` beside its place, with digits drawn at random.
///
/// Whoever writes it holds a lock on it, which the system gives free when the process is no more. The number of a
/// process would say nothing: other containers and other machines that share the folder count their own.
final class PartFile {
  /// Where it lies.
  let url: URL
  /// Open for writing.
  let descriptor: Int32
  private let place: URL
  private static let ending = "part"
  private static let digitCount = 16

  /// A write beyond a limit on file sizes shall be an error that names the file, not a signal that kills.
  private static let sizeSignalIsIgnored: Bool = {
    let previous = signal(SIGXFSZ, SIG_IGN)
    if previous != nil { signal(SIGXFSZ, previous) }
    return previous == nil
  }()

  /// A new, empty file for what is to come to that place; what others have left of it is removed.
  ///
  /// Throws disk full or cannot write.
  init(for place: URL) throws {
    _ = Self.sizeSignalIsIgnored
    Self.removeLeftovers(of: place)
    self.place = place
    while true {
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      let url = place.appendingPathExtension(
        String(repeating: "0", count: Self.digitCount - digits.count) + digits
      ).appendingPathExtension(Self.ending)
      let descriptor = open(url.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw Self.failure(at: place) }
      // Where a file system has no locks, nobody can take it for a leftover. Elsewhere another process may have, in
      // the moment before it was locked.
      let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      if !isTaken && access(url.path, F_OK) == 0 {
        self.url = url
        self.descriptor = descriptor
        return
      }
      Foundation.close(descriptor)
    }
  }

  /// Adds bytes at the end; throws disk full or cannot write.
  func write(_ bytes: ArraySlice<UInt8>) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw Self.failure(at: place)
      }
    }
  }

  /// Why the system takes no more of it; nil where it does. What is in it is of no use after that.
  func refusal() -> (any Error)? {
    lseek(descriptor, 0, SEEK_END)
    do { try write([UInt8](repeating: 0, count: 1 << 16)[...]) } catch { return error }
    return nil
  }

  /// Makes it empty again; throws disk full or cannot write.
  func clear() throws {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw Self.failure(at: place)
    }
  }

  /// Brings it to the disk and gives it its name, for good; throws disk full or cannot write.
  func putInPlace() throws {
    guard fsync(descriptor) == 0, rename(url.path, place.path) == 0 else {
      throw Self.failure(at: place)
    }
    let folder = open(
      place.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Self.failure(at: place) }
    defer { Foundation.close(folder) }
    // Some network file systems have no such call for folders, and need none.
    guard fsync(folder) == 0 || [EINVAL, ENOTSUP].contains(errno) else {
      throw Self.failure(at: place)
    }
  }

  /// Ends the lock, and removes what was not put in its place; the last call.
  func close() {
    unlink(url.path)
    Foundation.close(descriptor)
  }

  /// What the system says of the call that failed last.
  private static func failure(at place: URL) -> AdjointError {
    let code = errno
    return AdjointError(
      .init(writeFailure: code),
      "\(place.path): cannot be written: \(String(cString: strerror(code)))")
  }

  /// Removes what processes that are no more have left of a file.
  static func removeLeftovers(of place: URL) {
    let folder = place.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where isPart(name, of: place.lastPathComponent) {
      let path = folder.appendingPathComponent(name).path
      // For a lock of its own on a network's file system it has to be open for writing.
      let descriptor = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      Foundation.close(descriptor)
    }
  }

  private static func isPart(_ name: String, of file: String) -> Bool {
    guard name.hasPrefix("\(file)."), name.hasSuffix(".\(ending)") else { return false }
    let middle = name.dropFirst(file.count + 1).dropLast(ending.count + 1)
    return middle.utf8.count == digitCount
      && middle.allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }
}
