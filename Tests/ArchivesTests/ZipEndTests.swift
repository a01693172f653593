import TestSupport
import Testing

@testable import Archives

/// Ends of zip files, made by hand after PKWARE's "APPNOTE", 4.3.14 to 4.3.16.
@Suite struct ZipEndTests {
  /// The end of central directory record, 22 bytes and the comment.
  private func end(members: Int, comment: [UInt8] = []) -> [UInt8] {
    let counts = littleEndian(0, 4) + littleEndian(members, 2) + littleEndian(members, 2)
    let directory = littleEndian(46, 4) + littleEndian(31, 4)
    return [0x50, 0x4B, 5, 6] + counts + directory + littleEndian(comment.count, 2) + comment
  }

  /// The 64-bit end of central directory record, 56 bytes.
  private func record(members: UInt64) -> [UInt8] {
    let count = littleEndian(Int(bitPattern: UInt(members)), 8)
    let start = [0x50, 0x4B, 6, 6] + littleEndian(44, 8) + [45, 0, 45, 0] + littleEndian(0, 8)
    return start + count + count + littleEndian(46, 8) + littleEndian(31, 8)
  }

  /// The locator of that record, 20 bytes.
  private let locator: [UInt8] =
    [0x50, 0x4B, 6, 7] + littleEndian(0, 4) + littleEndian(77, 8) + littleEndian(1, 4)

  @Test(arguments: [0, 1, 65_535]) func ofFilesWith32Bits(members: Int) {
    #expect(!ZipEnd.claimsTooMuch(end(members: members)))
    #expect(!ZipEnd.claimsTooMuch([1, 2, 3] + end(members: members)))
    #expect(!ZipEnd.claimsTooMuch(end(members: members, comment: Array("a comment".utf8))))
  }

  @Test(arguments: [
    (0, false), (1, false), (65_535, false), (65_536, true), (1 << 32, true), (1 << 56, true),
    (UInt64.max, true),
  ])
  func ofFilesWith64Bits(members: UInt64, isTooMuch: Bool) {
    let wide = record(members: members) + locator
    #expect(wide.count == 76)
    #expect(ZipEnd.claimsTooMuch(wide + end(members: 65_535)) == isTooMuch)
    #expect(ZipEnd.claimsTooMuch([0x50] + wide + end(members: 1)) == isTooMuch)
    let comment = [UInt8](repeating: 0x50, count: 65_535)
    let longest = wide + end(members: 1, comment: comment)
    #expect(longest.count == ZipEnd.byteCount)
    #expect(ZipEnd.claimsTooMuch(longest) == isTooMuch)
  }

  /// A record that cannot be looked at may promise anything.
  @Test func aLocatorWithoutItsRecord() {
    let rest = locator + end(members: 1)
    #expect(ZipEnd.claimsTooMuch(rest))
    #expect(ZipEnd.claimsTooMuch([UInt8](repeating: 0, count: 56) + rest))
    #expect(ZipEnd.claimsTooMuch(record(members: 1) + [0] + rest))
    #expect(ZipEnd.claimsTooMuch(record(members: 1).dropFirst() + rest))
  }

  /// A reader goes by a locator only where the end follows it at once.
  @Test func aRecordThatNothingLeadsTo() {
    #expect(!ZipEnd.claimsTooMuch(record(members: 65_536) + end(members: 1)))
    #expect(!ZipEnd.claimsTooMuch(record(members: 65_536) + locator + [0] + end(members: 1)))
    #expect(!ZipEnd.claimsTooMuch(record(members: 65_536) + locator))
  }

  /// What a comment says may be an end to a reader that looks from behind.
  @Test func anEndInsideAComment() {
    let comment = record(members: 65_536) + locator + end(members: 1)
    #expect(ZipEnd.claimsTooMuch(end(members: 1, comment: comment)))
  }

  @Test(arguments: [[], [0x50], [0x50, 0x4B, 5], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 7]])
  func whatIsTooShort(bytes: [UInt8]) {
    #expect(!ZipEnd.claimsTooMuch(bytes))
  }
}
