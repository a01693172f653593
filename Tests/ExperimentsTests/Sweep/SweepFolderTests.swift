import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// What a sweep refuses before its first trial, what it finds in its folder, and what it shows.
@Suite(.serialized) struct SweepFolderTests {
  private func refuse(
    _ kind: AdjointError.Kind, _ message: String, _ request: SweepRequest,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let folder = try TemporaryFolder(inMemory: true)
    expectError(kind, message, sourceLocation: sourceLocation) {
      _ = try Sweep(request, output: folder.file("a"))
    }
    #expect(try folder.contents == [], sourceLocation: sourceLocation)
  }

  @Test func settingsOfEveryTrialAreLookedAtFirst() throws {
    try refuse(.usage, "hidden=0: has to be in 1 … 100000", Script.request(["hidden=8,0"]))
    try refuse(
      .usage, "gradients=magic: expected tape or by-hand", Script.request(["gradients=tape,magic"]))
    try refuse(
      .usage, "hidden=1.5: expected a whole number", Script.request(["hidden=1,1.5"]))
    var request = try Script.request(["hidden=1,2"])
    request.experiment = "mnist-mlp-2"
    let names = ExperimentCatalogue.all.map { $0.information.name }
    try refuse(
      .usage, unknown("experiment", "mnist-mlp-2", among: names), request)
    request = try Script.request(["hidden=1,2"])
    request.dataDir = "/nowhere/at/all"
    try refuse(.noInput, "/nowhere/at/all: no such folder", request)
  }

  @Test func metricThatDoesNotCome() throws {
    try refuse(
      .usage,
      "mnist-mlp: there is no metric named validation_acuracy; did you mean validation_accuracy? (there "
        + "are train_accuracy, train_loss, validation_accuracy, validation_loss)",
      Script.request(["hidden=1,2"], metric: "validation_acuracy"))
    let request = try SweepRequest(
      experiment: "mnist-mlp", space: ["drawn_train=40", "drawn_test=10", "hidden=1,2"], threads: 1)
    try refuse(
      .usage,
      "mnist-mlp: there is no validation_accuracy without a validation part; --set validation=5000 holds "
        + "back as many samples of the training data",
      request)
  }

  @Test func tooLittleToHalve() throws {
    try refuse(
      .usage, "--method halving: takes at least 3 trials of at least 3 epochs, found 27 of 2",
      Script.request(["hidden=int(1,60)"], .halving, epochs: 2))
  }

  /// As presets may, which no setting of the sweep names.
  @Test func halvingOfTrialsThatDifferInLength() throws {
    var request = try Script.request(["hidden=int(1,60)"], .halving, epochs: nil)
    request.space.append("epochs=6,9")
    try refuse(
      .usage,
      "--method halving: trials of these presets differ in epochs or steps; give --epochs or --steps",
      request)
  }

