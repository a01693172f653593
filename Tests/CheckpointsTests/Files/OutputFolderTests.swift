import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct OutputFolderTests {
  @Test func makesParentsAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a/b/c")
    for _ in 0..<2 {
      try OutputFolder.prepare(url)
      #expect(try FileManager.default.contentsOfDirectory(atPath: url.path).isEmpty)
    }
    #expect(try folder.contents == ["a"])
  }

  @Test func removesOnlyItsOwnLeftovers() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], ".partial-0123456789abcdef")
    try folder.write([1], ".partial-notes")
    try folder.write([1], "weights")
    try OutputFolder.prepare(folder.url)
    #expect(try folder.contents == [".partial-notes", "weights"])
  }

  @Test func wrongPlaces() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([9], "file")
    expectError(.cannotWrite, "\(file.path): expected a folder, found a file") {
      try OutputFolder.prepare(file)
    }
    let below = file.appendingPathComponent("run")
    expectError(.cannotWrite, "\(below.path): cannot make this folder: Not a directory") {
      try OutputFolder.prepare(below)
    }
    let process = URL(fileURLWithPath: "/proc/adjoint/run")
    expectError(
      .cannotWrite, "/proc/adjoint: cannot make this folder: No such file or directory"
    ) { try OutputFolder.prepare(process) }
    expectError(
      .cannotWrite, "/proc: cannot write a file into this folder: No such file or directory"
    ) { try OutputFolder.prepare(URL(fileURLWithPath: "/proc")) }
  }

  /// Two processes that make the same folders at once: each finds that the other was faster.
  @Test func anotherMakesThemFirst() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a/b")
    try interfering({ operation in
      guard operation.kind == .makeFolder else { return }
      try? FileManager.default.createDirectory(
        atPath: operation.path, withIntermediateDirectories: false)
    }) { try OutputFolder.prepare(url) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: url.path).isEmpty)
  }

  @Test func anotherMakesAFileOfThatName() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a")
    try interfering({ operation in
      guard operation.kind == .makeFolder else { return }
      try Data().write(to: URL(fileURLWithPath: operation.path))
    }) {
      expectError(.cannotWrite, "\(url.path): cannot make this folder: File exists") {
        try OutputFolder.prepare(url)
      }
    }
  }

  @Test(arguments: [FileOperations.Kind.create, .write, .close])
  func fullDisk(refused: FileOperations.Kind) throws {
    let folder = try TemporaryFolder()
    try interfering({
      if $0.kind == refused { throw CallFailure(code: ENOSPC) }
    }) {
      expectError(
        .diskFull,
        "\(folder.path): cannot write a file into this folder: No space left on device"
      ) { try OutputFolder.prepare(folder.url) }
    }
    #expect(try folder.contents.isEmpty)
  }
}
