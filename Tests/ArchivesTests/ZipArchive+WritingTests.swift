import Foundation
import Tensors
import TestSupport
import Testing

@testable import Archives

@Suite struct ZipArchiveWritingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private func write(_ members: [(name: String, bytes: [UInt8])], _ name: String) throws -> [UInt8]
  {
    try ZipArchive.write(members, to: folder.file(name))
    return [UInt8](try Data(contentsOf: folder.file(name)))
  }

  @Test func whatIsWrittenIsRead() throws {
    let members: [(name: String, bytes: [UInt8])] = [
      ("zeros", .init(repeating: 0, count: 5000)), ("empty", []), ("a/é", [1, 2, 3]),
    ]
    _ = try write(members, "a.zip")
    let archive = try ZipArchive(PlainFile(folder.file("a.zip").path))
    #expect(archive.members.map(\.name) == members.map(\.name))
    #expect(archive.members[0].packedCount < 100)
    for (entry, member) in zip(archive.members, members) {
      #expect(try archive.open(entry, as: entry.name).readToEnd() == member.bytes)
    }
  }

  @Test func theSameMembersMakeTheSameBytes() throws {
    let members: [(name: String, bytes: [UInt8])] = [("a", [1, 2, 3]), ("b", [4])]
    let bytes = try write(members, "a.zip")
    #expect(try write(members, "b.zip") == bytes)
    // Midnight of 1 January 1980, in the format of MS-DOS: 10 bytes into the first header.
    #expect(bytes[10..<14].elementsEqual([0, 0, 0x21, 0]))
    #expect(try folder.contents == ["a.zip", "b.zip"])
  }

  @Test func namesThatOccurTwice() throws {
    let file = folder.file("a.zip")
    expectError(.cannotWrite, "\(file.path): cannot be written: File already exists") {
      try ZipArchive.write([("a", [1]), ("a", [2])], to: file)
    }
  }

  /// A device that is always full, and a file that is open for reading.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func whatTakesNoBytes() throws {
    let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
    expectError(.diskFull, "x.zip: cannot be written: Write error: No space left on device") {
      try ZipArchive.write(
        [("x", [1])], to: full.fileDescriptor, shownAs: "x.zip")
    }
    let unwritable = try FileHandle(forReadingFrom: folder.write([], "a.zip"))
    expectError(.cannotWrite, "x.zip: cannot be written: Write error: Bad file descriptor") {
      try ZipArchive.write([("x", [1])], to: unwritable.fileDescriptor, shownAs: "x.zip")
    }
  }
}

extension ZipArchive {
  /// Writes an archive to a file, which is made.
  static func write(_ members: [(name: String, bytes: [UInt8])], to file: URL) throws {
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    try write(members, to: handle.fileDescriptor, shownAs: file.path)
    try handle.close()
  }
}
