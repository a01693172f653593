import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// What a trial's process is told, and what its end means, with a script in the place of the command.
@Suite(.serialized) struct TrialProcessTests {
  private func start(
    _ script: String, _ folder: TemporaryFolder, pause: Trainer.Pause? = nil,
    waiting: () -> Bool = { true }
  ) throws -> TrialProcess? {
    // A shell may read it when the next one is written already.
    let name = "script-\(UUID().uuidString)"
    let file = try folder.write("#!/bin/sh\n\(script)\n".utf8, name)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    let job = TrialJob(
      experiment: "mnist-mlp", trial: 7, rung: 0, changes: [("hidden", "8"), ("title", "a b")],
      pause: pause, folder: folder.file("0007"), threads: 2, dataDir: "/data")
    return try TrialProcess(job, executable: file, waiting: waiting)
  }

  private func end(_ process: TrialProcess?) throws -> TrialOutcome {
    let process = try #require(process)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while clock.now < deadline {
      if let outcome = process.outcome() { return outcome }
      usleep(1000)
    }
    return .failed("still runs")
  }

  @Test func endsOfEveryKind() throws {
    let folder = try TemporaryFolder()
    let lines = "echo 'first line'; echo 'adjoint: no luck' >&2; echo 'a stack' >&2; exit"
    let summary =
      #"{"data":"d","experiment":"e","interrupted":false,"metrics":{"a":0.5,"b":"nan"},"run":"r","#
      + #""seconds":2,"seed":0,"steps":9}"#
    let cases: [(String, TrialOutcome)] = [
      ("\(lines) 65", .failed("no luck")), ("\(lines) 64", .failed("no luck")),
      ("\(lines) 66", .stopped(AdjointError(.noInput, "trial 7: no luck"))),
      ("\(lines) 73", .stopped(AdjointError(.cannotWrite, "trial 7: no luck"))),
      ("\(lines) 74", .stopped(AdjointError(.diskFull, "trial 7: no luck"))),
      ("\(lines) 130", .interrupted), ("\(lines) 143", .interrupted),
      (
        "kill -KILL $$",
        .stopped(
          AdjointError(
            .interrupted,
            "trial 7: was killed by signal 9, as where memory runs out; go on with the sweep (--resume)"
          ))
      ),
      ("kill -SEGV $$", .failed("was killed by signal 11")),
      ("exit 3", .failed("ended with exit code 3")),
      ("echo 'odd' >&2; exit 3", .failed("odd")),
      ("echo done", .failed("printed no summary as its last line")),
    ]
    for (script, outcome) in cases {
      #expect(try end(start(script, folder)) == outcome, "\(script)")
    }
    guard case .finished(let metrics, 9, 2) = try end(start("echo '\(summary)'", folder)) else {
      Issue.record("a summary is an outcome")
      return
    }
    #expect(metrics["a"] == 0.5 && metrics["b"]?.isNaN == true)
  }

  @Test func whatItIsTold() throws {
    let folder = try TemporaryFolder()
    func words(_ pause: Trainer.Pause?) throws -> [String] {
      let outcome = try end(start(#"echo "adjoint: $*"; exit 65"#, folder, pause: pause))
      guard case .failed(let words) = outcome else { return [] }
      return words.split(separator: " --").map(String.init)
    }
    let common = [
      "train mnist-mlp", "json", "quiet", "stop-with-input", "threads 2", "data-dir /data",
    ]
    let fresh = ["set hidden=8", "set title=a b", "output \(folder.path)/0007"]
    #expect(try words(nil) == common + fresh)
    // What was begun without a checkpoint is begun again.
    try folder.write([], "0007/configuration.json")
    #expect(try words(.epochs(3)) == common + ["pause-after-epochs 3"] + fresh)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/0007"))
    try folder.write([], "0007/checkpoints/step-000000000/state.json")
    #expect(
      try words(.steps(50)) == common + ["pause-after-steps 50", "resume \(folder.path)/0007"])
  }

  @Test func stopsWhenItsInputEnds() throws {
    let folder = try TemporaryFolder()
    let process = try #require(try start("cat; exit 130", folder))
    usleep(20_000)
    #expect(process.outcome() == nil)
    process.stop()
    #expect(try end(process) == .interrupted)
  }

  /// One that an earlier sweep has left behind, and that still saves.
  @Test func waitsForTheOneBefore() throws {
    let folder = try TemporaryFolder()
    let first = try start("cat; exit 130", folder)
    #expect(try start("exit 3", folder, waiting: { false }) == nil)
    var looks = 0
    let second = try start("exit 3", folder) {
      looks += 1
      if looks == 3 { first?.stop() }
      usleep(1000)
      return true
    }
    #expect(looks >= 3)
    #expect(try end(second) == .failed("ended with exit code 3"))
  }

  @Test func commandThatIsNotThere() throws {
    let folder = try TemporaryFolder()
    let job = TrialJob(
      experiment: "mnist-mlp", trial: 0, rung: 0, changes: [], pause: nil,
      folder: folder.file("0000"), threads: 1, dataDir: nil)
    let words = foundationWords {
      let process = Process()
      process.executableURL = folder.file("none")
      try process.run()
    }
    expectError(.internalFault, "\(folder.path)/none: cannot be started: \(words)") {
      _ = try TrialProcess(job, executable: folder.file("none")) { true }
    }
  }
}