  @Test func stepsAreHalvedWhereStepsAreGiven() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let request = try SweepRequest(
      experiment: "mnist-mlp", space: Script.small + ["hidden=int(1,60)"], method: .halving,
      trials: 9,
      threads: 1, steps: 90)
    _ = try Sweep(request, output: folder.file("a")).run(script.options())
    #expect(script.jobs.prefix(9) == (0..<9).map { "\($0) steps(10)" }[...])
    #expect(script.jobs[9].hasSuffix(" steps(30)") && script.jobs[12].hasSuffix(" end"))
  }

  /// The experiment's own configuration has a number of steps.
  @Test func epochsAreHalvedWhereEpochsAreGiven() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    script.outcome = { job in
      .finished(metrics: ["train_loss": Double(job.trial)], steps: 1, seconds: 1)
    }
    let request = try SweepRequest(
      experiment: "two-layer-toy", space: ["hidden=int(5,20)"], method: .halving, trials: 3,
      metric: "train_loss", threads: 1, epochs: 3)
    _ = try Sweep(request, output: folder.file("a")).run(script.options())
    #expect(script.jobs == ["0 epochs(1)", "1 epochs(1)", "2 epochs(1)", "0 end"])
    let best = try ExperimentRunner.configuration(
      TwoLayerToy.self, [], from: folder.file("a/best.json"))
    #expect(best.epochs == 3 && best.steps == 0)
  }

  /// A list of epochs takes the place of steps as well, and no steps may be said beside epochs.
  @Test func epochsInAList() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    script.outcome = { job in
      .finished(metrics: ["train_loss": Double(job.trial)], steps: 1, seconds: 1)
    }
    let request = try SweepRequest(
      experiment: "two-layer-toy", space: ["epochs=3,5"], metric: "train_loss", threads: 1)
    _ = try Sweep(request, output: folder.file("a")).run(script.options())
    let best = try ExperimentRunner.configuration(
      TwoLayerToy.self, [], from: folder.file("a/best.json"))
    #expect(best.epochs == 3 && best.steps == 0)
    let both = try SweepRequest(
      experiment: "two-layer-toy", space: ["hidden=3,4", "steps=0"], metric: "train_loss",
      threads: 1, epochs: 2)
    #expect(both.epochs == 2)
  }

  /// Whoever goes on with a trial alone has it trained for longer than the others.
  @Test func trialWithOtherSettings() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let sweep = try Sweep(Script.request(["hidden=1,2"]), output: folder.file("a"))
    let file = folder.file("a/trials/0001/configuration.json")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let own = try ExperimentRunner.configuration(
      MNISTPerceptron.self, sweep.request.changes(1, in: SearchSpace(sweep.request.space)))
    var other = own
    other.epochs += 1
    try RunDirectory.writeJSON(SavedConfiguration("mnist-mlp", other), to: file)
    expectError(
      .badData,
      "\(folder.path)/a/trials/0001: has other settings than its sweep gave it, as after a resumption of its own; "
        + "remove this folder and go on with the sweep (--resume), which trains it anew"
    ) { _ = try sweep.run(Script().options()) }
    try RunDirectory.writeJSON(SavedConfiguration("mnist-mlp", own), to: file)
    #expect(try sweep.run(Script().options()).rows.count == 2)
  }

  @Test func folderThatIsTakenOrIsNone() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=1,2"])
    _ = try Sweep(request, output: folder.file("a")).run(Script().options())
    expectError(
      .usage,
      "\(folder.path)/a: holds a sweep already; go on with it (--resume) or name another folder (--output)"
    ) { _ = try Sweep(request, output: folder.file("a")) }
    expectError(.noInput, "\(folder.path)/b: is not the folder of a sweep: it has no sweep.json") {
      _ = try Sweep(resuming: folder.file("b"), of: "mnist-mlp", dataDir: nil)
    }
    expectError(.usage, "\(folder.path)/a: is a sweep of mnist-mlp, not of etth1") {
      _ = try Sweep(resuming: folder.file("a"), of: "etth1", dataDir: nil)
    }
  }

  @Test func trialsOfAnotherSweep() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=1,2"])
    _ = try Sweep(request, output: folder.file("a")).run(Script().options())
    try FileManager.default.removeItem(at: folder.file("a/sweep.json"))
    expectError(
      .usage,
      "\(folder.path)/a: holds the trials of another sweep (trials.jsonl) without its sweep.json; remove them or "
        + "name another folder (--output)"
    ) { _ = try Sweep(request, output: folder.file("a")) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("a/sweep.json").path))
  }

  @Test func rungsOfNoTrials() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let sweep = try Sweep(Script.request(["hidden=1,2"]), output: folder.file("a"))
    for rungs in [[], [-1], [2, 0]] {
      var request = sweep.request
      request.rungs = rungs.map { .init(trials: $0, budget: nil) }
      let file = try folder.write([], "b/sweep.json")
      try RunDirectory.writeJSON(request, to: file)
      expectError(.badData, "\(file.path): expected rungs of at least one trial, found \(rungs)") {
        _ = try Sweep(resuming: folder.file("b"), of: "mnist-mlp", dataDir: nil)
      }
    }
  }

  @Test func oneProcessAtATime() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let first = try Sweep(Script.request(["hidden=1,2"]), output: folder.file("a"))
    expectError(
      .usage,
      "\(folder.path)/a: another process is at work on this sweep; wait for it or stop it"
    ) { _ = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil) }
    _ = try first.run(Script().options())
  }

  /// Two look into one folder and find nothing, and the other begins first.
  @Test func anotherProcessBeginsFirst() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let request = try Script.request(["hidden=1,2"])
    let lock = try FileLock(folder.write([], "a/trials.jsonl"))
    expectError(
      .usage,
      "\(folder.path)/a: another process is at work on this sweep; wait for it or stop it"
    ) { _ = try Sweep(request, output: folder.file("a")) }
    #expect(FileManager.default.fileExists(atPath: folder.file("a/sweep.json").path) == false)
    withExtendedLifetime(lock) {}
    // One that has come to its end by then: who opens the ledger is led to its request.
    let other = try folder.write([], "b/request").deletingLastPathComponent()
    try FileManager.default.createSymbolicLink(
      at: other.appendingPathComponent("trials.jsonl"),
      withDestinationURL: other.appendingPathComponent("sweep.json"))
    expectError(
      .usage,
      "\(folder.path)/b: holds a sweep already; go on with it (--resume) or name another folder (--output)"
    ) { _ = try Sweep(request, output: other) }
  }

  @Test func ledgerThatIsNotItsOwn() throws {
    let folder = try TemporaryFolder(inMemory: true)
    _ = try Sweep(Script.request(["hidden=1,2"]), output: folder.file("a")).run(Script().options())
    let lines = try folder.text("a/trials.jsonl")
    func resume() throws {
      _ = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil)
    }
    try folder.write((lines + "nonsense\n").utf8, "a/trials.jsonl")
    expectError(
      .badData,
      "\(folder.path)/a/trials.jsonl: line 3: expected a JSON object with the outcome of a trial, found "
        + "nonsense"
    ) { try resume() }
    try folder.write(
      lines.replacing(#""hidden":"2""#, with: #""hidden":"3""#).utf8, "a/trials.jsonl")
    expectError(
      .badData,
      "\(folder.path)/a/trials.jsonl: line 2: expected the settings that sweep.json gives trial 1, "
        + "drawn_train=40 drawn_test=10 validation=10 hidden=2; found others"
    ) { try resume() }
    try folder.write(
      lines.replacing(#""trial":1"#, with: #""trial":7"#).utf8, "a/trials.jsonl")
    expectError(
      .badData,
      "\(folder.path)/a/trials.jsonl: line 2: expected one of the 2 trials of sweep.json, found trial 7"
    ) { try resume() }
  }

  #if os(Linux)
    /// What cannot be read is not taken for empty, which would empty it.
    @Test func ledgerThatCannotBeRead() throws {
      let folder = try TemporaryFolder(inMemory: true)
      let file = folder.file("trials.jsonl")
      // It can be opened, and its beginning belongs to nobody.
      let memory = URL(fileURLWithPath: "/proc/self/mem")
      try FileManager.default.createSymbolicLink(at: file, withDestinationURL: memory)
      let words = foundationWords { _ = try Data(contentsOf: file) }
      expectError(.noInput, "\(file.path): cannot be read: \(words)") {
        _ = try SweepLedger(in: folder.url)
      }
    }
  #endif

  /// A sweep looks where the environment says; there may be MNIST.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["ADJOINT_DATA"] == nil))
  func otherDataThanBefore() throws {
    let folder = try TemporaryFolder(inMemory: true)
    _ = try Sweep(Script.request(["hidden=1,2"]), output: folder.file("a"))
    let request = try folder.text("a/sweep.json")
    try folder.write(
      request.replacing(/digits drawn[^"]*/, with: "MNIST").utf8, "a/sweep.json")
    expectError(
      .noInput,
      "\(folder.path)/a: was begun on MNIST, found digits drawn by the program, 40 for training and 10 "
        + "for the test, seed 0; say where its data are (--data-dir)"
    ) { _ = try Sweep(resuming: folder.file("a"), of: "mnist-mlp", dataDir: nil) }
  }

  @Test func reportContainsItsSections() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let scripted = script.outcome
    script.outcome = { $0.trial == 2 ? .failed("<no> luck") : scripted($0) }
    let request = try Script.request(
      ["hidden=int(1,60)", "learning_rate=log(0.01,1)", "gradients=tape,by-hand"], .halving,
      trials: 9)
    let sweep = try Sweep(request, output: folder.file("a"))
    // One trial has learning curves.
    var lines: [String] = []
    for epoch in 1...2 {
      for step in (50 * epoch - 49)...(50 * epoch) {
        lines.append(#"{"step":\#(step),"epoch":\#(epoch),"loss":2.5,"learning_rate":0.1}"#)
      }
      let metrics = #"{"validation_accuracy":0.\#(epoch)}"#
      lines.append(#"{"step":\#(50 * epoch),"epoch":\#(epoch),"metrics":\#(metrics)}"#)
    }
    let text = lines.map { $0 + "\n" }.joined()
    for trial in 0..<9 { try folder.write(text.utf8, "a/trials/000\(trial)/metrics.jsonl") }
    _ = try sweep.run(script.options())
    let html = try folder.text("a/sweep.html")
    for words in [
      "mnist-mlp: 9 trials", "Best validation accuracy", "7 stopped early, 1 failed", "The best",
      "adjoint train mnist-mlp --config best.json", "Every trial", "learning_rate", "by-hand",
      "A cross is where the line of a trial that failed ends.", "How the best 8 learned",
      "After each epoch.",
      "failed: &lt;no&gt; luck", "the test part is left out", "--method halving --trials 9",
      "9 trials for 1 epoch, 3 trials for 3 epochs, 1 trial to the end",
      ">validation accuracy (%)</text>", ">Training loss</text>", ">loss</text>", " min<span",
    ] { #expect(html.contains(words), "\(words)") }
    #expect(!html.contains("<script"))
    #expect(!html.contains("test accuracy") && !html.contains("test_accuracy"))
  }

  /// With one setting that varies a trial that failed is no line at all; and the order in which numbers are given is
  /// not that of an axis.
  @Test func failedTrialsAndOrderedValuesInTheFigure() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let script = Script()
    let scripted = script.outcome
    script.outcome = { $0.trial == 1 ? .failed("no luck") : scripted($0) }
    func html(_ space: String) throws -> String {
      let output = folder.file(space)
      _ = try Sweep(Script.request([space]), output: output).run(script.options())
      return try folder.text("\(space)/sweep.html")
    }
    /// How far down the figure a word stands.
    func height(_ word: String, _ html: String) throws -> Double {
      let texts = html.matches(of: /<text [^>]*y="([\d.]+)"[^>]*>([^<]*)</)
      return try #require(texts.first { $0.2 == word }.flatMap { Double($0.1) })
    }
    let numbers = try html("learning_rate=0.1,1e-3,0.01,10")
    let heights = try ["10", "0.1", "0.01", "1e-3"].map { try height($0, numbers) }
    #expect(heights == heights.sorted() && Set(heights).count == 4)
    let crosses = numbers.matches(of: /<path [^>]*class="dots s1"[^>]*><title>([^<]*)</)
    #expect(crosses.map(\.1) == ["trial 1: learning_rate=1e-3; failed: no luck"])
    #expect(numbers.contains("A cross is where the line of a trial that failed ends."))
    // Words stand as they are given, the first at the bottom.
    let words = try html("gradients=tape,by-hand")
    #expect(try height("by-hand", words) < height("tape", words))
    script.outcome = scripted
    let whole = try html("hidden=8,16")
    #expect(!whole.contains("dots s1\"") && !whole.contains("A cross is"))
  }

  @Test func progressIsALineForEachTrial() throws {
    let folder = try TemporaryFolder(inMemory: true)
    var text = ""
    let progress = SweepProgress(.lines, write: { text += $0 })
    let script = Script()
    let scripted = script.outcome
    script.outcome = { $0.trial == 1 ? .failed("no luck") : scripted($0) }
    let request = try Script.request(["hidden=20,30"])
    _ = try Sweep(request, output: folder.file("a")).run(script.options(progress))
    #expect(
      text == """
        trial 0  hidden=20  validation accuracy 98.89 %  (2.2 s)
        trial 1  hidden=30  failed: no luck

        """)
  }

  @Test func barShowsTrialsBestAndTimeLeft() {
    func line(_ width: Int) -> String {
      SweepProgress.barLine(
        done: 0.44, finished: 12, trials: 27, best: ("97.12 %", 4),
        secondsLeft: 83, width: width)
    }
    let bar = String(repeating: "━", count: 11) + String(repeating: "─", count: 15)
    #expect(line(80) == "trials 12/27 \(bar) 44 %  best 97.12 % (trial 4)  1:23 left")
    #expect(line(40) == "trials 12/27 ━━━━━━━━━──────────── 44 %")
    #expect(line(10) == "trials 12")
    for width in 1...120 { #expect(line(width).count < max(width, 1)) }
  }

  /// What was done before it was gone on with was not done in this time.
  @Test func timeLeftOfOneThatIsGoneOnWith() {
    var text = ""
    let progress = SweepProgress(.bar, write: { text += $0 }, width: { 100 })
    progress.begin(done: 0.5, finished: 3, best: nil)
    progress.tick(trials: 6)
    #expect(text.contains("trials 3/6 ") && text.hasSuffix(" 50 %  –:–– left"), "\(text)")
  }

  @Test func barIsDrawnOverAndLinesStandAbove() throws {
    let folder = try TemporaryFolder(inMemory: true)
    var text = ""
    let progress = SweepProgress(.bar, write: { text += $0 }, width: { 100 })
    let request = try Script.request(["hidden=20,30"])
    _ = try Sweep(request, output: folder.file("a")).run(Script().options(progress))
    #expect(text.hasPrefix("trial 0  hidden=20"))
    #expect(text.contains("\r\u{1B}[2Ktrials 1/2 ") || text.contains("\r\u{1B}[2Ktrials 2/2 "))
    // No bar is left below the last trial's line.
    #expect(text.hasSuffix("\u{1B}[2Ktrial 1  hidden=30  validation accuracy 88.89 %  (2.2 s)\n"))
  }
}
