import Foundation
import TestSupport
import Testing

@testable import EventLog

/// An event file with every byte turned and every byte missing.
@Suite struct DamageTests {
  @Test func eventFile() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let names = ["fileVersion", "scalar", "sessionStart", "text", "zeroScalar"]
    let records = try names.map(reference)
    let file = folder.file("events")
    try writeInPlace(Array(records.joined()), to: file)
    func events(_ file: URL) throws -> [Event] {
      var reader = try EventLogReader(file: file)
      return try reader.events()
    }
    let right = try events(file)
    try readDamaged(
      Array(records.joined()), "event file", at: file, read: events,
      expecting: { damaged in
        // A file that ends with a whole record is whole.
        let ends = records.indices.map { records[...$0].reduce(0) { $0 + $1.count } }
        guard damaged.place == nil, damaged.bytes.count == 0 || ends.contains(damaged.bytes.count)
        else { return .refused }
        return .loads(Array(right.prefix(ends.filter { $0 <= damaged.bytes.count }.count)))
      })
  }
}
