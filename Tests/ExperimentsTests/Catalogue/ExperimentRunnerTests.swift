import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct ExperimentRunnerTests {
  /// A result has the seconds of the last process alone.
  @Test func secondsOfRuns() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let run = try RunDirectory(creating: folder.file("run"))
    let environment = RunEnvironment.current(data: "images")
    try run.write(environment, to: run.environment)
    #expect(try ExperimentRunner.seconds(of: run) == nil)
    try run.write(
      ExperimentRunner.Summary(
        experiment: "", data: "images", seed: 0, steps: 1, seconds: 7, metrics: [:], run: "",
        interrupted: false), to: run.result)
    // Who takes event files away, takes nothing away of that.
    #expect(try ExperimentRunner.seconds(of: run) == 7)
    try folder.write([], "run/events.out.tfevents.1")
    #expect(try ExperimentRunner.seconds(of: run) == 7)
    try run.write(environment.resumed(at: 1, in: environment), to: run.environment)
    #expect(try ExperimentRunner.seconds(of: run) == nil)
    // A run of before processes were noted.
    try run.write(environment, to: run.environment)
    try folder.write([], "run/events.out.tfevents.2")
    #expect(try ExperimentRunner.seconds(of: run) == nil)
  }

  /// Where the last epoch is the best its weights are those that anybody would expect.
  @Test(arguments: [
    ("0.6", "those after epoch 1 (step 1 of 2), the best of 2 by validation_loss"), ("0.4", ""),
  ])
  func theBestEpochIsNamedWhereItIsNotTheLast(loss: String, words: String) throws {
    let folder = try TemporaryFolder()
    let lines = [(1, "0.5"), (2, loss)].map { step, loss in
      "{\"step\":\(step),\"epoch\":\(step),\"loss\":1,\"learning_rate\":1}\n"
        + "{\"step\":\(step),\"epoch\":\(step),\"metrics\":{\"validation_loss\":\(loss)}}\n"
    }
    let history = try History(reading: folder.write(Array(lines.joined().utf8), "metrics.jsonl"))
    let plan = TrainingPlan(epochs: 2, learningRate: 1, keepBest: BestEpoch("validation_loss"))
    #expect(ExperimentRunner.bestEpoch(plan, history) == words)
  }

  /// What `sha256sum` says of the file that its publisher offers.
  private let images = RunEnvironment.DataFile(
    name: "train-images-idx3-ubyte.gz",
    sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609")
  private let other = String(repeating: "0", count: 64)

  @Test func publishedFilesAreNotMentioned() {
    #expect(ExperimentRunner.unpublished([]) == [])
    #expect(ExperimentRunner.unpublished([images]) == [])
  }

  @Test func filesWithAPublishedNameAre() {
    let labels = RunEnvironment.DataFile(name: "t10k-labels-idx1-ubyte.gz", sha256: other)
    #expect(
      ExperimentRunner.unpublished([.init(name: images.name, sha256: other), images, labels]) == [
        "train-images-idx3-ubyte.gz: is not the published file: expected SHA-256 \(images.sha256), "
          + "found \(other)",
        "t10k-labels-idx1-ubyte.gz: is not the published file: expected SHA-256 "
          + "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6, found \(other)",
      ])
  }

  /// Own files, unpacked ones, and those of which nobody states a sum.
  @Test(arguments: ["mine.gz", "", "train-images-idx3-ubyte", "data_batch_1.bin"])
  func filesThatNobodyStatesASumOfAreNot(name: String) {
    #expect(ExperimentRunner.unpublished([.init(name: name, sha256: other)]) == [])
  }

  /// Of MedMNIST's files the publisher states MD5 alone.
  @Test func filesByTheirMD5() throws {
    let words = ExperimentRunner.unpublished([
      .init(name: "pneumoniamnist.npz", sha256: other, md5: "0"),
      .init(name: "pneumoniamnist.npz", sha256: other, md5: "28209eda62fecd6e6a2d98b1501bb15f"),
    ])
    #expect(
      words == [
        "pneumoniamnist.npz: is not the published file: expected MD5 28209eda62fecd6e6a2d98b1501bb15f, found 0"
      ])
  }

  /// `environment.json` is as it was, and a file is known again by its SHA-256.
  @Test func aRunDoesNotKeepMD5() throws {
    let file = RunEnvironment.DataFile(name: "a.npz", sha256: other, md5: "0")
    let text = try JSONEncoder().encode(file)
    #expect(!String(decoding: text, as: UTF8.self).contains("md5"))
    let again = try JSONDecoder().decode(RunEnvironment.DataFile.self, from: text)
    #expect(again == file && again.md5 == nil && again != images)
  }

  @Test func publishedFilesWithoutASumAreNot() throws {
    let files = DataCatalogue.sources.flatMap(\.files).filter { $0.sha256 == nil }
    #expect(!files.isEmpty)
    for file in files {
      #expect(ExperimentRunner.unpublished([.init(name: file.name, sha256: other)]) == [])
    }
  }

  /// A run that is gone on with notes what it was asked to at first, unless it is asked otherwise.
  @Test func whatIsNotedStays() throws {
    let folder = try TemporaryFolder()
    var request = ExperimentRunner.Request(data: folder.noData)
    request.output = folder.file("run")
    request.isQuiet = true
    request.options.tracking = try TrackingOptions("norms", interval: 1)
    request.options.pause = .steps(4)
    let run = URL(fileURLWithPath: try ExperimentRunner.train("two-layer-toy", request).run)
    func goOn(_ tracking: TrackingOptions?, to steps: Int) throws -> TrackingOptions? {
      var next = ExperimentRunner.Request(data: folder.noData)
      next.resume = run
      next.isQuiet = true
      next.options.tracking = tracking
      next.options.pause = .steps(steps)
      _ = try ExperimentRunner.train("two-layer-toy", next)
      return try RunDirectory.read(
        SavedConfiguration<TwoLayerToyConfiguration>.self,
        from: run.appendingPathComponent("configuration.json")
      ).tracking
    }
    func eventFilesWithNorms() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: run.path).filter {
        $0.hasPrefix("events.out.tfevents.")
      }.count { name in
        let bytes = try Data(contentsOf: run.appendingPathComponent(name))
        return bytes.firstRange(of: Data("norm/weight".utf8)) != nil
      }
    }
    #expect(try goOn(nil, to: 6) == request.options.tracking)
    #expect(try eventFilesWithNorms() == 2)
    #expect(try goOn(TrackingOptions.none, to: 8) == TrackingOptions.none)
    #expect(try eventFilesWithNorms() == 2)

    let file = run.appendingPathComponent("configuration.json")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacing("\"norms\" : false", with: "\"norms\" : true, \"interval\" : 0")
    try Data(text.utf8).write(to: file)
    expectError(
      .badData, "\(file.path): tracking.interval: expected at least 1 step, found 0"
    ) { _ = try goOn(nil, to: 10) }
  }

  private func train(
    _ name: String, _ folder: TemporaryFolder, _ changes: [(key: String, value: String)],
    resuming run: String? = nil, pause: Trainer.Pause? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = changes
    if let run {
      request.resume = URL(fileURLWithPath: run)
    } else {
      request.output = folder.file("run")
    }
    request.isQuiet = true
    request.options.pause = pause
    return try ExperimentRunner.train(name, request)
  }

  /// A run that ends early because nothing better came has come to its end.
  @Test func stoppedEarlyIsFinished() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      "etth1", folder,
      [
        ("drawn_rows", "600"), ("history", "12"), ("horizon", "6"), ("hidden", "4"),
        ("batch_size", "128"), ("learning_rate", "0.3"), ("optimizer", "sgd"), ("patience", "1"),
        ("epochs", "40"),
      ])
    let steps = try History(reading: folder.file("run/metrics.jsonl")).losses.count
    #expect(summary.steps == steps && steps < 120)
    #expect(summary.paused == nil && !summary.interrupted && summary.metrics["test_mse"] != nil)
    for name in ["result.json", "report.html"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("run/\(name)").path))
    }
  }

  /// What was said of an earlier end is not left beside a run that is further.
  @Test func resultOfAnEarlierEnd() throws {
    let folder = try TemporaryFolder()
    let summary = try train("two-layer-toy", folder, [("steps", "10")])
    let run = try RunDirectory(opening: URL(fileURLWithPath: summary.run))
    func isThere(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
    #expect(isThere(run.result) && isThere(run.report))
    _ = try train("two-layer-toy", folder, [], resuming: summary.run)
    #expect(isThere(run.result) && isThere(run.report))
    let paused = try train(
      "two-layer-toy", folder, [("steps", "100")], resuming: summary.run, pause: .steps(60))
    #expect(!isThere(run.result) && !isThere(run.report))
    let finished = try train("two-layer-toy", folder, [], resuming: summary.run)
    #expect(paused.steps == 60 && finished.steps == 100)
    #expect(try RunDirectory.read(ExperimentRunner.Summary.self, from: run.result) == finished)
  }

  /// What the summary says of the default is not all that is true of this run.
  @Test func reportNamesWhatIsChanged() throws {
    let folder = try TemporaryFolder()
    _ = try train("two-layer-toy", folder, [("hidden", "7"), ("steps", "20")])
    let page = try String(contentsOf: folder.file("run/report.html"), encoding: .utf8)
    #expect(
      page.contains(
        "drawn as NumPy draws 10·randn(5, 4) after seed(1). Changed: hidden=7, steps=20.<"))
    #expect(
      page.contains("\"subtitle\">4-7-3 perceptron, ReLU, softmax cross-entropy, L2, SGD, float64"))
    #expect(page.contains("<dd class=\"long\">") && !page.contains("✗"))
    #expect(page.contains("<td>started</td>") && page.contains("<td>trained in</td>"))
  }

  @Test(arguments: [
    ("CIFAR-10 (batches with SHA-256 0123abcd… 4567cdef…)", "CIFAR-10"),
    ("pathmnist (files with SHA-256 0123abcd…)", "pathmnist"),
    ("12 / 4 pictures of 2 classes (SHA-256 0123abcd…)", "12 / 4 pictures of 2 classes"),
    ("five inputs after seed(1)", "five inputs after seed(1)"),
  ])
  func subtitlesHaveNoSums(description: String, shown: String) {
    #expect(ExperimentRunner.withoutSums(description) == shown)
  }

  /// Near a kink a difference of values is no derivative: four of twenty seeds are there.
  @Test(arguments: ["9", "10", "13", "15"])
  func gradientsOfTheToyAreRight(seed: String) throws {
    let folder = try TemporaryFolder()
    _ = try train("two-layer-toy", folder, [("seed", seed), ("steps", "1")])
    let page = try String(contentsOf: folder.file("run/report.html"), encoding: .utf8)
    #expect(page.contains("three ways") && !page.contains("✗"))
  }

  @Test func runIsNotCut() throws {
    let folder = try TemporaryFolder()
    let run = try train("two-layer-toy", folder, [("steps", "60")]).run
    func files() throws -> [String: Data] {
      let names = try FileManager.default.contentsOfDirectory(atPath: run)
      let pairs = names.compactMap { name in
        (try? Data(contentsOf: folder.file("run/\(name)"))).map { (name, $0) }
      }
      return Dictionary(uniqueKeysWithValues: pairs)
    }
    let before = try files()
    expectError(
      .usage,
      "\(run): has taken 60 steps, more than the 5 asked for; --steps 60 ends it as it is"
    ) { _ = try train("two-layer-toy", folder, [("steps", "5")], resuming: run) }
    // No further event file either, whose mark would hide what stands at the end.
    #expect(try before.count > 4 && files() == before)
    #expect(try train("two-layer-toy", folder, [("steps", "60")], resuming: run).steps == 60)
  }

  /// A start that fails takes away what it made, and nothing else.
  @Test func folderOfAStartThatFails() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      at: folder.file("run"), withIntermediateDirectories: true)
    let words =
      "uva-mlp: there is no CIFAR-10 in $ADJOINT_DATA or the cache; adjoint data fetch cifar10, or name its "
      + "folder with --data-dir"
    expectError(.noInput, words) { _ = try train("uva-mlp", folder, []) }
    #expect(FileManager.default.fileExists(atPath: folder.file("run").path))
    try FileManager.default.removeItem(at: folder.file("run"))
    expectError(.noInput, words) { _ = try train("uva-mlp", folder, []) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("run").path))
  }

  /// A name says which file is meant.
  @Test func noTwoPublishedFilesHaveTheSameName() {
    let names = DataCatalogue.sources.flatMap(\.files).map(\.name)
    #expect(Set(names).count == names.count)
  }
}
