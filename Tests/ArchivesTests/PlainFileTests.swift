import Foundation
import TestSupport
import Testing

@testable import Archives

@Suite struct PlainFileTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("f").path }

  init() throws {
    folder = try TemporaryFolder(inMemory: true)
    try folder.write(Array(0..<10), "f")
  }

  /// What is read into room for so many bytes, each 255 before.
  private func read(_ file: PlainFile, _ count: Int, at offset: Int) throws -> ([UInt8], Int) {
    var bytes = [UInt8](repeating: 255, count: count)
    var span = bytes.mutableSpan
    var room = span.mutableBytes
    let got = try file.read(into: &room, at: offset)
    return (bytes, got)
  }

  @Test func readsRanges() throws {
    let file = try PlainFile(path)
    #expect(file.path == path && file.byteCount == 10)
    #expect(try file.bytes(7..<10) == [7, 8, 9])
    #expect(try file.bytes(0..<2) == [0, 1])
    #expect(try file.bytes(10..<10) == [])
  }

  @Test func readsIntoMemory() throws {
    let file = try PlainFile(path)
    #expect(try read(file, 3, at: 2) == ([2, 3, 4], 3))
    #expect(try read(file, 3, at: 8) == ([8, 9, 255], 2))
    #expect(try read(file, 1, at: 10) == ([255], 0))
    #expect(try read(file, 0, at: 0) == ([], 0))
  }

  @Test func aFileThatBecomesShorter() throws {
    let file = try PlainFile(path)
    #expect(truncate(path, 8) == 0)
    for (start, place) in [(7, 8), (9, 9)] {
      expectError(
        .badData,
        """
        \(path): offset \(place): expected 10 bytes in all, found the end: the file became shorter \
        while it was read
        """
      ) { _ = try file.bytes(start..<10) }
    }
  }

  /// The system refuses places before the first byte, as a broken disk refuses any.
  @Test func whatTheSystemRefuses() throws {
    let file = try PlainFile(path)
    #expect { try read(file, 1, at: -1) } throws: { error in
      guard let failure = error as? PlainFile.ReadFailure else { return false }
      return failure.count == 0 && failure.reason == "Invalid argument"
    }
    expectError(.badData, "\(path): offset -1: cannot be read: Invalid argument") {
      _ = try file.bytes(-1..<1)
    }
  }

  @Test func whatIsNoPlainFile() throws {
    #expect(mkfifo(folder.file("pipe").path, 0o600) == 0)
    expectError(.badData, "\(folder.path)/pipe: expected a file, found a device") {
      _ = try PlainFile("\(folder.path)/pipe")
    }
    expectError(.badData, "\(folder.path): expected a file, found a folder") {
      _ = try PlainFile(folder.path)
    }
    expectError(.noInput, "\(folder.path)/g: cannot be opened: No such file or directory") {
      _ = try PlainFile("\(folder.path)/g")
    }
    expectError(.noInput, "\(path)/g: cannot be opened: Not a directory") {
      _ = try PlainFile("\(path)/g")
    }
  }
}
