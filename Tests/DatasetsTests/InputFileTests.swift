import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct InputFileTests {
  private let folder: TemporaryFolder
  private var url: URL { folder.file("f") }

  init() throws {
    folder = try TemporaryFolder(inMemory: true)
    try folder.write(Array(0..<10), "f")
  }

  private func expectShorter(
    at offset: Int, sourceLocation: SourceLocation = #_sourceLocation, _ read: () throws -> Void
  ) {
    expectError(
      .badData,
      """
      \(url.path): offset \(offset): expected 10 bytes in all, found the end: the file became \
      shorter while it was read
      """, sourceLocation: sourceLocation, read)
  }

  @Test func readsFrontToBack() throws {
    let file = try InputFile(url)
    #expect(file.name == url.path && file.byteCount == 10 && file.offset == 0)
    #expect(try file.read(0) == [])
    #expect(try file.read(4) == [0, 1, 2, 3])
    #expect(file.offset == 4)
    #expect(try file.read(100) == [4, 5, 6, 7, 8, 9])
    #expect(try file.read(1) == [] && file.offset == 10)
    #expect(try InputFile.bytes(of: url) == Array(0..<10))
  }

  @Test func anEmptyFile() throws {
    try folder.write([], "empty")
    let file = try InputFile(folder.file("empty"))
    #expect(try file.byteCount == 0 && file.read(1) == [])
  }

  // MARK: Files that change

  @Test(arguments: 0..<10) func aFileThatBecomesShorter(count: Int) throws {
    let file = try InputFile(url)
    #expect(truncate(url.path, off_t(count)) == 0)
    expectShorter(at: count) { _ = try file.read(10) }
  }

  @Test func aFileThatBecomesShorterOnTheWay() throws {
    let file = try InputFile(url)
    #expect(try file.read(4) == [0, 1, 2, 3])
    #expect(truncate(url.path, 6) == 0)
    #expect(try file.read(1) == [4])
    expectShorter(at: 6) { _ = try file.read(2) }
    #expect(truncate(url.path, 2) == 0)
    expectShorter(at: 5) { _ = try file.read(1) }
  }

  /// What comes after it was opened is not part of it.
  @Test func aFileThatGrows() throws {
    let file = try InputFile(url)
    try writeInPlace(Array(10..<30), to: url)
    #expect(try file.read(100) == Array(10..<20))
    #expect(try file.read(1) == [])
  }

  @Test func aFileThatIsRemoved() throws {
    let file = try InputFile(url)
    try FileManager.default.removeItem(at: url)
    #expect(try file.read(10) == Array(0..<10))
  }

  // MARK: What is none

  @Test func whatCannotBeOpened() throws {
    expectError(.noInput, "\(folder.path)/g: cannot be opened: No such file or directory") {
      _ = try InputFile(folder.file("g"))
    }
    expectError(.noInput, "\(url.path)/g: cannot be opened: Not a directory") {
      _ = try InputFile(url.appendingPathComponent("g"))
    }
  }

  /// A terabyte, or twice the memory, that is not there: a file with a hole. Nothing is allocated for it.
  @Test func moreThanTheMemory() throws {
    let memory = ProcessInfo.processInfo.physicalMemory
    let size = max(1 << 40, 2 * Int(memory))
    try #require(truncate(url.path, off_t(size)) == 0, "\(url.path) takes no hole of \(size) bytes")
    expectError(
      .badData,
      "\(url.path): expected bytes that fit into the \(memory) bytes of memory, found \(size)"
    ) { _ = try InputFile.bytes(of: url) }
    #expect(try InputFile(url).read(2) == [0, 1])
  }

  @Test func whatIsNoPlainFile() throws {
    #expect(mkfifo(folder.file("pipe").path, 0o600) == 0)
    expectError(.badData, "\(folder.path)/pipe: expected a file, found a device") {
      _ = try InputFile(folder.file("pipe"))
    }
    expectError(.badData, "\(folder.path): expected a file, found a folder") {
      _ = try InputFile(folder.url)
    }
  }
}
