import Foundation
import Testing

@testable import EventLog

func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { (i: Int) -> UInt8 in
    UInt8(digits[i] << 4 | digits[i + 1])
  }
}

func reference(_ name: String) throws -> [UInt8] {
  bytes(hex: try #require(ReferenceEvents.records[name]))
}

/// A folder of its own for one test, gone afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
