import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct AppendFileTests {
  @Test func growsAndGoesOn() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("metrics.jsonl")
    let first = try AppendFile(url)
    try first.append("one\n")
    #expect(first.byteCount == 4)
    try first.append("two\nthree\n")
    try first.append("")
    #expect(first.byteCount == 14)
    try first.flush()
    #expect(try bytes(of: url) == Array("one\ntwo\nthree\n".utf8))
    let second = try AppendFile(url)
    #expect(second.byteCount == 14)
    try second.append("four\n")
    try second.flush()
    #expect(try bytes(of: url) == Array("one\ntwo\nthree\nfour\n".utf8))
  }

  @Test func manyLinesDoNotWaitForTheFlush() throws {
    let folder = try TemporaryFolder()
    let file = try AppendFile(folder.file("a"))
    let line = String(repeating: "x", count: 99) + "\n"
    for _ in 0..<1000 { try file.append(line) }
    #expect(file.byteCount == 100_000)
    #expect(try bytes(of: folder.file("a")).count == 65_600)
  }

  @Test(arguments: [0, 4, 8, 14])
  func cuts(count: Int) throws {
    let folder = try TemporaryFolder()
    let text = Array("one\ntwo\nthree\ntorn".utf8)
    let file = try AppendFile(folder.write(text, "a"))
    try file.truncate(toBytes: count)
    #expect(try bytes(of: folder.file("a")) == Array(text.prefix(count)))
    #expect(file.byteCount == count)
    try file.append("next\n")
    try file.flush()
    #expect(try bytes(of: folder.file("a")) == text.prefix(count) + Array("next\n".utf8))
  }

  /// What was not written yet is cut too.
  @Test func cutsFarIntoTheFile() throws {
    let folder = try TemporaryFolder()
    let file = try AppendFile(folder.file("a"))
    for number in 0..<30_000 { try file.append("\(number)\n") }
    let kept = (0..<25_000).map { "\($0)\n" }.joined()
    try file.truncate(toBytes: kept.utf8.count)
    #expect(String(decoding: try bytes(of: folder.file("a")), as: UTF8.self) == kept)
  }

  @Test func wrongCuts() throws {
    let folder = try TemporaryFolder()
    let file = try AppendFile(folder.write(Array("one\ntwo\n".utf8), "a"))
    let path = folder.file("a").path
    expectError(.badData, "\(path): expected at least 9 bytes to keep, found 8") {
      try file.truncate(toBytes: 9)
    }
    expectError(
      .badData, "\(path): byte 4: expected the end of the last line to keep, found \"t\""
    ) { try file.truncate(toBytes: 5) }
    #expect(try bytes(of: folder.file("a")) == Array("one\ntwo\n".utf8))
  }

  @Test func wrongPlaces() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("missing/a")
    expectError(.cannotWrite, "\(missing.path): cannot open it: No such file or directory") {
      _ = try AppendFile(missing)
    }
    expectError(.cannotWrite, "\(folder.path): cannot open it: Is a directory") {
      _ = try AppendFile(folder.url)
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullDevice() throws {
    let file = try AppendFile(URL(fileURLWithPath: "/dev/full"))
    try file.append("one\n")
    for _ in 0..<2 {
      expectError(.diskFull, "/dev/full: cannot write beyond byte 0: No space left on device") {
        try file.flush()
      }
    }
    #expect(file.byteCount == 4)
  }

  @Test func goesOnWhereAFullDiskStoppedIt() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a")
    let file = try AppendFile(url)
    try file.append("one\ntwo\n")
    let refusal = Death(after: 3)
    try interfering(
      longestWrite: 2,
      {
        do { try refusal.before($0) } catch { throw CallFailure(code: ENOSPC) }
      }
    ) {
      expectError(.diskFull, "\(url.path): cannot write beyond byte 6: No space left on device") {
        try file.flush()
      }
    }
    #expect(try bytes(of: url) == Array("one\ntw".utf8))
    #expect(file.byteCount == 8)
    try file.append("three\n")
    try file.flush()
    #expect(try bytes(of: url) == Array("one\ntwo\nthree\n".utf8))
  }

  @Test func noticesThatItWasRemovedOrReplaced() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a")
    let file = try AppendFile(url)
    let message = "\(url.path): cannot write it: it was removed or replaced while it was open"
    try FileManager.default.removeItem(at: url)
    expectError(.cannotWrite, message) { try file.flush() }
    try folder.write([], "a")
    expectError(.cannotWrite, message) { try file.flush() }
  }
}
