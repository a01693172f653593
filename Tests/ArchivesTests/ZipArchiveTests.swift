import Foundation
import Tensors
import TestSupport
import Testing

@testable import Archives

@Suite struct ZipArchiveTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private func archive(_ bytes: [UInt8]) throws -> ZipArchive {
    try ZipArchive(PlainFile(folder.write(bytes, "a.zip").path))
  }

  private func expectRefused(
    _ bytes: [UInt8], _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ read: (ZipArchive) throws -> Void = { _ in }
  ) {
    expectError(
      .badData, "\(folder.file("a.zip").path): \(message)", sourceLocation: sourceLocation
    ) { try read(archive(bytes)) }
  }

  private func place(of needle: [UInt8], in bytes: [UInt8]) throws -> Int {
    try #require(bytes.indices.first { bytes[$0...].starts(with: needle) })
  }

  // MARK: What is right

  @Test func listsItsMembersInTheirOrder() throws {
    let zip = try archive(storedZip([("z", [1, 2, 3]), ("a/é", []), ("b", [4])]))
    #expect(zip.members.map(\.name) == ["z", "a/é", "b"])
    #expect(zip.members.map(\.byteCount) == [3, 0, 1])
    #expect(zip.members.map(\.packedCount) == [3, 0, 1])
    #expect(try zip.members.map { try zip.open($0, as: "x").readToEnd() } == [[1, 2, 3], [], [4]])
    #expect(try archive(storedZip([])).members.isEmpty)
  }

  @Test func readsFrontToBack() throws {
    let zip = try archive(storedZip([("z", [1, 2, 3, 4, 5])]))
    let member = try zip.open(zip.members[0], as: "shown")
    #expect(member.name == "\(zip.name): shown" && member.byteCount == 5)
    #expect(try member.read(0) == [] && member.offset == 0)
    #expect(try member.read(2) == [1, 2] && member.offset == 2)
    #expect(try member.read(9) == [3, 4, 5] && member.offset == 5)
    #expect(try member.read(1) == [])
    try member.finish()
    let other = try zip.open(zip.members[0], as: "shown")
    #expect(try other.read(1) == [1])
    #expect(try other.readToEnd() == [2, 3, 4, 5])
  }

  @Test func aMemberKeepsItsArchive() throws {
    func member() throws -> ZipMember {
      let zip = try archive(storedZip([("z", [7])]))
      return try zip.open(zip.members[0], as: "z")
    }
    #expect(try member().readToEnd() == [7])
  }

  @Test(arguments: [1, 2, 1 << 40])
  func endsWith64Bits(count: Int) throws {
    let bytes = with64BitEnd(storedZip([("z", [7])]), promising: count)
    switch count {
    case 1: #expect(try archive(bytes).members.map(\.name) == ["z"])
    case 2: expectRefused(bytes, "cannot be opened as a zip archive: Zip archive inconsistent")
    default:
      expectRefused(bytes, "expected at most 65535 members, found an end that claims more")
    }
  }

  // MARK: What is not

  @Test func aNameThatOccursTwice() {
    expectRefused(
      storedZip([("z", [1]), ("a", []), ("z", [4])]),
      "expected each member once, found \"z\" twice")
  }

  /// A file of one member, which its directory names so many times; the ends keep 16 bits of the count.
  private func repeating(_ count: Int, ends: Int = 1) -> [UInt8] {
    let one = storedZip([("a", [])])
    var bytes = Array(one[..<31])
    for _ in 0..<count { bytes += one[31..<78] }
    var end = Array(one[78..<86])
    for (number, size) in [(count, 2), (count, 2), (47 * count, 4), (31, 4), (0, 2)] {
      end += littleEndian(number, size)
    }
    for _ in 0..<ends { bytes += end }
    return bytes
  }

  @Test func aCountThatBeginsAgain() {
    expectRefused(repeating(65_537), "expected at most 65535 members, found 65537")
  }

  /// libzip would read the directory once for each end, and each member's header with it.
  @Test func manyEndsOfOneDirectory() {
    let bytes = repeating(65_535, ends: 3)
    expectRefused(
      bytes,
      "offset \(31 + 47 * 65_535 + 2 * 22): expected at most \((60_000_000 + 4 * bytes.count) / 512) "
        + "members in the directories of all ends, found room for more")
  }

  /// Members that are archives have ends too.
  @Test func archivesInAnArchive() throws {
    let inner = storedZip([("z", [7])])
    let zip = try archive(storedZip((0..<20).map { ("\($0).zip", inner) }))
    #expect(zip.members.count == 20)
    #expect(try zip.open(zip.members[9], as: "x").readToEnd() == inner)
  }

  @Test func whatIsNoArchive() {
    for bytes in [[], Array("something else".utf8), [0x50, 0x4B, 3, 4]] {
      expectRefused(bytes, "cannot be opened as a zip archive: Not a zip archive")
    }
  }

  @Test func aFileThatIsRemoved() throws {
    let file = try folder.write([], "b")
    let open = try PlainFile(file.path)
    try FileManager.default.removeItem(at: file)
    expectError(.badData, "\(file.path): cannot be opened as a zip archive: No such file") {
      _ = try ZipArchive(open)
    }
  }

  @Test func anEndThatIsGone() throws {
    let bytes = storedZip([("z", [7])])
    let file = try folder.write(bytes, "b")
    let open = try PlainFile(file.path)
    #expect(truncate(file.path, off_t(bytes.count - 2)) == 0)
    expectError(
      .badData,
      "\(file.path): offset \(bytes.count - 2): expected \(bytes.count) bytes in all, found the end: "
        + "the file became shorter while it was read"
    ) { _ = try ZipArchive(open) }
  }

  @Test func namesThatAreNone() throws {
    var bytes = storedZip([("a", []), ("name", [])])
    for place in bytes.indices where bytes[place...].starts(with: Array("name".utf8)) {
      bytes[place] = 0xFF
    }
    expectRefused(bytes, "member 1: expected a name in UTF-8 and its sizes, found others")
  }

  @Test func sizesThatPackedBytesCannotMake() {
    let ten = [UInt8](repeating: 0, count: 10)
    expectRefused(
      storedZip([("a", ten)], claimedSize: 11),
      "a: expected at most 10 bytes from 10 packed ones, found a size of 11"
    ) { _ = try $0.open($0.members[0], as: "a") }
    expectRefused(
      storedZip([("a", ten)], method: 8, claimedSize: 10_321),
      "a: expected at most 10320 bytes from 10 packed ones, found a size of 10321"
    ) { _ = try $0.open($0.members[0], as: "a") }
  }

  /// The packed size is the directory's word too.
  @Test func packedBytesThatAreNotThere() throws {
    var bytes = storedZip([("a", [1, 2, 3])])
    let entry = try place(of: [0x50, 0x4B, 1, 2], in: bytes)
    for field in [entry + 20, entry + 24] {
      bytes.replaceSubrange(field..<field + 4, with: littleEndian(1 << 30, 4))
    }
    expectRefused(
      bytes,
      "a: expected at most \(bytes.count) bytes from \(bytes.count) packed ones, found a size of "
        + "1073741824"
    ) { _ = try $0.open($0.members[0], as: "a") }
  }

  @Test func membersThatUnpackToTooMuch() {
    let members = (0..<8).map { ("\($0)", [UInt8](repeating: 0, count: 10_000)) }
    let bytes = storedZip(members, method: 8, claimedSize: 10_000_000)
    expectRefused(
      bytes,
      "expected at most \(60_000_000 + 4 * bytes.count - 8 * 512) bytes unpacked from "
        + "\(bytes.count), found members of 80000000; store them unpacked")
    // Of what cannot be, no more counts than could.
    #expect(throws: Never.self) { try archive(storedZip(members, claimedSize: 10_000_000)) }
  }

  /// A terabyte, or twice the memory, that is not there: a file with a hole. Nothing is allocated for it.
  @Test func aMemberLargerThanTheMemory() throws {
    let size = max(1 << 40, 2 * MachineMemory.byteCount)
    // The directory comes first, and has the sizes in a field of 64 bits: 20 bytes more.
    let one = storedZip([("a", [])])
    var start = Array(one[31..<78])
    start.replaceSubrange(20..<28, with: [UInt8](repeating: 0xFF, count: 8))
    start[30] = 20
    start.replaceSubrange(42..<46, with: littleEndian(67, 4))
    start += [1, 0, 16, 0]
    start += littleEndian(size, 8) + littleEndian(size, 8)
    start += one[..<31]
    var end = Array(one[78..<90])
    end += littleEndian(67, 4) + littleEndian(0, 4) + [0, 0]
    let file = try folder.write(start, "a.zip")
    let place = start.count + size
    try #require(
      truncate(file.path, off_t(place)) == 0, "\(file.path) takes no hole of \(size) bytes")
    let handle = try FileHandle(forWritingTo: file)
    try handle.seek(toOffset: UInt64(place))
    try handle.write(contentsOf: end)
    try handle.close()
    let zip = try ZipArchive(PlainFile(file.path))
    let member = try zip.open(zip.members[0], as: "a")
    #expect(try member.read(2) == [0, 0])
    expectError(
      .badData,
      "\(file.path): a: expected bytes that fit into the \(MachineMemory.byteCount) bytes of memory, found "
        + "\(size - 2)"
    ) { _ = try member.read(size) }
  }

  @Test func methodsThatAreNotKnown() {
    expectRefused(
      storedZip([("a", [1])], method: 9),
      "a: expected a stored or deflated member, found compression method 9"
    ) { _ = try $0.open($0.members[0], as: "a") }
  }

  @Test func checksumsAreVerified() throws {
    var bytes = storedZip([("a", [11, 12, 13, 14])])
    bytes[try place(of: [11, 12, 13, 14], in: bytes) + 2] ^= 1
    expectRefused(bytes, "a: offset 4: cannot be unpacked: CRC error") {
      _ = try $0.open($0.members[0], as: "a").readToEnd()
    }
    expectRefused(bytes, "a: offset 4: cannot be unpacked: CRC error") {
      let member = try $0.open($0.members[0], as: "a")
      #expect(try member.read(2) == [11, 12])
      #expect(try member.read(2) == [12, 14])
      try member.finish()
    }
  }

  @Test func membersOfAnotherSize() throws {
    let text = [UInt8](repeating: 65, count: 1000)
    try ZipArchive.write([("a", text)], to: folder.file("b.zip"))
    let whole = [UInt8](try Data(contentsOf: folder.file("b.zip")))
    let entry = try place(of: [0x50, 0x4B, 1, 2], in: whole)
    func claiming(_ size: Int) -> [UInt8] {
      var bytes = whole
      bytes.replaceSubrange(entry + 24..<entry + 28, with: littleEndian(size, 4))
      return bytes
    }
    expectRefused(claiming(1001), "a: expected 1001 bytes, found 1000") {
      _ = try $0.open($0.members[0], as: "a").readToEnd()
    }
    expectRefused(claiming(999), "a: offset 999: expected the end of the member, found more") {
      _ = try $0.open($0.members[0], as: "a").readToEnd()
    }
  }
}
