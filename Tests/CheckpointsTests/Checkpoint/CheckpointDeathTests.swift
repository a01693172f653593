import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// The process dies before each write, sync and rename in turn, without any clean-up; there is always a
/// checkpoint to load, and it is one that was meant.
@Suite struct CheckpointDeathTests {
  @Test func aNewCheckpointAndPruning() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let work = folder.file("checkpoints")
    func begin() throws {
      try? FileManager.default.removeItem(at: work)
      try Saved(step: 1).write(in: work)
    }
    try begin()
    var found: [Int: Int] = [:]
    let deaths = try dieEverywhere {
      try Saved(step: 2).write(in: work)
      try Checkpoint.prune(keeping: 1, in: work)
    } check: { place in
      let newest = try #require(try Checkpoint.latest(in: work), "killed before \(place)")
      let step = try #require(Checkpoint.step(of: newest))
      try Saved(step: step).expect(at: newest)
      found[step, default: 0] += 1
      // The next process takes up from there.
      try Saved(step: 3).write(in: work)
      try Saved(step: 3).expect(at: #require(try Checkpoint.latest(in: work)))
      let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
      #expect(!names.contains { $0.hasPrefix(".") }, "killed before \(place): \(names)")
      try begin()
    }
    #expect(deaths > 30)
    #expect(found.keys.sorted() == [1, 2])
    #expect(try Checkpoint.all(in: work).map(\.lastPathComponent) == ["step-000000002"])
  }

  @Test(arguments: [false, true])
  func replacing(withoutExchange: Bool) throws {
    let folder = try TemporaryFolder(inMemory: true)
    let work = folder.file("checkpoints")
    let old = Saved(step: 1)
    let new = Saved(step: 2)
    func write(_ saved: Saved) throws -> URL {
      try Checkpoint.write(
        model: saved.model, optimizer: saved.optimizer, state: saved.state, named: "step-000000009",
        in: work)
    }
    func begin() throws {
      try? FileManager.default.removeItem(at: work)
      _ = try write(old)
    }
    /// A file system that cannot exchange names, if asked for.
    func onFileSystem(_ body: () throws -> Void) throws {
      let outer = FileOperations.interference
      let longestWrite = outer?.longestWrite ?? FileOperations.longestWrite
      try interfering(
        longestWrite: longestWrite,
        {
          try outer?.before($0)
          if withoutExchange && $0.kind == .exchange { throw CallFailure(code: EINVAL) }
        }
      ) { try body() }
    }
    try begin()
    var found: [Int: Int] = [:]
    let deaths = try dieEverywhere {
      try onFileSystem { _ = try write(new) }
    } check: { place in
      let newest = try #require(try Checkpoint.latest(in: work), "killed before \(place)")
      #expect(newest.lastPathComponent == "step-000000009")
      let step = try Checkpoint.read(newest, as: State.self).state.step
      try Saved(step: step).expect(at: newest)
      found[step, default: 0] += 1
      try Saved(step: 10).write(in: work)
      try Saved(step: step).expect(at: newest)
      let names = try FileManager.default.contentsOfDirectory(atPath: work.path).sorted()
      #expect(names == ["step-000000009", "step-000000010"], "killed before \(place)")
      try begin()
    }
    #expect(deaths > 30)
    #expect(found.keys.sorted() == [1, 2])
    try new.expect(at: work.appendingPathComponent("step-000000009"))
  }

  /// A power cut loses what was not brought to the disk: at each rename everything below is, in this order.
  @Test func everythingIsOnTheDiskBeforeItGetsItsName() throws {
    let folder = try TemporaryFolder()
    try Saved(step: 1).write(in: folder.url)
    let recorder = Recorder()
    try interfering(recorder.before) {
      try Saved(step: 2).write(in: folder.url)
      try Checkpoint.prune(keeping: 1, in: folder.url)
    }
    var dirty: Set<String> = []
    for operation in recorder.operations {
      let parent = (operation.path as NSString).deletingLastPathComponent
      switch operation.kind {
      case .makeFolder: dirty.insert(operation.path)
      case .create: dirty.formUnion([operation.path, parent])
      case .write, .truncate, .setPermissions: dirty.insert(operation.path)
      case .sync, .syncFolder: dirty.remove(operation.path)
      case .rename, .exchange:
        #expect(dirty.isEmpty, "\(operation)")
        dirty.insert(parent)
      case .remove, .close: break
      }
    }
    #expect(dirty.isEmpty)
    let steps = recorder.operations.map(\.description).filter { !$0.hasPrefix("write") }
    let files = ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"]
    let folderName = folder.url.lastPathComponent
    var expected = ["makeFolder .partial-step-000000002"]
    for file in files { expected += ["create \(file)", "sync \(file)", "close \(file)"] }
    expected += ["syncFolder .partial-step-000000002", "rename step-000000002"]
    expected += ["syncFolder \(folderName)", "rename .partial-step-000000001"]
    expected += ["syncFolder \(folderName)"]
    expected += files.sorted().map { "remove \($0)" }
    expected += ["remove .partial-step-000000001"]
    #expect(steps == expected)
  }
}
