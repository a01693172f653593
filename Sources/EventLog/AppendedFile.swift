import Foundation

/// A new file, open for writing until closed; what the system has not taken yet stays in the buffer for the next try.
struct AppendedFile {
  let path: String
  private var descriptor: Int32
  private var pending: [UInt8] = []

  /// Makes the folder where it is missing, and a file under the first of `names` that is free.
  init(in directory: String, names: some Sequence<String>) throws(EventLogError) {
    try Self.makeDirectory(directory)
    for name in names {
      let path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        self.path = path
        self.descriptor = descriptor
        return
      }
      guard errno == EEXIST else {
        throw EventLogError(path: path, systemError: errno, while: "create the event file")
      }
    }
    throw EventLogError(path: directory, systemError: EEXIST, while: "find a free file name")
  }

  var pendingCount: Int { pending.count }

  mutating func append(_ bytes: [UInt8]) {
    pending += bytes
  }

  /// Hands the buffer to the system. After an error the rest stays, so that trying again leaves no torn record.
  mutating func flush() throws(EventLogError) {
    var written = 0
    defer { pending.removeFirst(written) }
    while written < pending.count {
      let (count, failure) = pending.withUnsafeBytes { buffer in
        let count = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
        return (count, errno)
      }
      if count > 0 {
        written += count
      } else if count == 0 || failure != EINTR {
        let code = count == 0 ? EIO : failure
        throw EventLogError(path: path, systemError: code, while: "write the event file")
      }
    }
  }

  /// Flushes, and waits until the bytes are on the disk.
  mutating func sync() throws(EventLogError) {
    try flush()
    while fsync(descriptor) != 0 {
      // A pipe or a device has nothing to wait for.
      if [EINVAL, ENOTSUP].contains(errno) { return }
      guard errno == EINTR else {
        throw EventLogError(path: path, systemError: errno, while: "sync the event file")
      }
    }
  }

  /// Flushes and closes; the file is closed even where flushing fails. Closing twice does nothing.
  mutating func close() throws(EventLogError) {
    guard descriptor >= 0 else { return }
    let open = descriptor
    defer {
      descriptor = -1
      pending = []
    }
    do {
      try flush()
    } catch {
      _ = Foundation.close(open)
      throw error
    }
    guard Foundation.close(open) == 0 || errno == EINTR else {
      throw EventLogError(path: path, systemError: errno, while: "close the event file")
    }
  }

  private static func makeDirectory(_ path: String) throws(EventLogError) {
    if mkdir(path, 0o777) == 0 { return }
    var failure = errno
    if failure == ENOENT {
      let parent = (path as NSString).deletingLastPathComponent
      guard !parent.isEmpty, parent != path else {
        throw EventLogError(path: path, systemError: failure, while: "make the folder")
      }
      try makeDirectory(parent)
      failure = mkdir(path, 0o777) == 0 ? 0 : errno
    }
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    guard failure == 0 || (exists && isDirectory.boolValue) else {
      throw EventLogError(path: path, systemError: failure, while: "make the folder")
    }
  }
}
