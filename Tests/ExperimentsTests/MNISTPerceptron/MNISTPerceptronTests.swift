import Checkpoints
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif
@testable import Experiments

/// The experiment from end to end on a few hundred drawn digits.
@Suite(.serialized) struct MNISTPerceptronTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = [],
    data: DataDirectory? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data ?? folder.noData)
    let small: [Change] = [
      ("hidden", "16"), ("epochs", "2"), ("drawn_train", "320"), ("drawn_test", "100"),
    ]
    request.changes = small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    return try ExperimentRunner.train("mnist-mlp", request)
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  @Test func summary() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("seed", "5")])
    #expect(summary.experiment == "mnist-mlp")
    #expect(
      summary.data
        == "digits drawn by the program, 320 for training and 100 for the test, seed 5")
    #expect(summary.seed == 5)
    #expect(summary.steps == 40)
    #expect(summary.run == folder.path + "/run")
    #expect(!summary.interrupted)
    #expect(
      summary.metrics.keys.sorted() == [
        "test_accuracy", "test_loss", "train_accuracy", "train_loss",
      ])
    let history = try history(summary)
    #expect(history.losses.count == 40 && history.epochs.count == 2)
    #expect(
      history.metricNames == ["test_accuracy", "test_loss", "train_accuracy", "train_loss"])
    #expect(history.learningRates == Array(repeating: 0.1, count: 40))
    // Ten classes that are equally likely give ln 10 at first; it has learned.
    #expect(abs(history.losses[0] - log(10)) < 0.5)
    let first: Double = history.losses.prefix(10).reduce(0, +)
    let last: Double = history.losses.suffix(10).reduce(0, +)
    #expect(last < 0.8 * first)
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let runs = try [
      train(folder, "a"), train(folder, "b"), train(folder, "c", [("seed", "1")]),
    ]
    let logs = try runs.map {
      try Data(contentsOf: URL(fileURLWithPath: $0.run + "/metrics.jsonl"))
    }
    #expect(logs[0] == logs[1])
    #expect(logs[0] != logs[2])
  }

  /// Both ways round in places of their own; over 40 steps that comes to some units of the last place.
  @Test(arguments: [(DType.float32, 1e-5), (.float64, 1e-13)])
  func byHandAndTapeAgree(dtype: DType, tolerance: Double) throws {
    let folder = try TemporaryFolder()
    let precision = Change("precision", dtype.rawValue)
    let tape = try train(folder, "tape", [precision])
    let hand = try train(folder, "hand", [precision, ("gradients", "by-hand")])
    let (one, other) = (try history(tape).losses, try history(hand).losses)
    #expect(one.count == 40 && other.count == 40)
    for (a, b) in zip(one, other) { #expect(abs(a - b) <= tolerance * abs(a)) }
    for (name, value) in tape.metrics {
      #expect(abs(value - (hand.metrics[name] ?? .nan)) <= tolerance)
    }
  }

  @Test func float64IsNearFloat32() throws {
    let folder = try TemporaryFolder()
    let single = try history(train(folder, "single"))
    let double = try history(train(folder, "double", [("precision", "float64")]))
    for (a, b) in zip(single.losses, double.losses) { #expect(abs(a - b) <= 1e-4 * b) }
    #expect(single.losses != double.losses)
  }

  @Test func evaluateGivesTheSameMetrics() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
    #expect(again.steps == 40 && again.seconds > 0)
    #expect((again.experiment, again.data, again.seed) == (summary.experiment, summary.data, 0))
  }

  @Test func validationPart() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("validation", "64")])
    // 256 are left to train with, in batches of 16.
    #expect(summary.steps == 32)
    #expect(
      summary.metrics.keys.sorted() == [
        "test_accuracy", "test_loss", "train_accuracy", "train_loss", "validation_accuracy",
        "validation_loss",
      ])
    let accuracy = try #require(summary.metrics["validation_accuracy"])
    #expect((accuracy * 64).rounded() == accuracy * 64)
    expectError(.usage, "validation=320: there are 320 training images") {
      _ = try train(folder, "other", [("validation", "320")])
    }
  }

  @Test func learningRateFallsByEpochs() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      folder, "run",
      [
        ("epochs", "3"), ("decay_every", "1"), ("decay_factor", "0.5"), ("learning_rate", "0.4"),
        ("batch_size", "160"),
      ])
    #expect(try history(summary).learningRates == [0.4, 0.4, 0.2, 0.2, 0.1, 0.1])
  }

  @Test func trainsOnMNISTWhereItIs() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeMNIST()
    let summary = try train(folder, "run", data: data)
    #expect(summary.data == "MNIST")
    #expect(summary.steps == 4)
    let environment = try RunDirectory.read(
      RunEnvironment.self, from: URL(fileURLWithPath: summary.run + "/environment.json"))
    #expect(
      environment.dataFiles.map(\.name) == [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
      ])
    #expect(environment.dataFiles.allSatisfy { $0.sha256.count == 64 })
    #expect(environment.classNames == (0..<10).map(String.init))
    #expect(
      try ExperimentRunner.evaluate(URL(fileURLWithPath: summary.run), data: data).metrics
        == summary.metrics)
    // Digits of its own would give other figures without a word.
    let words =
      "\(summary.run): was trained on MNIST, found digits drawn by the program, 320 for training and "
      + "100 for the test, seed 0; say where its data are (--data-dir)"
    expectError(.noInput, words) {
      _ = try ExperimentRunner.evaluate(URL(fileURLWithPath: summary.run), data: folder.noData)
    }
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: summary.run)
    request.isQuiet = true
    expectError(.noInput, words) { _ = try ExperimentRunner.train("mnist-mlp", request) }
    // So would other files of the same names.
    let labels = folder.file("mnist/t10k-labels-idx1-ubyte")
    let old = try #require(environment.dataFiles.last).sha256
    var bytes = try Data(contentsOf: labels)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: labels)
    let new = try Checksum(of: labels).sha256
    expectError(
      .badData,
      "t10k-labels-idx1-ubyte: expected the SHA-256 \(old) of the file that \(summary.run) was "
        + "trained on, found \(new)"
    ) { _ = try ExperimentRunner.report(URL(fileURLWithPath: summary.run), data: data) }
  }

  /// MNIST that is put where it is looked for later is not what the run was trained on.
  @Test func drawnDigitsStayTheRunsOwn() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("epochs", "1")])
    let run = URL(fileURLWithPath: summary.run)
    let named = try folder.writeMNIST()
    let found = DataDirectory(environment: ["HOME": folder.path, "ADJOINT_DATA": folder.path])
    #expect(try ExperimentRunner.evaluate(run, data: found).metrics == summary.metrics)
    var request = ExperimentRunner.Request(data: found)
    request.resume = run
    request.isQuiet = true
    request.changes = [("epochs", "2")]
    #expect(try ExperimentRunner.train("mnist-mlp", request).data == summary.data)
    expectError(
      .noInput,
      "\(summary.run): was trained on \(summary.data), found MNIST; leave out --data-dir"
    ) { _ = try ExperimentRunner.evaluate(run, data: named) }
  }

  /// No other folder would help.
  @Test func drawnDigitsOfAnotherConfiguration() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("epochs", "1")])
    let run = URL(fileURLWithPath: summary.run)
    let file = run.appendingPathComponent("configuration.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(#""drawn_train" : 320"#))
    try text.replacing(#""drawn_train" : 320"#, with: #""drawn_train" : 300"#).write(
      to: file, atomically: true, encoding: .utf8)
    expectError(
      .noInput,
      "\(summary.run): was trained on \(summary.data), found "
        + "\(summary.data.replacing("320", with: "300")); its configuration.json is not that of its training"
    ) { _ = try ExperimentRunner.evaluate(run, data: folder.noData) }
  }

  @Test func imagesOfAnotherSize() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeMNIST(side: 20)
    expectError(
      .badData,
      "\(folder.path)/mnist/train-images-idx3-ubyte: expected images of 28 × 28, found 20 × 20"
    ) { _ = try train(folder, "run", data: data) }
  }

  @Test func resumeKeepsToTheRun() throws {
    let folder = try TemporaryFolder()
    let whole = try train(folder, "whole", [("epochs", "3")])
    let part = try train(folder, "part", [("epochs", "1")])
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    request.changes = [("seed", "5"), ("hidden", "3")]
    expectError(
      .usage,
      "--resume takes its settings from the run; seed, hidden cannot be changed (epochs and steps can)"
    ) { _ = try ExperimentRunner.train("mnist-mlp", request) }

    // A setting that the run has is no change.
    request.changes = [("seed", "0"), ("precision", "float32"), ("hidden", "3")]
    expectError(
      .usage,
      "--resume takes its settings from the run; hidden cannot be changed (epochs and steps can)"
    ) { _ = try ExperimentRunner.train("mnist-mlp", request) }
    request.changes = [("epochs", "3"), ("precision", "float32")]
    let resumed = try ExperimentRunner.train("mnist-mlp", request)
    #expect(resumed.metrics == whole.metrics && resumed.steps == whole.steps)
    for name in ["metrics.jsonl", "configuration.json"] {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "\(part.run)/\(name)"))
          == Data(contentsOf: URL(fileURLWithPath: "\(whole.run)/\(name)")), "\(name)")
    }
  }

  @Test func configurationFileDeterminesTheRun() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("gradients", "by-hand")])
    let file = URL(fileURLWithPath: summary.run + "/configuration.json")
    #expect(
      try String(contentsOf: file, encoding: .utf8) == """
        {
          "configuration" : {
            "batch_size" : 16,
            "decay_every" : 20,
            "decay_factor" : 0.1,
            "drawn_test" : 100,
            "drawn_train" : 320,
            "epochs" : 2,
            "gradients" : "by-hand",
            "hidden" : 16,
            "learning_rate" : 0.1,
            "precision" : "float32",
            "seed" : 0,
            "steps" : 0,
            "validation" : 0
          },
          "experiment" : "mnist-mlp",
          "version" : "\(adjointVersion)"
        }

        """)
    let result = try RunDirectory.read(
      ExperimentRunner.Summary.self, from: URL(fileURLWithPath: summary.run + "/result.json"))
    #expect(result == summary)
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let file = URL(fileURLWithPath: summary.run + "/report.html")
    let html = try String(contentsOf: file, encoding: .utf8)
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    #expect(parser.parse(), "line \(parser.lineNumber): not well-formed")

    let accuracy = try #require(summary.metrics["test_accuracy"])
    let wrong = Int((100 * (1 - accuracy)).rounded())
    for words in [
      "<h1>mnist-mlp</h1>", "<h2>Training</h2>", "<h2>What it gets wrong</h2>",
      "\(wrong) of 100 test images are classified wrongly.",
      "Rows are the true classes, columns the predicted ones.",
      "The mistakes it is surest of", "<h2>What it learned</h2>",
      "Each square holds the weights of one hidden unit", "<h2>Its gradients, three ways</h2>",
      "<h2>How it was made</h2>",
      String(format: "<dd>%.2f %%", accuracy * 100), "12,730",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // That figure is MNIST's, and these are drawn digits.
    #expect(!html.contains("published"))
    #expect(
      html.contains("784-16-10 perceptron, ReLU, softmax cross-entropy, SGD. Data: digits drawn"))
    // As many images as there are mistakes, up to forty, one for each of the 16 hidden units, and four for each of
    // four images that it gets right and four that it gets wrong.
    #expect(html.components(separatedBy: "<image").count - 1 == min(wrong, 40) + 16 + 32)

    let rows = html.matches(of: gradientRow)
    #expect(
      rows.map { String($0.1) }
        == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-8)
    }

    // Written again from the files alone it is the same.
    try FileManager.default.removeItem(at: file)
    #expect(
      try ExperimentRunner.report(URL(fileURLWithPath: summary.run), data: folder.noData).path
        == file.path)
    #expect(try String(contentsOf: file, encoding: .utf8) == html)
  }

  @Test func runOfAnotherKind() throws {
    let folder = try TemporaryFolder()
    let run = try RunDirectory(creating: folder.file("run"))
    try Data(#"{"experiment":"mnist-mpl"}"#.utf8).write(to: run.configuration)
    let names = ExperimentCatalogue.all.map { $0.information.name }.joined(separator: ", ")
    expectError(
      .usage,
      "there is no experiment named mnist-mpl; did you mean mnist-mlp? (there are \(names))"
    ) { _ = try ExperimentRunner.evaluate(run.folder, data: folder.noData) }
    try Data(#"{"experiment":"mnist-mlp","version":"0","configuration":{"hidden":5}}"#.utf8)
      .write(to: run.configuration)
    expectError(
      .badData,
      "\(run.configuration.path): expected the key configuration.batch_size, found none"
    ) { _ = try ExperimentRunner.evaluate(run.folder, data: folder.noData) }
  }
}
