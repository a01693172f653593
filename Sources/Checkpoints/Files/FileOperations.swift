import Foundation
import Tensors

/// What this module does to the disk, one operation at a time, so that a test can stop it anywhere.
enum FileOperations {
  /// Everything that changes the disk, or promises that it has changed.
  enum Kind: String, Sendable, CaseIterable {
    case makeFolder, create, write, truncate, sync, close, syncFolder, rename, exchange, remove
    case setPermissions
  }

  /// One operation, about to be carried out.
  struct Operation: Sendable, Equatable, CustomStringConvertible {
    let kind: Kind
    let path: String

    var description: String { "\(kind.rawValue) \((path as NSString).lastPathComponent)" }
  }

  /// What a test puts between this module and the disk.
  final class Interference: Sendable {
    /// The most bytes handed to the system at once: few, to stop half-way in a file.
    let longestWrite: Int
    /// Called before each operation. Throwing a ``CallFailure`` is the system refusing it; throwing
    /// anything else, and throwing it from then on, is the process dying there.
    let before: @Sendable (Operation) throws -> Void

    init(
      longestWrite: Int = FileOperations.longestWrite,
      before: @escaping @Sendable (Operation) throws -> Void
    ) {
      self.longestWrite = longestWrite
      self.before = before
    }
  }

  @TaskLocal static var interference: Interference?

  /// Linux writes at most 2 GiB at once.
  static let longestWrite = 1 << 30

  /// Called before each operation.
  static func announce(_ kind: Kind, _ path: String) throws {
    if let interference {
      try interference.before(Operation(kind: kind, path: path))
    }
  }
}

/// A system call that failed, with its `errno`.
struct CallFailure: Error {
  let code: Int32

  /// What the system says about it.
  var text: String { String(cString: strerror(code)) }

  var kind: AdjointError.Kind { AdjointError.Kind(writeFailure: code) }
}

/// Runs system calls, and says which step failed on which path, in the system's words.
func attempt<R>(_ step: @autoclosure () -> String, on path: String, _ body: () throws -> R) throws
  -> R
{
  do { return try body() } catch let failure as CallFailure {
    throw AdjointError(failure.kind, "\(path): cannot \(step()): \(failure.text)")
  }
}

/// Repeats a system call that a signal interrupted, and throws when it fails.
@discardableResult
func call<Result: SignedInteger>(_ body: () -> Result) throws -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw CallFailure(code: code) }
  }
}

/// System calls on paths; each throws ``CallFailure``.
enum Disk {
  static func makeFolder(_ path: String) throws {
    try FileOperations.announce(.makeFolder, path)
    try call { mkdir(path, 0o777) }
  }

  static func rename(_ old: String, to new: String) throws {
    try FileOperations.announce(.rename, new)
    try call { Foundation.rename(old, new) }
  }

  /// Swaps two names in one step; not every file system can.
  static func exchange(_ one: String, with other: String) throws {
    try FileOperations.announce(.exchange, other)
    #if canImport(Darwin)
      try call { renamex_np(one, other, UInt32(RENAME_SWAP)) }
    #else
      try call { LinuxRename.exchange(one, other) }
    #endif
  }

  static func setPermissions(_ permissions: mode_t, of path: String) throws {
    guard try status(path)?.permissions != permissions else { return }
    try FileOperations.announce(.setPermissions, path)
    try call { chmod(path, permissions) }
  }

  /// Makes the names in a folder last through a power cut.
  static func syncFolder(_ path: String) throws {
    try FileOperations.announce(.syncFolder, path)
    let descriptor = try call { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { _ = close(descriptor) }
    do { try call { fsync(descriptor) } } catch let failure as CallFailure {
      // Some network file systems have no such call for folders, and need none.
      guard [EINVAL, ENOTSUP].contains(failure.code) else { throw failure }
    }
  }

  static func removeFile(_ path: String) throws {
    try FileOperations.announce(.remove, path)
    try call { unlink(path) }
  }

  /// Removes a file, or a folder that holds files only.
  static func removeAll(_ path: String) throws {
    guard try status(path)?.isFolder == true else { return try removeFile(path) }
    for name in try names(in: path) { try removeFile("\(path)/\(name)") }
    try FileOperations.announce(.remove, path)
    try call { rmdir(path) }
  }

  /// The names in a folder, sorted.
  static func names(in path: String) throws -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
      // Foundation's words differ between systems; the system's own number is asked for again.
      let descriptor = try call { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
      _ = close(descriptor)
      throw CallFailure(code: EIO)
    }
  }

  struct Status {
    let isFolder: Bool
    let isRegular: Bool
    let isLink: Bool
    /// Who may read, write and execute it.
    let permissions: mode_t
    let size: Int
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
      isFolder = status.st_mode & S_IFMT == S_IFDIR
      isRegular = status.st_mode & S_IFMT == S_IFREG
      isLink = status.st_mode & S_IFMT == S_IFLNK
      permissions = status.st_mode & 0o777
      size = Int(status.st_size)
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  /// What a name stands for, without following a link; `nil` where there is nothing.
  static func status(_ path: String) throws -> Status? {
    var found = stat()
    do { try call { lstat(path, &found) } } catch let failure as CallFailure {
      guard failure.code != ENOENT else { return nil }
      throw failure
    }
    return Status(found)
  }

  /// The same of what a link leads to.
  static func targetStatus(_ path: String) throws -> Status? {
    var found = stat()
    do { try call { stat(path, &found) } } catch let failure as CallFailure {
      guard failure.code != ENOENT else { return nil }
      throw failure
    }
    return Status(found)
  }
}
