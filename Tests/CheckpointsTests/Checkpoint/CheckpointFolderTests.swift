import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointFolderTests {
  @Test(arguments: [
    (0, "step-000000000"), (123, "step-000000123"), (1_234_567_890, "step-1234567890"),
  ])
  func names(step: Int, name: String) {
    #expect(Checkpoint.name(step: step) == name)
    #expect(Checkpoint.step(of: URL(fileURLWithPath: "/x/\(name)")) == step)
  }

  @Test(arguments: [
    "step-1", "step-0000000001", "step--00000001", "step-+00000001", "best", "step-",
    ".step-000000001",
    "step-00000000x", "step-99999999999999999999",
  ])
  func otherNames(name: String) {
    #expect(Checkpoint.step(of: URL(fileURLWithPath: "/x/\(name)")) == nil)
  }

  @Test func newestAndAll() throws {
    let folder = try TemporaryFolder()
    #expect(try Checkpoint.all(in: folder.file("missing")).isEmpty)
    #expect(try Checkpoint.latest(in: folder.file("missing")) == nil)
    #expect(try Checkpoint.latest(in: folder.url) == nil)
    for step in [5, 1_000_000_000, 20] { try Saved(step: step).write(in: folder.url) }
    try Checkpoint.write(
      model: [:], optimizer: [:], state: 1, named: "best", in: folder.url)
    try folder.write([1], ".partial-step-2000000000")
    #expect(
      try Checkpoint.all(in: folder.url).map(\.lastPathComponent) == [
        "step-000000005", "step-000000020", "step-1000000000",
      ])
    #expect(try Checkpoint.latest(in: folder.url)?.lastPathComponent == "step-1000000000")
    let file = try folder.write([1], "file")
    expectError(.noInput, "\(file.path): cannot be read: Not a directory") {
      _ = try Checkpoint.all(in: file)
    }
  }

  @Test func aDamagedNewestIsAnError() throws {
    let folder = try TemporaryFolder()
    for step in 1...3 { try Saved(step: step).write(in: folder.url) }
    func damage(_ step: Int) throws -> String {
      let state = "\(folder.path)/\(Checkpoint.name(step: step))/state.json"
      let count = try bytes(of: URL(fileURLWithPath: state)).count
      try Data([1]).write(to: URL(fileURLWithPath: state))
      return "\(state): expected the \(count) bytes of the manifest, found 1"
    }
    let newest = "\(folder.path)/step-000000003"
    _ = try damage(2)
    let reason = try damage(3)
    let message =
      "\(newest): the newest checkpoint cannot be used: \(reason); the newest one that is whole is "
      + "\(folder.path)/step-000000001: remove what is newer to go on from there"
    expectError(.badData, message) { _ = try Checkpoint.latest(in: folder.url) }
    expectError(.badData, message) { try Checkpoint.prune(keeping: 1, in: folder.url) }
    #expect(try folder.contents.count == 3)
    _ = try damage(1)
    expectError(
      .badData,
      "\(newest): the newest checkpoint cannot be used: \(reason); no older one is whole"
    ) { _ = try Checkpoint.latest(in: folder.url) }
  }

  @Test func theNewestThatIsWholeIsNamed() throws {
    let folder = try TemporaryFolder()
    for step in 1...4 { try Saved(step: step).write(in: folder.url) }
    let newest = "\(folder.path)/\(Checkpoint.name(step: 4))"
    try Data().write(to: URL(fileURLWithPath: "\(newest)/manifest.json"))
    do {
      _ = try Checkpoint.latest(in: folder.url)
      Issue.record("nothing was thrown")
    } catch let error as AdjointError {
      #expect(
        error.message.hasSuffix(
          "; the newest one that is whole is \(folder.path)/step-000000003: remove what is newer to go on from "
            + "there"))
    }
  }

  @Test func prunes() throws {
    let folder = try TemporaryFolder()
    for step in 1...5 { try Saved(step: step).write(in: folder.url) }
    try Checkpoint.write(model: [:], optimizer: [:], state: 1, named: "best", in: folder.url)
    try Checkpoint.prune(keeping: 5, in: folder.url)
    #expect(try folder.contents.count == 6)
    try Checkpoint.prune(keeping: 2, in: folder.url)
    #expect(try folder.contents == ["best", "step-000000004", "step-000000005"])
    try Checkpoint.prune(keeping: 1, in: folder.url)
    #expect(try folder.contents == ["best", "step-000000005"])
    try Checkpoint.prune(keeping: 1, in: folder.file("missing"))
  }
}
