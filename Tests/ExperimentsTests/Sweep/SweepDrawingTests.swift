import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

/// Which settings the trials of a sweep have where they are drawn from lists, and what is said of that.
@Suite(.serialized) struct SweepDrawingTests {
  /// Fewer trials than by default are not passed over in silence.
  @Test func combinationsThatAreAllTried() throws {
    let folder = try TemporaryFolder(inMemory: true)
    func remarks(_ space: [String], _ method: SweepMethod, _ name: String) throws -> [String] {
      try Sweep(Script.request(space, method), output: folder.file(name)).remarks()
    }
    let lists = ["hidden=8,16", "batch_size=4,8"]
    let all = ["4 trials: these settings have no more combinations"]
    #expect(try remarks(lists, .random, "a") == all)
    #expect(try remarks(lists, .halving, "b") == all)
    #expect(try remarks(lists, .grid, "c") == [])
    #expect(try remarks(["hidden=int(1,60)"], .random, "d") == [])
    #expect(try remarks(["learning_rate=lin(0.1,1)"], .random, "e") == [])
  }

  @Test func drawnListsAreEachTriedOnce() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let request = try Script.request(["hidden=8,16,32", "batch_size=4,8"], .random)
    let result = try Sweep(request, output: folder.file("a")).run(script.options())
    let tried = result.rows.map {
      "\($0.settings["hidden"] ?? "")/\($0.settings["batch_size"] ?? "")"
    }
    #expect(tried.sorted() == ["16/4", "16/8", "32/4", "32/8", "8/4", "8/8"])
    #expect(try folder.text("a/sweep.html").contains("Drawn at random, none twice"))
  }

  /// One that was begun before lists were drawn without replacement: trials that are over keep their values, and those
  /// to come get what they would have had.
  @Test func olderSweepIsGoneOnWith() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=10,20"], .random)
    _ = try Sweep(request, output: folder.file("a"))
    let text = try folder.text("a/sweep.json")
    let old = text.replacing("  \"drawing\" : \"without replacement\",\n", with: "")
      .replacing("\"trials\" : 2", with: "\"trials\" : 6")
    #expect(!old.contains("drawing"))
    try folder.write(old.utf8, "a/sweep.json")
    let values = (0..<6).map { trial in
      var random = Philox(seed: 0, stream: UInt64(trial))
      return random.uniform() < 0.5 ? "10" : "20"
    }
    let lines = (0..<3).map { trial in
      #"{"metrics":{"validation_accuracy":0.5},"rung":0,"seconds":1,"settings":{"drawn_test":"10","#
        + #""drawn_train":"40","hidden":"\#(values[trial])","validation":"10"},"steps":9,"trial":\#(trial)}"#
        + "\n"
    }
    try folder.write(lines.joined().utf8, "a/trials.jsonl")
    let script = Script()
    let result = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
      .run(script.options())
    #expect(script.jobs == ["3 end", "4 end", "5 end"])
    #expect(
      result.rows.sorted { $0.trial < $1.trial }.map { $0.settings["hidden"] ?? "" } == values)
    let html = try folder.text("a/sweep.html")
    #expect(html.contains("Drawn at random, compared by"))
  }

  /// Whoever writes into sweep.json is told what does not go together.
  @Test func moreTrialsThanCombinations() throws {
    let folder = try TemporaryFolder(inMemory: true)
    _ = try Sweep(Script.request(["hidden=10,20"], .random), output: folder.file("a"))
    let text = try folder.text("a/sweep.json")
    func resume(_ trials: Int) throws {
      try folder.write(
        text.replacing("\"trials\" : 2", with: "\"trials\" : \(trials)").utf8, "a/sweep.json")
      _ = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
    }
    for trials in [3, 0, -1] {
      expectError(
        .badData, "\(folder.path)/a/sweep.json: expected 1 to 2 trials, found \(trials)"
      ) { try resume(trials) }
    }
    try resume(2)
  }
}
