import Foundation
import Tensors

/// A file of lines that grows while a run goes on, such as `metrics.jsonl`.
///
/// Lines wait in memory until there are many or ``flush()`` is called; those of a process that is killed
/// before are lost, which resuming makes good: it cuts the file to the length its checkpoint knows
/// (``truncate(toBytes:)``), and the steps after that are taken again. After an error nothing is lost:
/// the next ``flush()`` goes on at the byte where the system stopped.
public final class AppendFile {
  private let path: String
  private let file: OpenFile
  private var pending: [UInt8] = []
  private var written: Int
  private static let enough = 1 << 16

  /// Opens a file at its end; makes it where it is missing.
  ///
  /// - Throws: `AdjointError`, disk full or cannot write, with the path and the system's words.
  public init(_ url: URL) throws {
    let path = url.path
    self.path = path
    let folder = url.deletingLastPathComponent().path
    let file = try attempt("open it", on: path) { try OpenFile(appendingTo: path) }
    self.file = file
    written = try attempt("look at it", on: path) { try file.status().size }
    try attempt("sync the folder it is in", on: path) { try Disk.syncFolder(folder) }
  }

  /// The length in bytes, with the lines that still wait in memory.
  public var byteCount: Int { written + pending.count }

  /// Adds one or more whole lines, each with its newline.
  ///
  /// - Throws: `AdjointError`, disk full or cannot write, with the path and the system's words; the lines
  ///   are kept for the next try.
  public func append(_ lines: String) throws {
    require(
      lines.isEmpty || lines.utf8.last == UInt8(ascii: "\n"),
      "AppendFile.append: the text does not end with a newline")
    pending.append(contentsOf: lines.utf8)
    if pending.count >= AppendFile.enough { try writePending() }
  }

  /// Brings every line to the disk.
  ///
  /// - Throws: `AdjointError`, disk full or cannot write, with the path and the system's words; also
  ///   where the file was removed or replaced, since nobody would ever find the lines.
  public func flush() throws {
    try writePending()
    try attempt("sync it to the disk", on: path) { try file.sync() }
    let (named, mine) = try attempt("look at it", on: path) {
      (try Disk.targetStatus(path), try file.status())
    }
    guard let named, named.device == mine.device && named.inode == mine.inode else {
      throw AdjointError(
        .cannotWrite, "\(path): cannot write it: it was removed or replaced while it was open")
    }
  }

  /// Cuts the file to its first bytes, for resuming.
  ///
  /// - Throws: `AdjointError`: bad data where the file is shorter or the cut would not fall on the end of
  ///   a line; disk full or cannot write as above.
  public func truncate(toBytes count: Int) throws {
    require(count >= 0, "AppendFile.truncate: \(count) bytes")
    try writePending()
    guard count <= written else {
      throw AdjointError(
        .badData, "\(path): expected at least \(count) bytes to keep, found \(written)")
    }
    if count > 0 {
      let last = try attempt("read it", on: path) { try file.byte(at: count - 1) }
      guard last == UInt8(ascii: "\n") else {
        throw AdjointError(
          .badData,
          "\(path): byte \(count - 1): expected the end of the last line to keep, found "
            + JSONText.shown(byte: last))
      }
    }
    try cut(to: count)
  }

  private func cut(to count: Int) throws {
    try attempt("cut it to \(count) bytes", on: path) { try file.truncate(to: count) }
    written = count
    try attempt("sync it to the disk", on: path) { try file.sync() }
  }

  private func writePending() throws {
    var taken = 0
    defer {
      written += taken
      pending.removeFirst(taken)
    }
    try attempt("write beyond byte \(written + taken)", on: path) {
      try file.write(pending, counting: &taken)
    }
  }
}
