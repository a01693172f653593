import Checkpoints
import Foundation
import Tensors
import Training

/// `trials.jsonl`: a line for each trial and rung that is over. It only grows; what it does not say the trials' own
/// folders do, so that a sweep that is killed at any moment goes on where it was.
final class SweepLedger {
  /// What a trial came to at the end of a rung.
  struct Record: Codable, Equatable, Sendable {
    let trial: Int
    /// From 0.
    let rung: Int
    let settings: [String: String]
    /// Steps since the trial's beginning.
    var steps = 0
    /// Seconds of training in this rung.
    var seconds = 0.0
    var metrics: [String: Double] = [:]
    /// Why it failed; nil if it did not.
    var error: String?
  }

  private(set) var records: [Record] = []
  private let file: AppendFile
  private let lock: FileLock

  /// Opens the ledger of a sweep's folder, or begins one.
  ///
  /// - Throws: `AdjointError` if another process is at work on it, it cannot be read, or a line is not what it has to
  ///   be.
  init(in folder: URL) throws {
    let url = folder.appendingPathComponent("trials.jsonl")
    guard let lock = try FileLock(url) else {
      throw AdjointError(
        .usage, "\(folder.path): another process is at work on this sweep; wait for it or stop it")
    }
    self.lock = lock
    file = try AppendFile(url)
    let data: Data
    // What is taken for empty would be cut to nothing.
    do { data = try Data(contentsOf: url) } catch {
      throw AdjointError(.noInput, "\(url.path): cannot be read: \(error.localizedDescription)")
    }
    // A process that was killed while it wrote has left half a line.
    let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { data.prefix(through: $0) } ?? Data()
    try file.truncate(toBytes: whole.count)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    for (index, line) in whole.split(separator: UInt8(ascii: "\n")).enumerated() {
      guard let record = try? decoder.decode(Record.self, from: line) else {
        throw AdjointError(
          .badData,
          "\(url.path): line \(index + 1): expected a JSON object with the outcome of a trial, found "
            + String(decoding: line.prefix(60), as: UTF8.self))
      }
      records.append(record)
    }
  }

  /// Enters an outcome, and brings it to the disk.
  func append(_ record: Record) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .words
    try file.append(String(decoding: try encoder.encode(record), as: UTF8.self) + "\n")
    try file.flush()
    records.append(record)
  }

  /// What a trial came to at the end of a rung; nil if it has not come so far.
  func record(_ trial: Int, rung: Int) -> Record? {
    records.first { $0.trial == trial && $0.rung == rung }
  }
}

/// Keeps a file to one process at a time. A child that inherits the descriptor holds the lock on.
final class FileLock {
  let descriptor: Int32

  /// Opens a file at its end, and locks it; nil if someone else has.
  ///
  /// - Throws: `AdjointError` if it cannot be made or written.
  init?(_ url: URL) throws {
    descriptor = open(url.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      throw AdjointError(
        .init(writeFailure: code), "\(url.path): cannot open it: \(String(cString: strerror(code)))"
      )
    }
    // Where a file system has no locks, there is none to wait for.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
