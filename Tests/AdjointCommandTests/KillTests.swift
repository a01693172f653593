import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

/// Processes that are killed, that meet the end of a disk, or whose reader has gone: the short form of the soak.
@Suite struct KillTests {
  private static let arguments = Command.small + ["--set", "epochs=40", "--threads", "1"]
  private static let manner = ["--save-every", "0", "--wait-for-disk", "0", "--quiet"]

  private func expectSame(_ folder: TemporaryFolder, _ one: String, _ other: String) throws {
    let newest = try #require(try Checkpoint.latest(in: folder.file("\(other)/checkpoints")))
    let files = ["model.safetensors", "optimizer.safetensors", "state.json"].map {
      "checkpoints/\(newest.lastPathComponent)/\($0)"
    }
    for file in files + ["metrics.jsonl", "configuration.json"] {
      #expect(
        try folder.bytes("\(one)/\(file)") == folder.bytes("\(other)/\(file)"), "\(one)/\(file)")
    }
    #expect(folder.contents(one).contains("report.html"))
  }

  @Test func killedAndResumedIsTheSameBitForBit() throws {
    let folder = try TemporaryFolder()
    let whole = try Command.run(Self.arguments + Self.manner + ["--output", "whole"], in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    var newest = -1
    for milliseconds: UInt32 in [60, 120, 180, 240, 300, 0] {
      let isRun = folder.contents("part").contains("configuration.json")
      let words =
        isRun ? ["train", "mnist-mlp", "--resume", "part"] : Self.arguments + ["--output", "part"]
      let running = try Command.Running(words + Self.manner, in: folder)
      if milliseconds > 0 {
        usleep(milliseconds * 1000)
        kill(running.process.processIdentifier, SIGKILL)
      }
      let ended = try running.finish()
      #expect([0, 128 + SIGKILL].contains(ended.status), "\(ended.errors)")
      let found = try Checkpoint.latest(in: folder.file("part/checkpoints"))
      let step = found.flatMap(Checkpoint.step(of:)) ?? -1
      #expect(step >= newest)
      newest = step
    }
    try expectSame(folder, "part", "whole")
  }

  /// The moment between the configuration and the first checkpoint.
  @Test func killedBeforeTheFirstCheckpoint() throws {
    let folder = try TemporaryFolder()
    for name in ["whole", "part"] {
      let run = Self.arguments + Self.manner + ["--epochs", "1", "--output", name]
      #expect(try Command.run(run, in: folder).status == 0)
    }
    for name in ["checkpoints", "report.html", "result.json"] {
      try FileManager.default.removeItem(at: folder.file("part/\(name)"))
    }
    try folder.write([], "part/metrics.jsonl")
    try folder.write([1], "part/.partial-0123456789abcdef")
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "part"] + Self.manner, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expectSame(folder, "part", "whole")
    #expect(!folder.contents("part").contains { $0.hasPrefix(".") })
  }

  @Test func anotherProcessIsAtWork() throws {
    let folder = try TemporaryFolder()
    let running = try Command.Running(
      Self.arguments + Self.manner + ["--epochs", "1000000", "--output", "run"], in: folder)
    let deadline = ContinuousClock().now + .seconds(30)
    while folder.contents("run/checkpoints").isEmpty && ContinuousClock().now < deadline {
      usleep(2000)
    }
    try expectFailure(
      64,
      "adjoint: \(folder.path)/run: another process trains this run; wait for it or stop it",
      ["train", "mnist-mlp", "--resume", "run"], in: folder)
    kill(running.process.processIdentifier, SIGTERM)
    #expect(try running.finish().status == 130)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func resultThatCannotBeDelivered() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      Self.arguments + Self.manner + ["--epochs", "1", "--output", "run", "--json"], in: folder,
      shell: #"exec "$@" > /dev/full"#)
    #expect(result.status == 74)
    #expect(
      result.errors
        == "adjoint: standard output: cannot write the result: No space left on device\n")
    #expect(folder.contents("run").contains("report.html"))
    let table = try Command.run(["list"], in: folder, shell: #"exec "$@" > /dev/full"#)
    #expect(table.status == 74)
  }

  /// The next file that is opened must not get its number.
  @Test func standardErrorThatIsClosed() throws {
    let folder = try TemporaryFolder()
    let loud = Self.arguments + ["--epochs", "2", "--output"]
    #expect(try Command.run(loud + ["whole"], in: folder).status == 0)
    let result = try Command.run(loud + ["part"], in: folder, shell: #"exec "$@" 2>&-"#)
    #expect(result.status == 0 && result.errors.isEmpty)
    try expectSame(folder, "part", "whole")
  }

  /// A limit on the size of files comes with a signal that would end the process without a word.
  @Test(
    .disabled(
      if: Sanitizer.thread.isOn, "the sanitizer's memory is a file that may not grow either"))
  func filesThatMayNotGrow() throws {
    let folder = try TemporaryFolder()
    let words = Self.arguments + Self.manner + ["--epochs", "2", "--output"]
    #expect(try Command.run(words + ["whole"], in: folder).status == 0)
    // 512-byte blocks: a checkpoint's model is larger.
    let result = try Command.run(
      words + ["part", "--threads", "1"], in: folder, shell: #"ulimit -f 32; exec "$@""#)
    #expect(result.status == 74)
    let file = "\(folder.path)/part/checkpoints/step-000000000/model.safetensors"
    #expect(
      result.errors
        == "adjoint: \(file): cannot write beyond byte \(32 * 512): File too large; once there is room go on "
        + "with: adjoint train mnist-mlp --resume \(folder.path)/part --threads 1\n")
    let resumed = try Command.run(
      ["train", "mnist-mlp", "--resume", "part"] + Self.manner, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expectSame(folder, "part", "whole")
  }

  @Test(arguments: [
    (["--save-every=-1"], "--save-every -1.0: has to be in 0 ... 1000000000."),
    (["--wait-for-disk=nan"], "--wait-for-disk nan: has to be in 0 ... 1000000000."),
  ])
  func whatIsRefused(flags: [String], message: String) throws {
    try expectUsageError(
      message, of: "adjoint train", "[<options>] <name>", ["train", "mnist-mlp"] + flags,
      in: TemporaryFolder())
  }
}
