import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

/// Sweeps with the real command, each trial in a process of its own.
@Suite struct SweepCommandTests {
  private static let small = [
    "sweep", "mnist-mlp", "--set", "drawn_train=320", "--set", "drawn_test=20", "--set",
    "validation=64", "--threads", "1",
  ]

  /// The table without the seconds, which no two runs share.
  private func table(_ folder: TemporaryFolder, _ name: String) throws -> [[Substring]] {
    let text = String(decoding: try folder.bytes("\(name)/table.csv"), as: UTF8.self)
    let rows = text.split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let seconds = try #require(rows.first?.firstIndex(of: "seconds"))
    return rows.map { row in
      var row = row
      row.remove(at: seconds)
      return row
    }
  }

  @Test func moreThreadsThanCores() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "sweep", "mnist-mlp", "--trials", "1", "--set", "hidden=8,16", "--threads", "1000",
      "--output", "a",
    ]
    let error =
      "adjoint: --trials 1: this grid has 2 combinations; --method random tries some of them"
    try expectFailure(
      64,
      """
      --threads 1000: more than the cores that this process may use; using \(Threads.available)
      \(error)
      """, arguments, in: folder)
    try expectFailure(64, error, arguments + ["--quiet"], in: folder)
  }

  @Test func halvingFindsAConfigurationThatTrainTakes() throws {
    let folder = try TemporaryFolder()
    let arguments: [String] =
      Self.small + [
        "--set", "learning_rate=log(0.001,1)", "--set", "hidden=8,16", "--set", "batch_size=16",
        "--method", "halving", "--trials", "4", "--epochs", "3", "--seed", "5",
      ]
    let result = try Command.run(arguments + ["--output", "a", "--json"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let object = try result.lastObject()
    #expect(
      object.keys.sorted() == [
        "best", "experiment", "failed", "interrupted", "method", "metric", "output", "trials",
      ])
    #expect(object["trials"] as? Int == 4 && object["failed"] as? Int == 0)
    #expect(result.output.split(separator: "\n").count == 1)
    let lines = result.errors.split(separator: "\n").map(String.init)
    #expect(lines.count == 4 + 1 + 5 + 1, "\(result.errors)")
    #expect(
      lines[0].wholeMatch(
        of:
          /trial 0  rung 1\/2  learning_rate=\S+ hidden=(8|16)  validation accuracy [\d.]+ %  \([\d.]+ s\)/
      ) != nil, "\(lines[0])")
    #expect(
      lines[5].hasPrefix("trial  learning_rate  hidden  validation accuracy  steps  seconds"))
    let last = try #require(lines.last)
    #expect(last.hasPrefix("best: trial "))
    #expect(last.hasSuffix("; report: \(folder.path)/a/sweep.html"))
    #expect(
      folder.contents("a") == [
        "best.json", "sweep.html", "sweep.json", "table.csv", "table.md", "trials", "trials.jsonl",
      ])

    // The best was paused and resumed; trained in one go it is the same.
    let best = try #require(object["best"] as? [String: Any])
    let measured = try #require(best["metrics"] as? [String: Double])
    let again = try Command.run(
      [
        "train", "mnist-mlp", "--config", "a/best.json", "--threads", "1", "--output", "b",
        "--json",
      ],
      in: folder)
    let metrics = try #require(try again.lastObject()["metrics"] as? [String: Double])
    #expect(metrics.filter { !$0.key.hasPrefix("test_") } == measured)
    let trial = String(format: "a/trials/%04d", try #require(best["trial"] as? Int))
    #expect(try folder.bytes("b/configuration.json") == folder.bytes("\(trial)/configuration.json"))
    #expect(try folder.bytes("b/metrics.jsonl") == folder.bytes("\(trial)/metrics.jsonl"))
    #expect(folder.contents(trial).contains("report.html"))

    // Two at a time make no difference; a sweep that is done can be asked for its table again.
    let other = try Command.run(
      arguments + ["--output", "c", "--parallel", "2", "--quiet"], in: folder)
    #expect(other.status == 0 && other.output.isEmpty && other.errors.isEmpty)
    #expect(try table(folder, "c") == table(folder, "a"))
    let resumed = try Command.run(["sweep", "mnist-mlp", "--resume", "a"], in: folder)
    #expect(resumed.status == 0)
    #expect(
      resumed.errors.split(separator: "\n").map(String.init) == Array(lines.dropFirst(5)))
  }

  /// Starts a sweep, and sends it a signal within its first trial.
  private func stop(_ signal: Int32, _ arguments: [String], in folder: TemporaryFolder) throws
    -> Command
  {
    let name = try #require(arguments.last)
    let running = try Command.Running(arguments, in: folder)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    func isUnderWay() -> Bool {
      folder.contents("\(name)/trials/0000/checkpoints").contains("step-000000000")
    }
    while !isUnderWay() && clock.now < deadline && running.process.isRunning { usleep(1000) }
    kill(running.process.processIdentifier, signal)
    return try running.finish()
  }

  @Test func stoppedAndResumedIsTheSame() throws {
    let folder = try TemporaryFolder()
    let arguments =
      Self.small + [
        "--set", "hidden=8,16", "--set", "batch_size=8", "--steps", "10000", "--output",
      ]
    let whole = try Command.run(arguments + ["whole"], in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    for signal in [SIGKILL, SIGINT] {
      let name = "part \(signal)"
      let stopped = try stop(signal, arguments + [name], in: folder)
      #expect(try folder.bytes("\(name)/trials.jsonl").isEmpty)
      if signal == SIGKILL {
        #expect(stopped.status == 128 + SIGKILL)
      } else {
        #expect(stopped.status == 130, "\(stopped.errors)")
        #expect(
          stopped.errors.hasSuffix(
            "interrupted; go on with: adjoint sweep mnist-mlp --resume '\(folder.path)/\(name)'\n"))
      }
      let resumed = try Command.run(["sweep", "mnist-mlp", "--resume", name], in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      // Also where the sweep was killed its trial was told so, and saved.
      let log = String(decoding: try folder.bytes("\(name)/trials/0000.log"), as: UTF8.self)
      #expect(log.contains("\"interrupted\":true"), "\(log)")
      #expect(try table(folder, name) == table(folder, "whole"))
      for file in ["best.json", "trials/0000/metrics.jsonl", "trials/0001/metrics.jsonl"] {
        #expect(try folder.bytes("\(name)/\(file)") == folder.bytes("whole/\(file)"), "\(file)")
      }
    }
  }

  @Test func trialsThatFail() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "sweep", "mnist-mlp", "--set", "drawn_train=320", "--set", "drawn_test=20", "--set",
      "hidden=500", "--set", "seed=2", "--metric", "train_accuracy", "--epochs", "1", "--output",
    ]
    let some = try Command.run(
      arguments + ["a", "--set", "learning_rate=0.1,1000000"], in: folder)
    #expect(some.status == 0, "\(some.errors)")
    #expect(
      some.errors.contains(
        /trial 1  learning_rate=1000000  failed: the loss became (nan|inf) at step \d+/))
    let table = String(decoding: try folder.bytes("a/table.md"), as: UTF8.self)
    #expect(table.contains("| failed: the loss became "))
    let all = try Command.run(
      arguments + [
        "b", "--set", "learning_rate=1000000", "--set", "decay_every=1,2", "--quiet",
      ], in: folder)
    #expect(all.status == 65)
    #expect(
      all.errors.wholeMatch(
        of:
          /adjoint: all 2 trials failed; trial 0: the loss became (nan|inf) at step \d+ \(epoch 1, batch \d+\); a lower --learning-rate usually helps, and --check-finite finds the operation that did it\n/
      ) != nil, "\(all.errors)")
  }

  /// No metric is named, and there are fewer combinations than trials by default.
  @Test func whatIsChosenWhereNothingIsSaid() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "sweep", "two-layer-toy", "--set", "hidden=5,6", "--method", "random", "--steps", "3",
        "--threads", "1", "--output", "a",
      ], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.errors.split(separator: "\n").map(String.init)
    #expect(lines.first == "2 trials: these settings have no more combinations")
    #expect(lines.filter { $0.hasPrefix("trial ") }.count == 3)
    #expect(lines.count { $0.contains("hidden=5  train loss ") } == 1)
    #expect(lines.count { $0.contains("hidden=6  train loss ") } == 1)
  }

  /// A number below zero is a value, not a flag.
  @Test(arguments: [
    ("--trials -1 --method random", "--trials -1: has to be in 1 … 100000"),
    ("--parallel -1", "--parallel -1: has to be in 1 … 1024"),
    ("--threads -2", "--threads -2: has to be in 1 … 1024"),
    ("--epochs -1", "epochs=-1: has to be in 1 … 1000000"),
    ("--steps -1", "steps=-1: has to be in 0 … 1000000000"),
  ])
  func numbersBelowZero(words: String, message: String) throws {
    let folder = try TemporaryFolder()
    let arguments = ["sweep", "mnist-mlp", "--set", "hidden=1,2", "--set", "drawn_train=40"]
    try expectFailure(
      64, "adjoint: \(message)", arguments + words.split(separator: " ").map(String.init),
      in: folder)
    #expect(folder.contents("") == [])
  }

  @Test func seedBelowZero() throws {
    try expectUsageError(
      """
      The value '-1' is invalid for '--seed <seed>'
      Help:  --seed <seed>  What values are drawn from, but for a grid; what a trial draws is --set seed=N.
      """, of: "adjoint sweep", "[<options>] <name>",
      ["sweep", "mnist-mlp", "--set", "hidden=1,2", "--seed", "-1"], in: TemporaryFolder())
  }

  @Test func whatIsRefused() throws {
    let folder = try TemporaryFolder()
    for (arguments, message) in [
      (
        ["--set", "hidden=1,2", "--method", "best"],
        "--method best: expected grid, random or halving"
      ),
      (["--set", "hidden=1,2", "--parallel", "0"], "--parallel 0: has to be in 1 … 1024"),
      (
        [], "a sweep needs a setting with several values: --set key=a,b,c or key=log(lo,hi)"
      ),
      (["--set", "hidden=1,0"], "hidden=0: has to be in 1 … 100000"),
      (
        ["--set", "hidden=1,2", "--method", "random", "--trials", "3"],
        "--trials 3: these settings have 2 combinations, and none is drawn twice"
      ),
      (
        ["--set", "hidden=1,2", "--seed", "7"],
        "--seed 7: a grid draws nothing; what trials draw from is --set seed=7"
      ),
      (
        ["--set", "hidden=1,2", "--metric", "test_loss"],
        "--metric test_loss: the test part must not choose among trials, or its figure says nothing of new "
          + "data; take a metric of the validation part"
      ),
    ] {
      try expectFailure(64, "adjoint: \(message)", Self.small + arguments, in: folder)
    }
    for (arguments, message) in [
      (["--epochs", "1", "--steps", "2"], "--epochs and --steps exclude one another."),
      (["--minimize", "--maximize"], "--minimize and --maximize exclude one another."),
      (
        ["--resume", "a", "--output", "b"],
        "--resume writes to the sweep's own folder; leave out --output."
      ),
      (
        ["--resume", "a", "--set", "a=1", "--seed", "2"],
        "--resume takes the request from the sweep; --set, --seed cannot be changed."
      ),
    ] {
      try expectUsageError(
        message, of: "adjoint sweep", "[<options>] <name>", ["sweep", "mnist-mlp"] + arguments,
        in: folder)
    }
    try expectFailure(
      66, "adjoint: \(folder.path)/a: is not the folder of a sweep: it has no sweep.json",
      ["sweep", "mnist-mlp", "--resume", "a"], in: folder)
    #expect(folder.contents("") == [])
  }
}
