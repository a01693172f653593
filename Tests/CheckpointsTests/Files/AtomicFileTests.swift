import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct AtomicFileTests {
  @Test(arguments: [0, 1, 5000])
  func writesAndReplaces(count: Int) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("é file.json")
    for value in [UInt8(7), 8] {
      let data = Data(repeating: value, count: count)
      try AtomicFile.write(data, to: url)
      #expect(try Data(contentsOf: url) == data)
    }
    #expect(try folder.contents == ["é file.json"])
  }

  /// As every program that opens a file to write it does.
  @Test func linksAreFollowed() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], "far/file")
    let link = folder.file("link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    try AtomicFile.write(Data([2, 3]), to: link)
    #expect(try Data(contentsOf: file) == Data([2, 3]))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/far") == ["file"])
    // Where one leads nowhere, over others too, the file is made there.
    try FileManager.default.removeItem(at: file)
    let further = folder.file("further")
    try FileManager.default.createSymbolicLink(
      atPath: further.path, withDestinationPath: "link")
    try AtomicFile.write(Data([4]), to: further)
    #expect(try Data(contentsOf: file) == Data([4]))
    #expect(try Disk.status(link.path)?.isLink == true)
    #expect(try Disk.status(further.path)?.isLink == true)
    let device = folder.file("device")
    try FileManager.default.createSymbolicLink(
      at: device, withDestinationURL: URL(fileURLWithPath: "/dev/null"))
    expectError(.cannotWrite, "/dev/null: expected a file, found a device") {
      try AtomicFile.write(Data([5]), to: device)
    }
  }

  @Test(arguments: [0o600, 0o444, 0o755] as [mode_t])
  func permissionsStay(mode: mode_t) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], "file")
    chmod(file.path, mode)
    let recorder = Recorder()
    try interfering(recorder.before) { try AtomicFile.write(Data([2]), to: file) }
    #expect(try Data(contentsOf: file) == Data([2]))
    #expect(try Disk.status(file.path)?.permissions == mode)
    #expect(recorder.operations.map(\.kind).prefix(2) == [.create, .setPermissions])
  }

  @Test func stepsInOrder() throws {
    let folder = try TemporaryFolder()
    let recorder = Recorder()
    try interfering(recorder.before) {
      try AtomicFile.write(Data([1, 2, 3]), to: folder.file("a"))
    }
    #expect(
      recorder.operations.map(\.kind) == [.create, .write, .sync, .close, .rename, .syncFolder])
  }

  @Test func killedAnywhereTheFileIsTheOldOrTheNew() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a")
    let old = Data(repeating: 1, count: 950)
    let new = Data(repeating: 2, count: 950)
    try old.write(to: url)
    let deaths = try dieEverywhere {
      try AtomicFile.write(new, to: url)
    } check: { place in
      let found = try Data(contentsOf: url)
      #expect(found == (place.hasPrefix("syncFolder") ? new : old), "killed before \(place)")
      try old.write(to: url)
    }
    #expect(deaths == 15)
    #expect(try Data(contentsOf: url) == new)
  }

  static let refusals: [(kind: FileOperations.Kind, step: String)] = [
    (.create, "create a temporary file beside it"), (.write, "write beyond byte 0"),
    (.sync, "sync it to the disk"), (.close, "close it"),
    (.rename, "rename the finished file to it"), (.syncFolder, "sync the folder it is in"),
  ]

  static let codes: [(code: Int32, kind: AdjointError.Kind, text: String)] = [
    (ENOSPC, .diskFull, "No space left on device"),
    (EDQUOT, .diskFull, "Disk quota exceeded"),
    (EIO, .diskFull, "Input/output error"),
    (EFBIG, .diskFull, "File too large"),
    (EACCES, .cannotWrite, "Permission denied"),
    (EROFS, .cannotWrite, "Read-only file system"),
    (ENOENT, .cannotWrite, "No such file or directory"),
  ]

  @Test(arguments: refusals, codes)
  func refusedStep(
    step: (kind: FileOperations.Kind, step: String),
    code: (code: Int32, kind: AdjointError.Kind, text: String)
  ) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write([9], "a")
    let number = code.code
    let refused = step.kind
    try interfering({
      if $0.kind == refused { throw CallFailure(code: number) }
    }) {
      expectError(code.kind, "\(url.path): cannot \(step.step): \(code.text)") {
        try AtomicFile.write(Data([1, 2]), to: url)
      }
    }
    #expect(try folder.contents == ["a"])
    #expect(try bytes(of: url) == (step.kind == .syncFolder ? [1, 2] : [9]))
  }

  @Test func wrongPlaces() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([9], "file")
    expectError(.cannotWrite, "\(file.path)/a: cannot look at it: Not a directory") {
      try AtomicFile.write(Data(), to: file.appendingPathComponent("a"))
    }
    let missing = folder.file("missing/a")
    expectError(
      .cannotWrite,
      "\(missing.path): cannot create a temporary file beside it: No such file or directory"
    ) { try AtomicFile.write(Data(), to: missing) }
    expectError(.cannotWrite, "\(folder.path): expected a file, found a folder") {
      try AtomicFile.write(Data(), to: folder.url)
    }
    expectError(.cannotWrite, "/dev/null: expected a file, found a device") {
      try AtomicFile.write(Data(), to: URL(fileURLWithPath: "/dev/null"))
    }
    let long = folder.file(String(repeating: "n", count: 300))
    expectError(.cannotWrite, "\(long.path): cannot look at it: File name too long") {
      try AtomicFile.write(Data(), to: long)
    }
  }

  /// The limit holds for the whole process; no other test writes files as long as this.
  @Test func realLimitOnFileSizes() throws {
    let folder = try TemporaryFolder()
    let url = try folder.write([9], "a")
    let data = Data(repeating: 1, count: 33 << 20)
    #if canImport(Darwin)
      let resource = RLIMIT_FSIZE
    #else
      let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #endif
    var limit = rlimit()
    #expect(getrlimit(resource, &limit) == 0)
    var low = limit
    low.rlim_cur = 32 << 20
    #expect(setrlimit(resource, &low) == 0)
    defer { setrlimit(resource, &limit) }
    expectError(.diskFull, "\(url.path): cannot write beyond byte \(32 << 20): File too large") {
      try AtomicFile.write(data, to: url)
    }
    #expect(try folder.contents == ["a"])
    #expect(try bytes(of: url) == [9])
  }
}
