import Checkpoints
import Datasets
import Derivations
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// The perceptrons on CIFAR-10 from end to end, on sixty images of that layout.
@Suite(.serialized) struct CIFARExperimentsTests {
  typealias Change = (key: String, value: String)
  static let names = ["two-layer-cifar10", "uva-mlp", "uva-mlp-best", "deep-mlp-cifar10"]

  /// Small and quick, with images held back; what can be random in a step is.
  private static func small(_ name: String) -> [Change] {
    network(name) + [
      ("batch_size", "10"), ("steps", "20"), ("validation", "10"), ("seed", "3"),
    ] + (name == "uva-mlp-best" ? [("mirror", "true"), ("shift", "4")] : [])
  }

  private static func network(_ name: String) -> [Change] {
    [("hidden", name == "uva-mlp-best" ? "16,12,8" : "8")]
  }

  private func train(
    _ name: String, _ folder: TemporaryFolder, _ data: DataDirectory, _ run: String = "run",
    _ changes: [Change] = []
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data)
    request.changes = Self.small(name) + changes
    request.output = folder.file(run)
    request.isQuiet = true
    return try ExperimentRunner.train(name, request)
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  private func html(_ summary: ExperimentRunner.Summary) throws -> String {
    try String(contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
  }

  @Test func classesWithoutImagesAreNamed() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR(batch: 3, test: 10)
    var notes: [String] = []
    _ = try CIFARImages(validation: 2, from: data, for: "uva-mlp") { notes.append($0) }
    #expect(
      notes == [
        "data: CIFAR-10 in \(folder.path)/cifar10",
        "CIFAR-10: 15 training and 10 test images; published are 50,000 and 10,000",
        "warning: training part: no image is of class 6 (frog), 7 (horse), 8 (ship), 9 (truck)",
        "warning: validation part: no image is of class 0 (airplane), 1 (automobile), 2 (bird), 3 (cat), "
          + "4 (deer) and 3 others",
      ])
  }

  @Test(arguments: names)
  func trainsAndReports(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let summary = try train(name, folder, data, "run", [("learning_rate", "0.003")])
    #expect(summary.steps == 20)
    #expect(
      summary.data.wholeMatch(
        of: /CIFAR-10 \(batches with SHA-256 (?:[0-9a-f]{8}… ){5}[0-9a-f]{8}…\)/) != nil)
    let isTested = name.hasPrefix("uva-mlp")
    #expect(
      Set(summary.metrics.keys).subtracting(["penalty"])
        == Set(
          ["train_accuracy", "train_loss", "validation_accuracy", "validation_loss"]
            + (isTested ? ["test_accuracy", "test_loss"] : [])))
    #expect((summary.metrics["penalty"] != nil) == (name == "two-layer-cifar10"))
    let history = try history(summary)
    #expect(history.epochs.count == 4)
    #expect(history.metricNames.contains("test_accuracy") == (name == "uva-mlp"))
    // Ten classes as sure as one another at first (but for He's weights), and it learns.
    let isSmall = ["two-layer-cifar10", "uva-mlp"].contains(name)
    if isSmall { #expect(abs(history.losses[0] - log(10)) < 1e-2) }
    #expect(try #require(history.losses.last) < 0.95 * history.losses[0])

    let environment = try RunDirectory.read(
      RunEnvironment.self, from: URL(fileURLWithPath: summary.run + "/environment.json"))
    #expect(
      environment.dataFiles.map(\.name)
        == (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"])
    #expect(environment.classNames == CIFAR10.classNames)
    let text = try html(summary)
    for words in [
      "<h1>\(name)</h1>", "<h2>Training</h2>", "<h2>What it gets wrong</h2>",
      "\(isTested ? "20 test" : "10 validation") images are classified wrongly.",
      "<h2>What it learned</h2>", "their red, green and blue as a colour",
      "<dt>Validation accuracy</dt>",
      // The sums are among what determined the run.
      " Data: CIFAR-10. Changed: ", "<td>\(summary.data)</td>",
    ] {
      #expect(text.contains(words), "\(words)")
    }
    #expect(text.contains("<h2>Its gradients, three ways</h2>") == isSmall)
    let again = try ExperimentRunner.evaluate(URL(fileURLWithPath: summary.run), data: data)
    #expect(again.metrics == summary.metrics)
  }

  @Test(arguments: names)
  func sameBytesAndResumption(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let whole = try train(name, folder, data, "whole")
    let same = try train(name, folder, data, "same")
    let part = try train(name, folder, data, "part", [("steps", "7")])
    var request = ExperimentRunner.Request(data: data)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    request.changes = [("steps", "20")]
    let resumed = try ExperimentRunner.train(name, request)
    #expect(resumed.metrics == whole.metrics && resumed.steps == 20)
    let logs = try [whole, same, part].map {
      try Data(contentsOf: URL(fileURLWithPath: $0.run + "/metrics.jsonl"))
    }
    #expect(logs[0] == logs[1] && logs[0] == logs[2])
  }

  /// In float64 both ways differ by rounding alone.
  @Test(arguments: ["two-layer-cifar10", "uva-mlp"])
  func byHandAndTapeAgree(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let settings: [Change] = [("precision", "float64"), ("learning_rate", "0.003")]
    let hand = try train(name, folder, data, "hand", settings)
    let tape = try train(name, folder, data, "tape", settings + [("gradients", "tape")])
    for (a, b) in zip(try history(hand).losses, try history(tape).losses) {
      #expect(abs(a - b) <= 1e-11 * abs(a))
    }
    for (key, value) in hand.metrics {
      #expect(abs(value - (tape.metrics[key] ?? .nan)) <= 1e-10, "\(key)")
    }
  }

  /// With modules a probability that becomes zero makes the loss infinite, which the network's own loss is not.
  @Test func checkFiniteNamesTheModule() throws {
    let folder = try TemporaryFolder()
    var request = ExperimentRunner.Request(data: try folder.writeCIFAR())
    request.changes = Self.small("uva-mlp") + [("learning_rate", "1")]
    request.output = folder.file("run")
    request.isQuiet = true
    request.options.checkFinite = true
    let error = #expect(throws: NonFiniteError.self) {
      _ = try ExperimentRunner.train("uva-mlp", request)
    }
    let words = try #require(error).description
    #expect(
      words.wholeMatch(
        of:
          /step \d+ \(epoch \d+, batch \d+\): operation log in layer crossEntropy \(CrossEntropyModule\) made \d+ of 10 elements of a tensor of shape \[10\] NaN or infinite; .*/
      ) != nil, "\(words)")
  }

  /// The three gradients in the report, with and without a penalty.
  @Test(arguments: [
    ("two-layer-cifar10", TwoLayerPerceptron.penalizedFormulas[0]),
    ("uva-mlp", TwoLayerPerceptron.formulas[0]),
  ])
  func gradientsInTheReport(name: String, formula: Formula) throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      name, folder, folder.writeCIFAR(), "run", [("learning_rate", "0.003")])
    let html = try html(summary)
    #expect(html.contains("<tr><td>network.layers.0.weight</td><td>\(formula.mathML)</td><td>"))
    let rows = html.matches(of: gradientRow)
    #expect(rows.count == 4)
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-8)
    }
  }

  @Test func theTestPartIsLookedAtWhenAsked() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    for name in ["two-layer-cifar10", "deep-mlp-cifar10"] {
      let summary = try train(name, folder, data, name, [("test", "true")])
      #expect(summary.metrics["test_accuracy"] != nil)
      // Once: not after an epoch.
      #expect(try !history(summary).metricNames.contains { $0.hasPrefix("test") })
      #expect(try html(summary).contains("test images are classified wrongly."))
    }
  }

  /// What a run saved predicts from bytes what it measured on them.
  @Test(arguments: names)
  func predictsFromBytes(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let summary = try train(name, folder, data, "run", [("precision", "float64")])
    let newest = try #require(
      try Checkpoint.latest(in: URL(fileURLWithPath: summary.run + "/checkpoints")))
    let weights = newest.appendingPathComponent("model.safetensors")
    let train = try CIFAR10.load(from: folder.url).train
    let held = train[(train.count - 10)..<train.count]
    try NPY.encode(
      Tensor(held.pixels.map { Float($0) }, shape: [10, 3072])
    ).write(to: folder.file("x.npy"))
    let shape = try Prediction.run(
      model: name, changes: Self.network(name) + [("precision", "float64")], weights: weights,
      input: folder.file("x.npy"), output: folder.file("y.npy"))
    #expect(shape == [10, 10])
    let logits = try NPY.read(folder.file("y.npy"))
    let loss = softmaxCrossEntropy(logits, labels: IndexTensor(held.labels)).item
    #expect(abs(loss - (summary.metrics["validation_loss"] ?? .nan)) < 1e-6)
  }

  @Test(arguments: names)
  func withoutData(name: String) throws {
    let folder = try TemporaryFolder()
    expectError(
      .noInput,
      "\(name): there is no CIFAR-10 in $ADJOINT_DATA or the cache; adjoint data fetch cifar10, or name "
        + "its folder with --data-dir"
    ) { _ = try train(name, folder, folder.noData) }
    #expect(try folder.contents.isEmpty)
  }

  @Test(arguments: names)
  func wrongSettings(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    expectError(.usage, "validation=60: there are 60 training images") {
      _ = try train(name, folder, data, "run", [("validation", "60")])
    }
    expectError(.usage, "hidden=0: has to be in 1 … 100000") {
      _ = try train(name, folder, data, "run", [("hidden", "0")])
    }
  }

  @Test(arguments: [
    ("hidden", "8,x", "expected whole numbers separated by commas, such as 200,100"),
    ("hidden", "", "expected whole numbers separated by commas, such as 200,100"),
    ("hidden", "8,,6", "expected whole numbers separated by commas, such as 200,100"),
    ("hidden", "8, 6", "expected whole numbers separated by commas, such as 200,100"),
    ("hidden", "+8,06", "expected whole numbers separated by commas, such as 200,100"),
    ("schedule", "linear", "expected constant or cosine"),
    ("mirror", "maybe", "expected true or false"),
    ("dropout", "1", "has to be in 0.0 … 0.99"),
    ("dropped_layers", "11", "has to be in 0 … 10"),
    ("shift", "32", "has to be in 0 … 31"),
    ("shift", "-1", "has to be in 0 … 31"),
  ])
  func wrongSettingsOfTheDeepOne(key: String, value: String, words: String) throws {
    let folder = try TemporaryFolder()
    let shown = key == "dropout" ? "1.0" : value
    expectError(.usage, "\(key)=\(shown): \(words)") {
      _ = try train("uva-mlp-best", folder, folder.noData, "run", [(key, value)])
    }
    #expect(try folder.contents.isEmpty)
  }

  /// Each of two widths is looked at.
  @Test func widthsOutOfRange() throws {
    let folder = try TemporaryFolder()
    for (value, width) in [("8,100001", "100001"), ("-3,8", "-3")] {
      expectError(.usage, "hidden=\(width): has to be in 1 … 100000") {
        _ = try train("uva-mlp-best", folder, folder.noData, "run", [("hidden", value)])
      }
    }
    #expect(
      UvABestConfiguration().hiddenWidths == [2000, 1000, 200, 200, 200, 200, 200, 200, 200])
  }

  /// The preset is its settings, and what they change is what is trained on, from the first step.
  @Test func augmentedPreset() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    func run(_ name: String, _ changes: [Change]) throws -> [Double] {
      try history(train("uva-mlp-best", folder, data, name, changes)).losses
    }
    let settings: [Change] = [
      ("schedule", "cosine"), ("learning_rate", "0.001"), ("dropout", "0.1"),
    ]
    let explicit = try run("explicit", settings)
    #expect(try run("preset", [("preset", "augmented")]) == explicit)
    for (key, value) in [("mirror", "false"), ("shift", "0"), ("dropout", "0")] {
      #expect(try run(key, settings + [(key, value)])[0] != explicit[0], "\(key)")
    }
    #expect(try run("schedule", settings + [("schedule", "constant")]) != explicit)
  }

  /// Where nothing is held back, the test part is followed, as the document does.
  @Test func theDeepOneIsFollowedOnTheTestPart() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      "uva-mlp-best", folder, folder.writeCIFAR(), "run", [("validation", "0")])
    #expect(
      summary.metrics.keys.sorted()
        == ["test_accuracy", "test_loss", "train_accuracy", "train_loss"])
    #expect(try history(summary).metricNames.contains("test_accuracy"))
    // That figure is of other widths.
    #expect(try !html(summary).contains("published"))
  }

  @Test func widthsInWords() {
    #expect(CIFARNetworks.words(hidden: []) == "3072-10")
    #expect(CIFARNetworks.words(hidden: [256, 256, 100]) == "3072-256-256-100-10")
    #expect(
      CIFARNetworks.words(hidden: [2000, 1000] + [Int](repeating: 200, count: 7))
        == "3072-2000-1000-200×7-10")
  }

  /// Without images held back, the report shows those of the test or of training.
  @Test func withoutValidation() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      "two-layer-cifar10", folder, folder.writeCIFAR(), "run", [("validation", "0")])
    #expect(summary.metrics.keys.sorted() == ["penalty", "train_accuracy", "train_loss"])
    #expect(try html(summary).contains("60 training images are classified wrongly."))
  }
}
