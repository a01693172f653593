import Foundation
import Tensors
import Testing

/// A small file with one byte changed, or cut short.
public struct DamagedFile: Sendable, CustomStringConvertible {
  /// What was done to it.
  public enum Change: Sendable, Equatable {
    /// The bits of the mask are turned in one byte.
    case flip(place: Int, mask: UInt8)
    /// So many bytes are left.
    case prefix(Int)
  }

  /// What was done to it.
  public let change: Change
  /// What it is now.
  public let bytes: [UInt8]

  /// The byte that was changed; nil where it was cut short.
  public var place: Int? { if case .flip(let place, _) = change { place } else { nil } }

  /// What was done, for people.
  public var description: String {
    switch change {
    case .flip(let place, let mask): "byte \(place) ^ \(mask)"
    case .prefix(let count): "the first \(count) bytes"
    }
  }
}

/// What reading a damaged file may come to.
public enum DamageOutcome<Value> {
  /// An error and nothing else.
  case refused
  /// An error, or the value of these bytes: of the whole file where what was damaged does not matter, of what the bytes
  /// say where the format has no checksum.
  case refusedOr(Value)
  /// This value: the format cannot tell it from an intact file.
  case loads(Value)
  /// An error, or any value.
  case anything
}

/// Reads every damaged version of a small file: each byte with one bit turned, each with all bits turned, and each
/// prefix.
///
/// `dense` of them at the beginning and half as many at the end, and some of those between: every n-th where
/// `ADJOINT_DAMAGE_EVERY` is n, as for the soak, which is also told the counts.
///
/// - Parameters:
///   - whole: the bytes of the intact file.
///   - name: what it is, for the report.
///   - file: where it is put each time.
///   - dense: bytes at the beginning and at the end whose every change is tried: the headers.
///   - read: reads it.
///   - expecting: what may come of it.
public func readDamaged<Value: Equatable>(
  _ whole: [UInt8], _ name: String, at file: URL, dense: Int = 64,
  sourceLocation: SourceLocation = #_sourceLocation, read: (URL) throws -> Value,
  expecting: (DamagedFile) -> DamageOutcome<Value>
) throws {
  let every = ProcessInfo.processInfo.environment["ADJOINT_DAMAGE_EVERY"].flatMap { Int($0) }
  let step = max(every ?? whole.count / 40, 1)
  let places = whole.indices.filter {
    $0 % step == 0 || $0 < dense || whole.count - $0 <= dense / 2
  }
  let clock = ContinuousClock()
  var (refused, loaded, failed, longest) = (0, 0, 0, Duration.zero)
  func fail(_ words: String) {
    failed += 1
    Issue.record("\(name): \(words)", sourceLocation: sourceLocation)
  }
  for place in places {
    for change in [
      DamagedFile.Change.flip(place: place, mask: 0x01), .flip(place: place, mask: 0xFF),
      .prefix(place),
    ] {
      let damaged = DamagedFile(change: change, bytes: apply(change, to: whole))
      try writeInPlace(damaged.bytes, to: file)
      let expected = expecting(damaged)
      let start = clock.now
      do {
        let value = try read(file)
        loaded += 1
        switch expected {
        case .refused: fail("\(damaged) was read")
        case .refusedOr(let right), .loads(let right):
          if value != right { fail("\(damaged) was read as something else") }
        case .anything: break
        }
      } catch {
        refused += 1
        if case .loads = expected { fail("\(damaged) was refused: \(error)") }
        if !isDataError(error, file) { fail("\(damaged): \(error)") }
      }
      longest = max(longest, clock.now - start)
    }
  }
  if longest > .seconds(10) { fail("took \(longest)") }
  try writeInPlace(whole, to: file)
  if every != nil {
    print(
      "damage: \(name): \(whole.count) bytes, \(2 * places.count) flips, \(places.count) prefixes, "
        + "\(refused) refused, \(loaded) loaded, \(failed) failed")
  }
}

private func apply(_ change: DamagedFile.Change, to whole: [UInt8]) -> [UInt8] {
  switch change {
  case .flip(let place, let mask):
    var bytes = whole
    bytes[place] ^= mask
    return bytes
  case .prefix(let count): return Array(whole.prefix(count))
  }
}

/// Bad data, in words that begin with the file or the folder it is in.
private func isDataError(_ error: any Error, _ file: URL) -> Bool {
  let (folder, words) = (file.deletingLastPathComponent().path, "\(error)")
  guard words.hasPrefix(folder) else { return false }
  guard let error = error as? AdjointError else { return true }
  return error.kind == .badData
}

/// Replaces a file's bytes, without waiting for the disk and without making a new one.
public func writeInPlace(_ bytes: [UInt8], to file: URL) throws {
  let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  try #require(write(descriptor, bytes, bytes.count) == bytes.count)
}
