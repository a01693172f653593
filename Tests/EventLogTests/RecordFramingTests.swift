import Testing

@testable import EventLog

@Suite struct RecordFramingTests {
  @Test func emptyRecord() {
    // Eight zero bytes of length; their checksum was taken from TensorBoard's record writer.
    #expect(RecordFraming.frame([]) == bytes(hex: "000000000000000029039807d8ea82a2"))
  }

  @Test func lengthIsLittleEndian() {
    let frame = RecordFraming.frame([UInt8](repeating: 7, count: 0x0102))
    #expect(Array(frame[0..<8]) == [2, 1, 0, 0, 0, 0, 0, 0])
    #expect(frame.count == 12 + 0x0102 + 4)
  }

  @Test(arguments: [0, 1, 0xff, 0x1234_5678_9abc_def0, UInt64.max])
  func integersSurvive(value: UInt64) {
    let bytes = RecordFraming.littleEndian(value)
    #expect(bytes.count == 8)
    #expect(RecordFraming.integer(UInt64.self, from: bytes) == value)
  }
}
