import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

/// Sweeps whose trials are scripted: what is chosen, written, and made good after a fall.
@Suite(.serialized) struct SweepTests {
  private struct Fall: Error {}
  private let halving = ["hidden=int(1,60)"]

  @Test func gridTriesEveryCombinationAndSortsThem() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let sweep = try Sweep(
      Script.request(["hidden=8,16,32", "batch_size=4,8"]), output: folder.file("a"))
    let result = try sweep.run(script.options())
    #expect(script.jobs == (0..<6).map { "\($0) end" })
    #expect(!result.interrupted && result.failures == 0)
    // Ties go by number.
    #expect(result.rows.map(\.trial) == [2, 3, 0, 1, 4, 5])
    #expect(
      try folder.text("a/table.md").split(separator: "\n").prefix(3).map(String.init) == [
        "| trial | hidden | batch_size | validation accuracy | steps | seconds |",
        "|---:|---:|---:|---:|---:|---:|",
        "| 2 | 16 | 4 | 94.89 % | 90 | 2.2 |",
      ])
    let csv = try folder.text("a/table.csv").components(separatedBy: "\r\n")
    #expect(csv[0] == "trial,hidden,batch_size,validation_accuracy,steps,seconds,outcome")
    #expect(csv[1].hasPrefix("2,16,4,0.94888") && csv[1].hasSuffix(",90,2.25,complete"))
    #expect(csv.count == 8 && csv[7].isEmpty)
    #expect(
      result.bestLine == "best: trial 2, validation accuracy 94.89 %: hidden=16 batch_size=4")
    let best = try ExperimentRunner.configuration(
      MNISTPerceptron.self, [], from: folder.file("a/best.json"))
    #expect(best.hidden == 16 && best.batchSize == 4 && best.epochs == 9 && best.drawnTrain == 40)
    #expect(result.summary.best?.metrics.keys.sorted() == ["validation_accuracy"])
  }

  /// A comma with a mark behind it is a comma to whoever reads the table.
  @Test func settingsWithMarksInTheTable() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=8,16"])
    let space = try SearchSpace(["hidden=a,\u{301}b|c"])
    let record = SweepLedger.Record(
      trial: 0, rung: 0, settings: ["hidden": "a,\u{301}b"], steps: 1, seconds: 1,
      metrics: ["validation_accuracy": 0.5])
    let result = SweepResult(
      request, space, folder: folder.url, records: [record], interrupted: false)
    let line = try #require(
      SweepTable.csv(result).components(separatedBy: "\r\n").dropFirst().first)
    #expect(line == "0,\"a,\u{301}b\",0.5,1,1.0,complete")
  }

  /// `penalty` is a setting of two-layer-cifar10, and what its penalty came to.
  @Test func aMetricOfASettingsName() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let record = SweepLedger.Record(
      trial: 0, rung: 0, settings: ["hidden": "8"], steps: 1, seconds: 1,
      metrics: ["validation_accuracy": 0.5, "hidden": 0.25])
    let result = SweepResult(
      try Script.request(["hidden=8,16"]), try SearchSpace(["hidden=8,16"]), folder: folder.url,
      records: [record], interrupted: false)
    #expect(
      SweepTable.csv(result)
        == "trial,hidden,validation_accuracy,measured_hidden,steps,seconds,outcome\r\n"
        + "0,8,0.5,0.25,1,1.0,complete\r\n")
    #expect(
      SweepTable.shown(result).header == [
        "trial", "hidden", "validation accuracy", "steps", "seconds", "measured hidden",
      ])
  }

  /// What a sweep varies in vain is said before it begins.
  @Test func settingsWithoutEffect() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try SweepRequest(
      experiment: "two-layer-toy", space: ["epochs=3,5", "steps=0,20", "seed=1"],
      metric: "train_loss", minimize: true, threads: 1)
    #expect(
      try Sweep(request, output: folder.file("a")).remarks() == [
        "epochs: has an effect only with steps=0, which 2 of 4 trials have not"
      ])
  }

  /// What an experiment is compared by where nothing is said is measured, if something is held back.
  @Test(arguments: [
    ("etth1", ["history=24", "horizon=12", "window=7", "drawn_rows=600"]),
    (
      "vae-2d",
      ["samples_per_epoch=64", "batch_size=32", "evaluation_points=20", "evaluation_draws=1"]
    ),
    ("vae-mnist", ["drawn_train=40", "drawn_test=8", "validation=8"]),
    ("cascade", ["train_samples=40", "test_samples=20"]), ("two-layer-toy", ["batch_size=4"]),
  ])
  func defaultMetricIsMeasured(name: String, small: [String]) throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try SweepRequest(
      experiment: name, space: small + ["hidden=4,5"], threads: 1, epochs: 1)
    _ = try Sweep(request, output: folder.file("a"))
    #expect(FileManager.default.fileExists(atPath: folder.file("a/sweep.json").path))
  }

  /// A name that does not tell what is better is not guessed at.
  @Test func directionIsAskedFor() throws {
    let folder = try TemporaryFolder(inMemory: true)
    func sweep(minimize: Bool?) throws -> Sweep {
      let settings = ["kind=vq", "codebook=3,4", "drawn_train=40", "drawn_test=8", "hidden=4"]
      let request = try SweepRequest(
        experiment: "vae-mnist", space: settings, metric: "train_perplexity", minimize: minimize,
        threads: 1, dataDir: nil)
      return try Sweep(request, output: folder.file("a"))
    }
    expectError(
      .usage,
      "--metric train_perplexity: whether less of it is better is not known; say --minimize or --maximize"
    ) { _ = try sweep(minimize: nil) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("a").path))
    #expect(try sweep(minimize: false).request.command.contains(" --maximize "))
  }

  @Test func lossIsMinimised() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    script.outcome = { job in
      .finished(metrics: ["validation_loss": [3, 1, 2][job.trial]], steps: 1, seconds: 1)
    }
    let request = try Script.request(["hidden=8,16,32"], metric: "validation_loss")
    let result = try Sweep(request, output: folder.file("a")).run(script.options())
    #expect(result.rows.map(\.trial) == [1, 2, 0])
  }

  @Test func halvingLetsTheBestThirdGoOn() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let request = try Script.request(halving, .halving, trials: 10)
    let sweep = try Sweep(request, output: folder.file("a"))
    let space = try SearchSpace(request.space)
    let distances = (0..<10).map { trial in
      let value = request.settings(trial, in: space).first { $0.key == "hidden" }?.value
      return abs((Int(value ?? "") ?? 0) - 20)
    }
    let order = (0..<10).sorted { (distances[$0], $0) < (distances[$1], $1) }
    let result = try sweep.run(script.options())
    let third = order.prefix(3).sorted().map { "\($0) epochs(3)" }
    #expect(
      script.jobs == (0..<10).map { "\($0) epochs(1)" } + third + ["\(order[0]) end"])
    // Those that went further stand above the others, whatever these measured.
    #expect(result.rows.map(\.trial) == order)
    #expect(result.rows.map(\.steps) == [90, 30, 30] + Array(repeating: 10, count: 7))
    #expect(result.rows[0].seconds == (1 + 3 + 9) / 4.0)
    let table = try folder.text("a/table.md")
    #expect(table.components(separatedBy: "| stopped early |").count == 10)
    #expect(table.components(separatedBy: "| complete |").count == 2)
  }

  /// It falls before each of its trials in turn, and each time another process takes it up.
  @Test func fallsAnywhereAndComesToTheSame() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(halving, .halving, trials: 9)
    _ = try Sweep(request, output: folder.file("whole")).run(Script().options())
    let whole = try folder.text("whole/table.csv")
    let count = 9 + 3 + 1
    for fall in 0..<count {
      let name = "part\(fall)"
      let first = Script()
      first.onLaunch = { if $0 == fall { throw Fall() } }
      #expect(throws: Fall.self) {
        _ = try Sweep(request, output: folder.file(name)).run(first.options())
      }
      // Half a line, as of a process that was killed while it wrote.
      let ledger = try FileHandle(forWritingTo: folder.file("\(name)/trials.jsonl"))
      try ledger.seekToEnd()
      try ledger.write(contentsOf: Data(#"{"metrics":{"val"#.utf8))
      try ledger.close()
      let second = Script()
      let resumed = try Sweep(
        resuming: folder.file(name), of: "mnist-mlp", dataDir: nil)
      _ = try resumed.run(second.options())
      #expect(first.jobs.count + second.jobs.count == count)
      for file in ["table.csv", "table.md", "best.json", "sweep.json", "trials.jsonl"] {
        #expect(
          try folder.text("\(name)/\(file)") == folder.text("whole/\(file)"), "\(file) \(fall)")
      }
    }
    #expect(try folder.text("whole/table.csv") == whole)
  }

  @Test func failuresAreRecordedAndNotTriedAgain() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let scripted = script.outcome
    script.outcome = { job in
      switch job.trial {
      case 0: .failed("the loss became nan at step 3; a lower rate helps")
      case 1: .finished(metrics: ["validation_accuracy": .nan], steps: 5, seconds: 1)
      case 2: .finished(metrics: ["train_accuracy": 1], steps: 5, seconds: 1)
      default: scripted(job)
      }
    }
    let request = try Script.request(["hidden=1,2,3,4"])
    let result = try Sweep(request, output: folder.file("a")).run(script.options())
    #expect(result.rows.map(\.trial) == [3, 0, 1, 2] && result.failures == 3)
    try result.requireBest()
    let table = try folder.text("a/table.md")
    for words in [
      "| failed: the loss became nan at step 3 |", "| failed: validation_accuracy became nan |",
      "| failed: gave no metric named validation_accuracy |",
    ] { #expect(table.contains(words), "\(words)") }
    let again = Script()
    let resumed = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
    _ = try resumed.run(again.options())
    #expect(again.jobs.isEmpty)
    #expect(try folder.text("a/table.md") == table)
  }

  @Test func allFail() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    script.outcome = { .failed("no luck with \($0.trial)") }
    let request = try Script.request(halving, .halving, trials: 3)
    let result = try Sweep(request, output: folder.file("a")).run(script.options())
    #expect(result.best == nil && result.bestLine == nil)
    #expect(script.jobs.count == 3)
    expectError(.badData, "all 3 trials failed; trial 0: no luck with 0") {
      try result.requireBest()
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("a/best.json").path))
    #expect(try folder.text("a/sweep.html").contains("3 failed"))
  }

  /// The last trial's file, before the first trial has run.
  @Test func weightsThatAreNotThere() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let there = try folder.write([], "a.pth").path
    let missing = folder.file("b.pth").path
    let request = try SweepRequest(
      experiment: "pathmnist-finetune", space: ["weights=\(there),\(missing)"], method: .grid,
      threads: 1)
    expectError(.noInput, "\(missing): there is no such file") {
      _ = try Sweep(request, output: folder.file("sweep"))
    }
    #expect(try folder.contents == ["a.pth"])
  }

  /// A full disk is not the trial's fault: nothing is recorded, and it can go on when there is room again. What is
  /// printed for that can be pasted.
  @Test func whatStopsEveryTrialStopsTheSweep() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let scripted = script.outcome
    let full = AdjointError(.diskFull, "trial 1: no space")
    script.outcome = { $0.trial == 1 ? .stopped(full) : scripted($0) }
    let request = try Script.request(["hidden=1,2,3"])
    expectError(
      .diskFull,
      "trial 1: no space; once there is room go on with: adjoint sweep mnist-mlp --resume "
        + "'\(folder.path)/a b'"
    ) {
      _ = try Sweep(request, output: folder.file("a b")).run(script.options())
    }
    // What was found before is there.
    let best = try folder.text("a b/best.json")
    #expect(best.contains(#""hidden" : 1"#))
    #expect(try folder.text("a b/sweep.html").contains("<html"))
    let again = Script()
    let resumed = try Sweep(resuming: folder.file("a b"), of: "mnist-mlp", dataDir: nil)
    #expect(try resumed.run(again.options()).rows.count == 3)
    #expect(again.jobs == ["1 end", "2 end"])
  }

  /// Its figures would stand beside those of trials that had less.
  @Test(arguments: ["epochs", "steps"])
  func trialThatSomeoneTrainedFurther(unit: String) throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try SweepRequest(
      experiment: "mnist-mlp", space: Script.small + halving, method: .halving, trials: 3,
      threads: 1, epochs: unit == "epochs" ? 3 : nil, steps: unit == "steps" ? 30 : nil)
    let sweep = try Sweep(request, output: folder.file("a"))
    var lines = ""
    for step in 1...30 {
      let epoch = (step + 9) / 10
      lines += #"{"step":\#(step),"epoch":\#(epoch),"loss":2.5,"learning_rate":0.1}"# + "\n"
      if step % 10 == 0 { lines += #"{"step":\#(step),"epoch":\#(epoch),"metrics":{}}"# + "\n" }
    }
    try folder.write(lines.utf8, "a/trials/0001/metrics.jsonl")
    let script = Script()
    let scripted = script.outcome
    script.outcome = { job in
      guard job.trial == 1 else { return scripted(job) }
      return .finished(metrics: ["validation_accuracy": 1], steps: 30, seconds: 1)
    }
    expectError(
      .badData,
      "\(folder.path)/a/trials/0001: was trained to step 30, and its sweep compares it at step 10; remove "
        + "this folder and go on with the sweep (--resume), which trains it anew"
    ) { _ = try sweep.run(script.options()) }
    #expect(try folder.text("a/trials.jsonl").split(separator: "\n").count == 1)
  }

  @Test func interruptionStopsEveryTrialUnderWay() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=1,2,3,4"])
    var running: [ScriptedTrial] = []
    var options = Script().options(isInterrupted: { running.count == 2 })
    options.parallel = 2
    options.launch = { _ in
      running.append(ScriptedTrial { nil })
      return running.last
    }
    let result = try Sweep(request, output: folder.file("a")).run(options)
    #expect(result.interrupted && result.rows.isEmpty)
    #expect(running.count == 2 && running.allSatisfy { $0.isStopped })
    try result.requireBest()
    // A trial that someone else interrupts ends the sweep too, and is not over.
    let script = Script()
    let scripted = script.outcome
    script.outcome = { $0.trial == 1 ? .interrupted : scripted($0) }
    let second = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
      .run(script.options())
    #expect(second.interrupted && second.rows.map(\.trial) == [0])
    let third = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
      .run(Script().options())
    #expect(!third.interrupted && third.rows.count == 4)
  }

  @Test func asManyAtATimeAsAsked() throws {
    let folder = try TemporaryFolder(inMemory: true)
    var (running, most) = (0, 0)
    let script = Script()
    var options = script.options()
    options.parallel = 3
    options.launch = { job in
      running += 1
      most = max(most, running)
      var looks = 0
      let outcome = script.outcome(job)
      return ScriptedTrial {
        looks += 1
        // The later ones end first.
        guard looks > 4 - job.trial % 3 else { return nil }
        running -= 1
        return outcome
      }
    }
    let request = try Script.request(halving, .halving, trials: 9)
    let result = try Sweep(request, output: folder.file("a")).run(options)
    #expect(most == 3 && running == 0)
    _ = try Sweep(request, output: folder.file("b")).run(Script().options())
    #expect(try folder.text("a/table.csv") == folder.text("b/table.csv"))
    #expect(result.rows.count == 9)
  }

  /// Nobody goes on from them again; the ten best may be looked at.
  @Test func checkpointsOfTheOthersAreRemoved() throws {
    let folder = try TemporaryFolder(inMemory: true)
    func kept(_ name: String, _ request: SweepRequest) throws -> [Int] {
      let script = Script()
      let scripted = script.outcome
      script.outcome = { job in
        try? Data().write(to: job.folder.appendingPathComponent("metrics.jsonl"))
        try? FileManager.default.createDirectory(
          at: job.folder.appendingPathComponent("checkpoints/step-000000001"),
          withIntermediateDirectories: true)
        return job.trial == 1 ? .failed("no luck") : scripted(job)
      }
      _ = try Sweep(request, output: folder.file(name)).run(script.options())
      return (0..<request.trials).filter { trial in
        let path = Sweep.trialFolder(trial, in: folder.file(name)).path + "/checkpoints"
        return FileManager.default.fileExists(atPath: path)
      }
    }
    let values = (1...14).map { "\($0)" }.joined(separator: ",")
    #expect(try kept("grid", Script.request(["hidden=\(values)"])) == Array(4..<14))
    let halved = try Script.request(halving, .halving, trials: 9, epochs: 3)
    let best = try kept("halving", halved)
    #expect(best.count == 3 && !best.contains(1))
  }
}
