import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct TarArchiveTests {
  static let description = DataSource.Archive(
    folder: "set", members: [.init(name: "one.bin", byteCount: 3)])

  /// An archive that the system's own `tar` and `gzip` have made, with a folder and a file that nobody
  /// asks for: file number i holds bytes i.
  static func archive(
    members: [(name: String, byteCount: Int)]
  ) throws -> (bytes: [UInt8], md5: String, description: DataSource.Archive) {
    let folder = try TemporaryFolder()
    try folder.write(Array("read me".utf8), "set/README")
    for (index, member) in members.enumerated() {
      try folder.write(
        [UInt8](repeating: UInt8(index + 1), count: member.byteCount), "set/\(member.name)")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "tar", "--format=ustar", "-czf", folder.path + "/set.tar.gz", "-C", folder.path, "set",
    ]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let bytes = [UInt8](try Data(contentsOf: folder.file("set.tar.gz")))
    return (
      bytes, try Checksum(of: folder.file("set.tar.gz")).md5,
      DataSource.Archive(
        folder: "set", members: members.map { .init(name: $0.name, byteCount: $0.byteCount) })
    )
  }

  /// A header as POSIX has it.
  static func header(_ name: String, size: Int, type: Character = "0") -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ place: Int) {
      block.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, 0)
    put(octal(size, 11), 124)
    put("        ", 148)
    put(String(type), 156)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", 148)
    return block
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  private func unpack(_ bytes: [UInt8], _ folder: TemporaryFolder) throws {
    let file = try folder.write(bytes, "set.tar")
    try TarArchive(file).unpack(Self.description, into: folder.url)
  }

  @Test func unpacksWhatTarPacked() throws {
    let folder = try TemporaryFolder()
    let archive = try Self.archive(members: [("one.bin", 3), ("two.bin", 0), ("three.bin", 5000)])
    let file = try folder.write(archive.bytes, "set.tar.gz")
    try TarArchive(file).unpack(archive.description, into: folder.url)
    #expect(try folder.contents == ["one.bin", "set.tar.gz", "three.bin", "two.bin"])
    #expect(try Data(contentsOf: folder.file("one.bin")) == Data([1, 1, 1]))
    #expect(try Data(contentsOf: folder.file("two.bin")).isEmpty)
    #expect(try Data(contentsOf: folder.file("three.bin")) == Data(repeating: 3, count: 5000))
    #expect(archive.description.isUnpacked(in: folder.url))
  }

  /// A folder, and a link that calls itself by the member's name.
  @Test func passesOverWhatIsNoPlainFile() throws {
    let folder = try TemporaryFolder()
    let bytes =
      Self.header("set/", size: 0, type: "5") + Self.header("set/one.bin", size: 0, type: "2")
      + Self.header("set/one.bin", size: 3) + Self.padded([7, 8, 9])
    try unpack(bytes, folder)
    #expect(try Data(contentsOf: folder.file("one.bin")) == Data([7, 8, 9]))
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/set.tar"
    let whole = Self.header("set/one.bin", size: 3) + Self.padded([7, 8, 9])
    var spoilt = whole
    spoilt[3] ^= 1
    var digits = Self.header("set/one.bin", size: 3)
    digits[130] = UInt8(ascii: "x")
    let sum = digits.enumerated().reduce(0) {
      $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element))
    }
    let text = String(sum, radix: 8)
    digits.replaceSubrange(148..<154, with: Array(("00" + text).suffix(6).utf8))
    let cases: [([UInt8], String)] = [
      (spoilt, "offset 0: expected the header of a tar archive, found something else"),
      (digits, "offset 0: expected a size in octal digits, found something else"),
      (Array(whole.prefix(600)), "offset 512: expected 512 bytes, found 88"),
      (Array(whole.prefix(100)), "offset 0: expected 512 bytes, found 100"),
      (
        Self.header("set/two.bin", size: 0) + [UInt8](repeating: 0, count: 1024),
        "expected one.bin in set/, found the end of the archive"
      ),
      (
        Self.header("set/one.bin", size: 4) + Self.padded([7, 8, 9, 10]),
        "set/one.bin: expected 3 bytes, found 4"
      ),
    ]
    for (bytes, words) in cases {
      expectError(.badData, "\(path): \(words)") { try unpack(bytes, folder) }
      #expect(try folder.contents == ["set.tar"])
    }
  }

  @Test func whatIsInterruptedKeepsNothing() throws {
    let folder = try TemporaryFolder()
    let archive = try Self.archive(members: [("one.bin", 3), ("two.bin", 5)])
    let file = try folder.write(archive.bytes, "set.tar.gz")
    expectError(.interrupted, "interrupted") {
      try TarArchive(file).unpack(archive.description, into: folder.url) {
        if try folder.contents.count > 1 { throw AdjointError(.interrupted, "interrupted") }
      }
    }
    #expect(try folder.contents == ["set.tar.gz"])
  }

  @Test func aFolderThatTakesNoFiles() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Self.header("set/one.bin", size: 3) + Self.padded([7, 8, 9]), "set.tar")
    let place = folder.file("absent/one.bin")
    expectError(.cannotWrite, "\(place.path): cannot be written: No such file or directory") {
      try TarArchive(file).unpack(Self.description, into: folder.file("absent"))
    }
  }
}
