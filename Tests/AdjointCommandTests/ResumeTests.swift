import Checkpoints
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import AdjointCommand

/// Stopping a run by a signal, and going on with it.
@Suite struct ResumeTests {
  /// Long enough that a signal meets it.
  private static let long = [
    "train", "mnist-mlp", "--set", "drawn_train=320", "--set", "drawn_test=20", "--set",
    "hidden=16", "--batch-size", "8", "--seed", "2",
  ]

  /// Starts a run that takes many seconds, and asks it to stop once it is under way.
  private func interrupt(_ signal: Int32, in folder: TemporaryFolder) throws -> Command {
    let running = try Command.Running(
      Self.long + ["--epochs", "20000", "--output", "part", "--json"], in: folder)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    func isUnderWay() -> Bool { folder.contents("part").contains("environment.json") }
    while !isUnderWay() && clock.now < deadline && running.process.isRunning { usleep(2000) }
    usleep(30_000)
    kill(running.process.processIdentifier, signal)
    return try running.finish()
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func interruptedAndResumedIsTheSameBitForBit(signal: Int32) throws {
    let folder = try TemporaryFolder()
    let stopped = try interrupt(signal, in: folder)
    #expect(stopped.status == 130, "\(stopped.errors)")
    let object = try stopped.lastObject()
    let steps = try #require(object["steps"] as? Int)
    #expect(object["interrupted"] as? Bool == true)
    #expect((object["metrics"] as? [String: Double])?.isEmpty == true)
    #expect(
      stopped.errors.hasSuffix(
        "interrupted after step \(ProgressDisplay.grouped(steps)); go on with: "
          + "adjoint train mnist-mlp --resume \(folder.path)/part\n"))
    let newest = try #require(
      try Checkpoint.latest(in: folder.file("part/checkpoints")))
    #expect(newest.lastPathComponent == Checkpoint.name(step: steps))
    #expect(!folder.contents("part").contains("report.html"))

    let goal = "\(steps + 100)"
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "part", "--steps", goal, "--json"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    let whole = try Command.run(
      Self.long + ["--set", "epochs=20000", "--steps", goal, "--output", "whole", "--json"],
      in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    let name = "checkpoints/\(Checkpoint.name(step: steps + 100))"
    for file in ["model.safetensors", "optimizer.safetensors", "state.json"] {
      let (one, other) = ("part/\(name)/\(file)", "whole/\(name)/\(file)")
      #expect(try folder.bytes(one) == folder.bytes(other), "\(file)")
    }
    for file in ["metrics.jsonl", "configuration.json"] {
      #expect(try folder.bytes("part/\(file)") == folder.bytes("whole/\(file)"), "\(file)")
    }
    let metrics = try (resumed.lastObject()["metrics"], whole.lastObject()["metrics"])
    #expect(metrics.0 as? [String: Double] == metrics.1 as? [String: Double])
    #expect(folder.contents("part").contains("report.html"))
  }

