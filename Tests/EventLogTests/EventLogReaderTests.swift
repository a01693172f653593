import Foundation
import Testing

@testable import EventLog

@Suite struct EventLogReaderTests {
  private func records(in bytes: [UInt8]) throws -> [EventLogReader.Record] {
    try withFile(bytes) { try $0.records() }
  }

  private func withFile<Result>(
    _ bytes: [UInt8], _ body: (inout EventLogReader) throws -> Result
  ) throws -> Result {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("events")
      try Data(bytes).write(to: file)
      var reader = try EventLogReader(file: file)
      return try body(&reader)
    }
  }

  /// The message without the folder, which is another one each time.
  private func message(_ bytes: [UInt8]) throws -> String? {
    try withFile(bytes) { reader in
      let error = #expect(throws: EventLogError.self) { try reader.events() }
      #expect(error?.errno == 0)
      #expect(error?.path == reader.path)
      return error?.description.replacing(reader.path, with: "FILE")
    }
  }

  @Test func offsetsAndPayloads() throws {
    let file = try reference("fileVersion") + reference("scalar")
    let records = try records(in: file)
    #expect(records.map(\.offset) == [0, 40])
    #expect(records[0].payload == Array(file[12..<36]))
  }

  @Test func emptyFileHasNoRecords() throws {
    #expect(try records(in: []).isEmpty)
  }

  @Test func referenceEventsAreUnderstood() throws {
    let names = ["scalar", "negativeStep", "text", "sessionStart", "zeroScalar"]
    let events = try withFile(try names.flatMap(reference)) { try $0.events() }
    #expect(events.allSatisfy { $0.wallTime == ReferenceEvents.wallTime })
    #expect(events.map(\.step) == [7, -1, 1, 300, 0])
    #expect(
      events.map(\.contents) == [
        [.scalar(tag: "train/loss", value: 0.5)], [.scalar(tag: "é", value: .infinity)],
        [.text(tag: "configuration", "**seed** 7")], [.sessionStart],
        [.scalar(tag: "train/loss", value: 0)],
      ])
  }

  @Test func truncatedHeader() throws {
    let file = try reference("fileVersion") + reference("scalar").prefix(5)
    #expect(
      try message(file)
        == "FILE: byte 40: a record's header takes 12 bytes, and the file ends after 5")
  }

  @Test func truncatedData() throws {
    let file = try reference("fileVersion") + reference("scalar").dropLast()
    #expect(
      try message(file)
        == "FILE: byte 40: a record of 32 bytes needs 32 + 16 bytes, and the file ends after 47")
  }

  // The computed checksums of the damaged bytes are TensorBoard's (`masked_crc32c` of its `tensorflow_stub`).

  @Test func flippedLength() throws {
    var file = try reference("fileVersion") + reference("scalar")
    file[40] ^= 1
    #expect(
      try message(file) == "FILE: byte 40: the record's length is damaged: "
        + "checksum 0x50a9ed29 stored, 0xf6ec7b01 computed")
  }

  @Test func flippedData() throws {
    var file = try reference("fileVersion")
    file[20] ^= 0x80
    #expect(
      try message(file) == "FILE: byte 0: the record's data is damaged: "
        + "checksum 0xe92f8d33 stored, 0x6fe0ab11 computed")
  }

  @Test func enormousLength() throws {
    let length = [UInt8](repeating: 0xff, count: 8)
    let file = length + RecordFraming.littleEndian(CRC32C.masked(length))
    #expect(
      try message(file) == "FILE: byte 0: a record of 18446744073709551615 bytes needs "
        + "18446744073709551615 + 16 bytes, and the file ends after 12")
  }

  @Test(arguments: [
    ([0x0b], "byte 12: not an event: unknown wire type 3 of field 1"),
    ([0x09, 1, 2], "byte 13: not an event: a field of 8 bytes where 2 are left"),
    ([0x10, 0x80], "byte 13: not an event: the message ends inside a number"),
    (
      [0x10] + [UInt8](repeating: 0x80, count: 10),
      "byte 13: not an event: a number of more than ten bytes"
    ),
    ([0x2a, 2, 0x0a, 9], "byte 16: not an event: a field of 9 bytes where 0 are left"),
  ])
  func notAnEvent(payload: [UInt8], problem: String) throws {
    #expect(try message(RecordFraming.frame(payload)) == "FILE: \(problem)")
  }

  /// Cut or flipped anywhere, a file gives its error or fewer records: never a crash, never a wrong value.
  @Test func noDamagePassesUnseen() throws {
    let file = try reference("fileVersion") + reference("scalar")
    #expect(try records(in: file).count == 2)
    for count in 0..<file.count where count != 40 && count != 0 {
      // The first record is one of 24 bytes, with 16 around it.
      let (start, size) = count < 40 ? (0, 24) : (40, 32)
      let left = count - start
      let need =
        left < 12
        ? "a record's header takes 12 bytes" : "a record of \(size) bytes needs \(size) + 16 bytes"
      #expect(
        try message(Array(file.prefix(count)))
          == "FILE: byte \(start): \(need), and the file ends after \(left)")
    }
    for index in file.indices {
      var flipped = file
      flipped[index] ^= 1 << (index % 8)
      let (start, size) = index < 40 ? (0, 24) : (40, 32)
      let isLength = index < start + 12
      let place = isLength ? start : start + 12
      let end = isLength ? start + 8 : start + 12 + size
      let stored = RecordFraming.integer(UInt32.self, from: flipped[end..<end + 4])
      let computed = CRC32C.masked(Array(flipped[place..<end]))
      #expect(
        try message(flipped)
          == "FILE: byte \(start): the record's \(isLength ? "length" : "data") is damaged: "
          + String(format: "checksum 0x%08x stored, 0x%08x computed", stored, computed))
    }
  }

  @Test func recordsBeforeTheDamageCanBeRead() throws {
    let file = try reference("fileVersion") + reference("scalar").dropLast()
    try withFile(file) { reader in
      let first = try reader.next()
      #expect(first?.offset == 0)
      let error = #expect(throws: EventLogError.self) { try reader.next() }
      #expect(
        error?.description
          == "\(reader.path): byte 40: a record of 32 bytes needs 32 + 16 bytes, and the file ends after 47"
      )
    }
  }

  @Test func missingFile() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("absent")
      let error = #expect(throws: EventLogError.self) { try EventLogReader(file: file) }
      #expect(error?.errno == ENOENT)
      #expect(
        error?.description == "\(file.path): cannot read the file: No such file or directory")
    }
  }

  @Test func folderIsNoFile() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: EventLogError.self) { try EventLogReader(file: folder) }
      #expect(error?.description == "\(folder.path): cannot read the file: Is a directory")
    }
  }
}
