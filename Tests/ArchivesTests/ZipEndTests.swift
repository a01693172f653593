import TestSupport
import Testing

@testable import Archives

/// Ends of zip files, made by hand after PKWARE's "APPNOTE", 4.3.14 to 4.3.16.
@Suite struct ZipEndTests {
  /// A local header of 31 bytes and a directory of 46, which come before what is given here.
  private static let start = 77
  private static let tooMuch = "expected at most 65535 members, found an end that claims more"

  /// What is wrong with a file of so many bytes that ends like this.
  private func fault(_ end: [UInt8], after start: Int = ZipEndTests.start) -> String? {
    let file = [UInt8](repeating: 0, count: start) + end
    return ZipEnd.fault(in: end, fileSize: file.count) { Array(file[$0]) }
  }

  /// The end of central directory record, 22 bytes and the comment.
  private func end(
    members: Int, directory: Int = 46, disk: Int = 0, all: Int? = nil, comment: [UInt8] = []
  ) -> [UInt8] {
    let counts =
      littleEndian(disk, 4) + littleEndian(members, 2) + littleEndian(all ?? members, 2)
    let place = littleEndian(directory, 4) + littleEndian(31, 4)
    return [0x50, 0x4B, 5, 6] + counts + place + littleEndian(comment.count, 2) + comment
  }

  /// The 64-bit end of central directory record, 56 bytes.
  private func record(members: UInt64) -> [UInt8] {
    let count = littleEndian(Int(bitPattern: UInt(members)), 8)
    let start = [0x50, 0x4B, 6, 6] + littleEndian(44, 8) + [45, 0, 45, 0] + littleEndian(0, 8)
    return start + count + count + littleEndian(46, 8) + littleEndian(31, 8)
  }

  /// The locator of that record, 20 bytes.
  private func locator(_ place: Int = ZipEndTests.start) -> [UInt8] {
    [0x50, 0x4B, 6, 7] + littleEndian(0, 4) + littleEndian(place, 8) + littleEndian(1, 4)
  }

  @Test(arguments: [0, 1, 65_535]) func ofFilesWith32Bits(members: Int) {
    #expect(fault(end(members: members)) == nil)
    #expect(fault([1, 2, 3] + end(members: members)) == nil)
    #expect(fault(end(members: members, comment: Array("a comment".utf8))) == nil)
  }

  @Test(arguments: [
    (0, false), (1, false), (65_535, false), (65_536, true), (1 << 32, true), (1 << 56, true),
    (UInt64.max, true),
  ])
  func ofFilesWith64Bits(members: UInt64, isTooMuch: Bool) {
    let wide = record(members: members) + locator()
    let expected = isTooMuch ? Self.tooMuch : nil
    #expect(wide.count == 76)
    #expect(fault(wide + end(members: 65_535)) == expected)
    // The same far in front of its locator.
    #expect(fault(record(members: members) + [0, 0] + locator() + end(members: 1)) == expected)
    let later: [UInt8] =
      [0x50] + record(members: members) + locator(Self.start + 1) + end(members: 1)
    #expect(fault(later) == expected)
    let comment = [UInt8](repeating: 0x50, count: 65_535)
    let longest = wide + end(members: 1, comment: comment)
    #expect(longest.count == ZipEnd.byteCount)
    #expect(fault(longest) == expected)
  }

  /// Neither the record that a locator leads to nor the one right before it may claim too much.
  @Test func aLocatorPassesARecordBy() {
    let (one, many) = (record(members: 1), record(members: 65_536))
    #expect(fault(many + one + locator() + end(members: 1)) == Self.tooMuch)
    #expect(fault(one + many + locator() + end(members: 1)) == Self.tooMuch)
    #expect(fault(many + one + locator(Self.start + 56) + end(members: 1)) == nil)
  }

  /// As that of an archive within this one, which counts from its own beginning.
  @Test func aLocatorWithoutItsRecord() {
    let (one, many) = (record(members: 1), record(members: 65_536))
    let rest = locator() + end(members: 1)
    #expect(fault(rest) == nil)
    #expect(fault([UInt8](repeating: 0, count: 56) + rest) == nil)
    #expect(fault(many.dropFirst() + rest) == nil)
    for place in [Self.start - 1, Self.start + 1, Self.start + 56, 1 << 40, -1] {
      #expect(fault(one + locator(place) + end(members: 1)) == nil)
    }
    #expect(fault(many + locator(0) + end(members: 1), after: 0) == Self.tooMuch)
  }

  /// A reader goes by a locator only where the end follows it at once.
  @Test func aRecordThatNothingLeadsTo() {
    #expect(fault(record(members: 65_536) + end(members: 1)) == nil)
    #expect(fault(record(members: 65_536) + locator() + [0] + end(members: 1)) == nil)
    #expect(fault(record(members: 65_536) + locator()) == nil)
  }

  /// What a comment says may be an end to a reader that looks from behind.
  @Test func anEndInsideAComment() {
    let comment = record(members: 65_536) + locator(Self.start + 22) + end(members: 1)
    #expect(fault(end(members: 1, comment: comment)) == Self.tooMuch)
  }

  /// Each is read with all that it leads to.
  @Test func manyEnds() {
    let most = (60_000_000 + 4 * (Self.start + 66)) / 512
    #expect(
      fault(end(members: 65_535) + end(members: 65_535) + end(members: 65_535))
        == "offset \(Self.start + 22): expected at most \(most) members in the directories of all ends, "
        + "found room for more")
    let wide = record(members: 60_000) + locator() + end(members: 1)
    let fewer = (60_000_000 + 4 * (Self.start + 120)) / 512
    #expect(
      fault(wide + end(members: 60_000))
        == "offset \(Self.start + 98): expected at most \(fewer) members in the directories of all ends, "
        + "found room for more")
    #expect(fault(Array(repeatElement(end(members: 1), count: 2978).joined())) == nil)
  }

  /// A count of 16 bits may be that of 65,537 members, and is no bound.
  @Test func directoriesWithRoomForMoreThanTheirCount() {
    #expect(
      fault(end(members: 1, directory: 10_000_000), after: 10_000_031)
        == "offset 10000031: expected at most \((60_000_000 + 4 * 10_000_053) / 512) members in the "
        + "directories of all ends, found room for more")
    // As many members as there may be, with long names.
    #expect(fault(end(members: 65_535, directory: 65_535 * 100), after: 65_535 * 100 + 31) == nil)
  }

  /// Bytes that begin like an end.
  @Test func whatNoReaderGoesBy() {
    for other in [
      end(members: 65_535, disk: 1), end(members: 65_535, all: 65_534),
      end(members: 65_535, directory: 1 << 31),
    ] { #expect(fault(other + other + other + end(members: 1)) == nil) }
  }

  @Test(arguments: [
    [], [0x50], [0x50, 0x4B, 5], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 7],
    [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0xFF, count: 17),
  ])
  func whatIsTooShort(bytes: [UInt8]) {
    #expect(fault(bytes) == nil)
  }
}
