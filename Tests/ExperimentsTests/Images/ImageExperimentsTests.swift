import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// The experiments with convolutional networks from end to end, on a handful of images.
@Suite(.serialized) struct ImageExperimentsTests {
  typealias Change = (key: String, value: String)
  static let names = [
    "cifar10-resnet", "cifar10-vgg", "pathmnist-custom", "pathmnist-finetune", "pathmnist-resnet18",
  ]

  private func train(
    _ name: String, _ folder: TemporaryFolder, _ data: DataDirectory, _ run: String = "run",
    _ changes: [Change] = [], pause: Trainer.Pause? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data)
    request.changes =
      [("size", "28"), ("batch_size", "8"), ("epochs", "2"), ("steps", "0"), ("seed", "3")]
      + changes
    request.output = folder.file(run)
    request.isQuiet = true
    request.options.pause = pause
    return try ExperimentRunner.train(name, request)
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  private func metricNames(_ parts: [String], _ metrics: [String] = ["accuracy", "auc", "loss"])
    -> Set<String>
  {
    Set(parts.flatMap { part in metrics.map { "\(part)_\($0)" } })
  }

  @Test(arguments: names)
  func trainsAndReports(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let summary = try train(name, folder, data)
    #expect(summary.steps == 4)
    let isMedical = name.hasPrefix("path")
    #expect(
      summary.data.hasPrefix(
        isMedical
          ? "drawn by the program in the layout of pathmnist (files with" : "cifar10 (files with"))
    let validation = isMedical ? ["validation"] : []
    #expect(Set(summary.metrics.keys) == metricNames(["train", "test"] + validation))
    for (key, value) in summary.metrics {
      #expect(value.isFinite && value >= 0 && (value <= 1 || key.hasSuffix("loss")), "\(key)")
    }
    let history = try history(summary)
    #expect(history.epochs.count == 2 && history.losses.count == 4)
    // The test part is looked at when all is over.
    #expect(
      Set(history.metricNames)
        == metricNames(["train"], ["accuracy", "loss"]).union(metricNames(validation)))

    let text = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    for words in [
      "<h1>\(name)</h1>", "<h2>Training</h2>", "<h2>What it gets wrong</h2>",
      "test images are classified wrongly.", "<dt>Test AUC</dt>", "<dt>Test accuracy</dt>",
      "<dt>Multiplications</dt>", "for one image", "<h2>References</h2>",
      isMedical ? "MedMNIST v2: a large-scale" : "A. Krizhevsky, ", "Grad-CAM: visual explanations",
    ] {
      #expect(text.contains(words), "\(words)")
    }
    // Nobody states checksums of CIFAR-10's unpacked files, and of what is drawn it is said already.
    #expect(!text.contains("not the published"))
    let again = try ExperimentRunner.evaluate(URL(fileURLWithPath: summary.run), data: data)
    #expect(again.metrics == summary.metrics)
  }

  /// Weights, statistics, optimiser, average and log, bit for bit, with all that is random in a step: paused within
  /// an epoch, and at its end.
  @Test(arguments: [
    (
      "cifar10-resnet",
      [("augment", "flip,crop4,mixup0.5"), ("average", "0.9"), ("test", "epochs")], 3
    ),
    (
      "cifar10-resnet", [("precision", "bfloat16"), ("optimizer", "adam"), ("weight_decay", "0")], 2
    ),
    ("pathmnist-custom", [], 3),
  ])
  func sameBytesAndResumption(name: String, changes: [(String, String)], steps: Int) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let changes = changes.map { Change($0.0, $0.1) }
    let whole = try train(name, folder, data, "whole", changes)
    let part = try train(name, folder, data, "part", changes, pause: .steps(steps))
    #expect(part.paused == true && part.steps == steps)
    var request = ExperimentRunner.Request(data: data)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    let resumed = try ExperimentRunner.train(name, request)
    #expect(resumed.metrics == whole.metrics && resumed.steps == whole.steps)
    func bytes(_ summary: ExperimentRunner.Summary) throws -> [Data] {
      let checkpoint = try newestCheckpoint(summary)
      return try [URL(fileURLWithPath: summary.run).appendingPathComponent("metrics.jsonl")]
        .map { try Data(contentsOf: $0) }
        + ["model.safetensors", "optimizer.safetensors"].map {
          try Data(contentsOf: checkpoint.appendingPathComponent($0))
        }
    }
    let expected = try bytes(whole)
    #expect(try bytes(part) == expected)
  }

  /// It learns colours, in either type alike: a bfloat16 has eight bits.
  @Test func bfloat16IsNearFloat32() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let losses = try ["float32", "bfloat16"].map { precision in
      let changes: [Change] = [
        ("precision", precision), ("epochs", "4"), ("learning_rate", "0.02"), ("warmup", "0"),
        ("momentum", "0.5"), ("augment", "none"),
      ]
      return try history(train("cifar10-resnet", folder, data, precision, changes)).losses
    }
    #expect(losses[0] != losses[1])
    #expect(abs(losses[0][0] - losses[1][0]) < 0.02)
    for (single, half) in zip(losses[0], losses[1]) {
      #expect(abs(single - half) < 0.1, "\(losses)")
    }
    for losses in losses { #expect(losses[losses.count - 1] < 0.8 * losses[0], "\(losses)") }
  }

  @Test func float64AndTheBfloat16Preset() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let losses = try ["float32", "float64"].map { precision in
      try history(
        train(
          "cifar10-resnet", folder, data, precision, [("precision", precision)], pause: .steps(1))
      ).losses[0]
    }
    #expect(abs(losses[0] - losses[1]) < 1e-4)
    let half = try train(
      "cifar10-vgg", folder, data, "half", [("preset", "bfloat16")], pause: .steps(1))
    let single = try train("cifar10-vgg", folder, data, "single", pause: .steps(1))
    let (a, b) = (try history(half).losses[0], try history(single).losses[0])
    #expect(a != b && abs(a - b) < 0.05)
  }

  /// Grey images have one channel, and an AUC of two classes.
  @Test func greyImages() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let changes: [Change] = [("preset", "pneumonia"), ("epochs", "1"), ("network", "resnet20")]
    let summary = try train("pathmnist-resnet18", folder, data, "run", changes)
    #expect(Set(summary.metrics.keys) == metricNames(["train", "test", "validation"]))
    let model = try StateFile.read(
      newestCheckpoint(summary).appendingPathComponent("model.safetensors"))
    #expect(model["conv1.weight"]?.shape == [16, 1, 3, 3])
    #expect(model["linear.weight"]?.shape == [2, 64])
    #expect(summary.data.hasPrefix("pneumoniamnist (files with SHA-256 "))
    let report = try String(contentsOf: folder.file("run/report.html"), encoding: .utf8)
    #expect(
      report.contains("Data: pneumoniamnist, not the published files: their checksums differ. "))
  }

  @Test func theBestEpochIsThatOfTheMetric() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let changes: [Change] = [
      ("network", "resnet20"), ("epochs", "4"), ("learning_rate", "0.2"),
      ("best", "validation_loss"),
    ]
    let summary = try train("pathmnist-resnet18", folder, data, "run", changes)
    let losses = try history(summary).epochs.compactMap { $0.metrics["validation_loss"] }
    #expect(losses.count == 4)
    #expect(summary.metrics["validation_loss"] == losses.min())
    let report = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    let best = 1 + (try #require(losses.indices.min { losses[$0] < losses[$1] }))
    let steps = summary.steps / 4
    let words =
      " Weights: those after epoch \(best) (step \(best * steps) of \(4 * steps)), the best of 4 by validation_loss.<"
    // Nothing is said where the best are the last.
    #expect(report.contains(words) == (best < 4), "\(words)")
  }

  private static let networks = ImageNetworks.names.joined(separator: " or ")

  @Test(arguments: [
    ("network", "resnet19", "network=resnet19: expected \(networks)"),
    ("tune", "tail", "tune=tail: expected full or head or discriminative"),
    (
      "tune", "head",
      "tune=head: there are no weights to tune; name a file with --set weights=FILE"
    ),
    (
      "tune", "discriminative",
      "tune=discriminative: there are no weights to tune; name a file with --set weights=FILE"
    ),
    ("batch_size", "1", "batch_size=1: has to be in 2 … 100000"),
    ("label_smoothing", "1", "label_smoothing=1.0: has to be in 0.0 … 0.99"),
    ("average", "1", "average=1.0: has to be in 0.0 … 0.99999999"),
    ("backbone_rate", "2", "backbone_rate=2.0: has to be in 0.0 … 1.0"),
    ("optimizer", "lion", "optimizer=lion: expected sgd or adam or adamw"),
    ("schedule", "linear", "schedule=linear: expected constant or step or cosine"),
    ("test", "always", "test=always: expected epochs or end or never"),
    ("precision", "float16", "precision=float16: expected float32 or float64 or bfloat16"),
    (
      "augment", "spin",
      "augment: expected none or steps such as flip, vflip, turn, crop4, zoom0.5, jitter0.4, stain0.1, "
        + "erase0.5, cutout8, mixup0.2, cutmix1, standard, tissue, separated by commas, found spin"
    ),
    (
      "data", "chest",
      "there is no set of images named chest (there are bloodmnist, breastmnist, chestmnist, cifar10, cifar100, "
        + "dermamnist, folder, octmnist, organamnist, organcmnist, organsmnist, pathmnist, pneumoniamnist, "
        + "retinamnist, tissuemnist)"
    ),
  ])
  func wrongSettings(key: String, value: String, words: String) throws {
    let folder = try TemporaryFolder()
    expectError(.usage, words) {
      _ = try train("cifar10-resnet", folder, folder.noData, "run", [(key, value)])
    }
    #expect(try folder.contents.isEmpty)
  }

  /// Images with several labels at once: trained with mixing, gone on with, measured again and looked into.
  @Test func severalLabels() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeChest()
    let settings: [Change] = [
      ("data", "chestmnist"), ("network", "resnet20"), ("augment", "flip,mixup0.2"),
      ("best", "validation_auc"), ("epochs", "4"), ("learning_rate", "0.02"),
    ]
    let whole = try train("pathmnist-resnet18", folder, data, "whole", settings)
    let paused = try train(
      "pathmnist-resnet18", folder, data, "run", settings, pause: .steps(4))
    var request = ExperimentRunner.Request(data: data)
    request.resume = URL(fileURLWithPath: paused.run)
    request.isQuiet = true
    let summary = try ExperimentRunner.train("pathmnist-resnet18", request)
    #expect(summary.metrics == whole.metrics && summary.steps == 12)
    #expect(Set(summary.metrics.keys) == metricNames(["train", "validation", "test"]))
    let history = try history(summary)
    #expect(
      Set(history.metricNames) == metricNames(["validation"]).union(["train_loss"]))
    let run = URL(fileURLWithPath: summary.run)
    #expect(try ExperimentRunner.evaluate(run, data: data).metrics == summary.metrics)
    let text = try String(contentsOf: run.appendingPathComponent("report.html"), encoding: .utf8)
    for words in [
      "labels of 8 test images are answered wrongly, with yes above a probability of one half.",
      "<td>cardiomegaly</td>", "<h2>Where it looks</h2>", "<dt>Test AUC</dt>",
    ] { #expect(text.contains(words), "\(words)") }
    var look = VisualizationRequest(run: run, data: data)
    look.what = [.saliency]
    look.sample = 3
    let rows = try Visualization.run(look) { _ in }.rows
    #expect(rows.contains(["true labels", "atelectasis, cardiomegaly, effusion"]))

    expectError(
      .usage,
      "label_smoothing=0.1: the images of chestmnist have several labels at once, which are not smoothed; "
        + "set it to 0"
    ) {
      _ = try train(
        "pathmnist-resnet18", folder, data, "none", settings + [("label_smoothing", "0.1")])
    }
    expectError(
      .usage,
      "best=train_accuracy: an epoch can be chosen by train_loss, validation_accuracy, validation_auc, "
        + "validation_loss; empty is the last epoch"
    ) {
      _ = try train(
        "pathmnist-resnet18", folder, data, "none", settings + [("best", "train_accuracy")])
    }
  }

  /// Trained, measured again, gone on with, and compared with: classes are known only when the folder is read.
  @Test func picturesOfAFolder() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    let settings: [Change] = [("data", "folder"), ("size", "16"), ("network", "resnet20")]
    let paused = try train(
      "cifar10-resnet", folder, data, "run", settings, pause: .steps(2))
    var request = ExperimentRunner.Request(data: data)
    request.resume = URL(fileURLWithPath: paused.run)
    request.isQuiet = true
    let summary = try ExperimentRunner.train("cifar10-resnet", request)
    #expect(summary.steps == 4)
    #expect(summary.data.hasPrefix("12 / 4 / 4 pictures of 2 classes (SHA-256 "))
    #expect(Set(summary.metrics.keys) == metricNames(["train", "validation", "test"]))
    let run = URL(fileURLWithPath: summary.run)
    #expect(try ExperimentRunner.evaluate(run, data: data).metrics == summary.metrics)
    let text = try String(contentsOf: run.appendingPathComponent("report.html"), encoding: .utf8)
    #expect(text.contains("bright") && text.contains("dark"))

    let beside = try train(
      "cifar10-vgg", folder, data, "beside",
      settings + [("network", "vgg"), ("compare", summary.run)])
    let report = try String(
      contentsOf: URL(fileURLWithPath: beside.run + "/report.html"), encoding: .utf8)
    #expect(report.contains("Against other networks"))
    // Of both networks.
    #expect(report.contains("<td>networks of the VGG kind</td>"))
    #expect(report.contains("<td>residual networks, crops within a border</td>"))

    try FileManager.default.removeItem(at: folder.file("pictures/test/dark/0.png"))
    let sum = try ImageFolder.loadParts(folder.file("pictures"), size: 16).sha256
    expectError(
      .noInput,
      "\(summary.run): was trained on \(summary.data), found 12 / 4 / 3 pictures of 2 classes (SHA-256 "
        + "\(sum.prefix(8))…); say where its data are (--data-dir)"
    ) { _ = try ExperimentRunner.evaluate(run, data: data) }
    expectError(
      .noInput,
      "cifar10-vgg: data=folder: name the folder with --data-dir; it holds train and test, each with a "
        + "folder of pictures for each class"
    ) { _ = try train("cifar10-vgg", folder, folder.noData, "none", settings) }
  }

  @Test func sizesThatThereAreNoneOf() throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "pathmnist: there is no size 27; known are 28, 64, 128, 224") {
      _ = try train("pathmnist-custom", folder, folder.noData, "run", [("size", "27")])
    }
    // There it is in another size.
    let data = try folder.writeImages()
    expectError(
      .noInput,
      "\(folder.path): expected the file pathmnist_64.npz in medmnist/ or in the folder itself; size 28 is there: "
        + "--set size=28"
    ) { _ = try train("pathmnist-custom", folder, data, "run", [("size", "64")]) }
    let found = DataDirectory(environment: ["HOME": folder.path, "ADJOINT_DATA": folder.path])
    expectError(
      .noInput,
      "pathmnist-custom: there is no pathmnist_64 in $ADJOINT_DATA or the cache; adjoint data fetch pathmnist "
        + "--size 64, or name its folder with --data-dir; size 28 is there: --set size=28"
    ) { _ = try train("pathmnist-custom", folder, found, "run", [("size", "64")]) }
  }

  /// What an epoch measures depends on the parts that there are.
  @Test func metricsOfTheBestEpoch() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    expectError(.usage, "validation=15: there are 15 training images") {
      _ = try train("cifar10-resnet", folder, data, "run", [("validation", "15")])
    }
    expectError(
      .usage,
      "there is no validation part to choose an epoch by (best=validation_auc): --set validation=N holds back N "
        + "images, --set best= takes the last epoch"
    ) { _ = try train("cifar10-resnet", folder, data, "run", [("best", "validation_auc")]) }
    expectError(
      .usage,
      "best=auc: an epoch can be chosen by train_accuracy, train_loss; empty is the last epoch; "
        + "--set validation=N holds back as many images to choose by"
    ) { _ = try train("cifar10-resnet", folder, data, "run", [("best", "auc")]) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
    expectError(
      .usage,
      "best=auc: an epoch can be chosen by train_accuracy, train_loss, "
        + "validation_accuracy, validation_auc, validation_loss; empty is the last epoch"
    ) {
      _ = try train(
        "pathmnist-resnet18", folder, data, "run", [("best", "auc"), ("test", "epochs")])
    }
  }

  @Test func stainsOnGreyImages() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    expectError(
      .usage,
      "augment=flip,stain0.1: stain: expected images of 3 channels, found 1; without it: --set augment=flip"
    ) {
      _ = try train(
        "pathmnist-custom", folder, data, "run",
        [("preset", "pneumonia"), ("augment", "flip,stain0.1")])
    }
  }

  @Test(arguments: [
    ("cifar10-vgg", "cifar10", "cifar10"), ("pathmnist-custom", "pathmnist", "pathmnist --size 28"),
  ])
  func withoutData(name: String, source: String, fetched: String) throws {
    let folder = try TemporaryFolder()
    expectError(
      .noInput,
      "\(name): there is no \(source) in $ADJOINT_DATA or the cache; adjoint data fetch \(fetched), or name "
        + "its folder with --data-dir"
    ) { _ = try train(name, folder, folder.noData) }
    #expect(try folder.contents.isEmpty)
  }
}