  /// What computes otherwise than before is said, and kept; a run that is not over says of which step its weights are.
  @Test(.enabled(if: Threads.available > 1))
  func anotherNumberOfThreads() throws {
    let folder = try TemporaryFolder()
    let begun = try Command.run(
      Command.small + ["--threads", "2", "--pause-after-steps", "5", "--output", "a run"],
      in: folder)
    #expect(begun.status == 0, "\(begun.errors)")
    let hint = "go on with: adjoint train mnist-mlp --resume '\(folder.path)/a run' --threads 2\n"
    #expect(begun.errors.hasSuffix("paused after step 5; \(hint)"))
    let measured = try Command.run(["evaluate", "a run"], in: folder)
    #expect(
      measured.errors.hasSuffix(
        "\(folder.path)/a run: is not over: the weights are those after step 5 of 1,200\n"))
    try folder.write(NPY.encode(.zeros([1, 784])), "x.npy")
    let predicted = try Command.run(
      ["predict", "--run", "a run", "--input", "x.npy", "--output", "y.npy"], in: folder)
    #expect(
      predicted.errors
        == "\(folder.path)/a run: is not over: the weights are those after step 5\ny.npy: [1, 10]\n"
    )
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "a run", "--threads", "1"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(
      resumed.errors.contains(
        "\(folder.path)/a run: goes on with threads 1 (2 before); its numbers may differ in their last bits "
          + "from those of a run without a stop\n"))
    let text = String(decoding: try folder.bytes("a run/environment.json"), as: UTF8.self)
    #expect(text.contains("\"step\" : 5") && text.contains("\"threads\" : 2"))
  }

  @Test func damagedCheckpoint() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run(
      Command.small + ["--steps", "5", "--output", "run", "--quiet"], in: folder)
    #expect(run.status == 0)
    let name = "run/checkpoints/step-000000005"
    let sum = try Checksum(of: folder.file("\(name)/model.safetensors")).sha256
    var bytes = Array(try folder.bytes("\(name)/model.safetensors"))
    bytes.removeLast(10)
    try folder.write(bytes, "\(name)/model.safetensors")
    let message =
      "adjoint: \(folder.path)/\(name): the newest checkpoint cannot be used: "
      + "\(folder.path)/\(name)/model.safetensors: expected the \(bytes.count + 10) bytes of the "
      + "manifest, found \(bytes.count); the newest one that is whole is "
      + "\(folder.path)/run/checkpoints/step-000000000: remove what is newer to go on from there"
    try expectFailure(65, message, ["train", "mnist-mlp", "--resume", "run"], in: folder)
    try expectFailure(65, message, ["evaluate", "run"], in: folder)

    // Other bytes keep the length.
    bytes += [UInt8](repeating: 0, count: 10)
    let found = try Checksum(of: folder.write(bytes, "\(name)/model.safetensors")).sha256
    try expectFailure(
      65,
      "adjoint: \(folder.path)/\(name): the newest checkpoint cannot be used: "
        + "\(folder.path)/\(name)/model.safetensors: expected the SHA-256 \(sum) of the manifest, found "
        + "\(found); the newest one that is whole is \(folder.path)/run/checkpoints/step-000000000: remove "
        + "what is newer to go on from there",
      ["evaluate", "run"], in: folder)

    // And that is what one can do.
    try FileManager.default.removeItem(at: folder.file(name))
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "run", "--quiet"], in: folder)
    #expect(resumed.status == 0)
  }

  @Test func runWithoutCheckpoints() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run(
      Command.small + ["--steps", "5", "--output", "run", "--quiet"], in: folder)
    #expect(run.status == 0)
    try FileManager.default.removeItem(at: folder.file("run/checkpoints"))
    try expectFailure(
      66, "adjoint: \(folder.path)/run/checkpoints: holds no checkpoint to resume from",
      ["train", "mnist-mlp", "--resume", "run"], in: folder)
    try expectFailure(
      66, "adjoint: \(folder.path)/run/checkpoints: holds no checkpoint", ["evaluate", "run"],
      in: folder)
  }

  /// Epochs take the place of the steps that a configuration has.
  @Test func epochsInPlaceOfSteps() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run(
      ["train", "two-layer-toy", "--epochs", "3", "--output", "run", "--json"], in: folder)
    #expect(try run.lastObject()["steps"] as? Int == 30)
    try expectFailure(
      64, "adjoint: --epochs and --set steps=7 exclude one another",
      ["train", "two-layer-toy", "--epochs", "3", "--set", "steps=7"], in: folder)
  }

  /// A run that was limited to some steps goes on for the epochs it is given.
  @Test func epochsAfterSteps() throws {
    let folder = try TemporaryFolder()
    let first = Command.small + ["--steps", "5", "--output", "run", "--quiet"]
    #expect(try Command.run(first, in: folder).status == 0)
    let second = try Command.run(
      ["train", "mnist-mlp", "--resume", "run", "--epochs", "1", "--json"], in: folder)
    #expect(try second.lastObject()["steps"] as? Int == 20)
  }
}
