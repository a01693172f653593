import Foundation
import TestSupport
import Testing

@testable import AdjointCommand

/// Runs from a configuration's file, and runs that pause.
@Suite struct PauseTests {
  @Test func configurationOfARun() throws {
    let folder = try TemporaryFolder()
    let first = Command.small + ["--steps", "5", "--batch-size", "8", "--output", "a", "--quiet"]
    #expect(try Command.run(first, in: folder).status == 0)
    let file = ["train", "mnist-mlp", "--config", "a/configuration.json"]
    #expect(try Command.run(file + ["--output", "b", "--quiet"], in: folder).status == 0)
    for name in ["configuration.json", "metrics.jsonl"] {
      #expect(try folder.bytes("a/\(name)") == folder.bytes("b/\(name)"), "\(name)")
    }
    let changed = try Command.run(
      file + ["--steps", "3", "--set", "seed=9", "--output", "c", "--json"], in: folder)
    let object = try changed.lastObject()
    #expect(object["steps"] as? Int == 3 && object["seed"] as? Int == 9)

    try expectFailure(
      66, "adjoint: \(folder.path)/none.json: cannot be opened: No such file or directory",
      ["train", "mnist-mlp", "--config", "none.json"], in: folder)
    try folder.write(#"{"experiment":"etth1","configuration":{}}"#.utf8, "other.json")
    try expectFailure(
      64, "adjoint: \(folder.path)/other.json: is a configuration of etth1, not of mnist-mlp",
      ["train", "mnist-mlp", "--config", "other.json"], in: folder)
  }

  @Test func pausedAndResumed() throws {
    let folder = try TemporaryFolder()
    let arguments = Command.small + ["--epochs", "2"]
    let paused = try Command.run(
      arguments + ["--pause-after-epochs", "1", "--output", "part", "--json"], in: folder)
    #expect(paused.status == 0, "\(paused.errors)")
    let object = try paused.lastObject()
    #expect(object["paused"] as? Bool == true && object["interrupted"] as? Bool == false)
    #expect(object["steps"] as? Int == 20)
    #expect((object["metrics"] as? [String: Double])?["test_accuracy"] != nil)
    #expect(
      paused.errors.hasSuffix(
        "paused after step 20; go on with: adjoint train mnist-mlp --resume \(folder.path)/part\n"))
    #expect(!folder.contents("part").contains("report.html"))
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "part", "--pause-after-steps", "40", "--json"], in: folder)
    #expect(try resumed.lastObject()["paused"] == nil)
    let words = /40 steps; \d+\.\d s since it was resumed; report: (.+)/
    let last = try #require(resumed.errors.split(separator: "\n").last)
    #expect(last.wholeMatch(of: words)?.1 == "\(folder.path)/part/report.html", "\(last)")
    #expect(folder.contents("part").contains("report.html"))
    let whole = try Command.run(arguments + ["--output", "whole", "--quiet"], in: folder)
    #expect(whole.status == 0)
    #expect(try folder.bytes("part/metrics.jsonl") == folder.bytes("whole/metrics.jsonl"))
  }

  /// Its standard input ends at once here.
  @Test func stopsWithItsInput() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      Command.small + ["--epochs", "100000", "--output", "a", "--quiet", "--stop-with-input"],
      in: folder)
    #expect(result.status == 130, "\(result.errors)")
    #expect(folder.contents("a/checkpoints").count >= 1)
  }

  @Test(arguments: [
    (
      ["--resume", "a", "--config", "b"],
      "--resume takes the run's own configuration; leave out --config."
    ),
    (
      ["--pause-after-epochs", "1", "--pause-after-steps", "1"],
      "--pause-after-epochs and --pause-after-steps exclude one another."
    ),
    (["--pause-after-steps", "0"], "--pause-after-steps 0: has to be in 1 ... 1000000000."),
  ])
  func whatIsRefused(flags: [String], message: String) throws {
    try expectUsageError(
      message, of: "adjoint train", "[<options>] <name>", ["train", "mnist-mlp"] + flags,
      in: TemporaryFolder())
  }
}
