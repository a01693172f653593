import Datasets
import Foundation
import Models
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// Runs beside one another, with figures worked out by hand.
@Suite struct ImageComparisonTests {
  /// A history of so many steps, and then a validation accuracy for each epoch.
  static func history(_ accuracies: [Double], steps: Int = 0) throws -> History {
    let folder = try TemporaryFolder(inMemory: true)
    let lines =
      (0..<steps).map { #"{"step":\#($0 + 1),"epoch":1,"loss":1,"learning_rate":0.1}"# }
      + accuracies.enumerated().map { index, accuracy in
        #"{"step":\#(steps),"epoch":\#(index + 1),"metrics":{"validation_accuracy":\#(accuracy)}}"#
      }
    let file = try folder.write(lines.map { $0 + "\n" }.joined().utf8, "metrics.jsonl")
    return try History(reading: file)
  }

  static func run<Kind: ImageExperiment>(
    of kind: Kind.Type, _ configuration: Kind.Configuration, _ metrics: [String: Double] = [:],
    history: History = History(), seconds: Double? = 1, data: String = "images",
    folder: String? = "/a"
  ) throws -> ImageRun {
    try ImageRun(
      of: kind, configuration, data: data, metrics: metrics, history: history, seconds: seconds,
      folder: folder)
  }

  private func variant(
    _ name: String, seed: UInt64, _ accuracy: Double, _ area: Double, seconds: Double? = 10,
    folder: String? = "/a"
  ) throws -> ImageRun {
    var configuration = TissueAblationConfiguration(TissueCustom.pneumoniaMNIST)
    configuration.variant = name
    configuration.full.seed = seed
    return try Self.run(
      of: TissueAblation.self, configuration,
      ["test_accuracy": accuracy, "test_auc": area, "validation_accuracy": accuracy / 2],
      history: Self.history([accuracy, accuracy / 2]), seconds: seconds, folder: folder)
  }

  @Test func tableOfAnAblation() throws {
    let others = ImageRun.Collection(
      runs: [
        try variant("no-augmentation", seed: 1, 0.90, 0.75, seconds: nil),
        try variant("full", seed: 0, 0.5, 0.5, folder: "/twin"),
        try variant("full", seed: 2, 0.94, 0.99, seconds: 12),
        try variant("no-augmentation", seed: 0, 0.88, 0.85),
        try variant("full", seed: 1, 0.92, 0.98, seconds: 14),
        try variant("plain", seed: 5, 0.7, 0.6),
      ], unfinished: 2)
    // This run takes the place of the one with its settings and its seed.
    let this = try variant("full", seed: 0, 0.90, 0.97, folder: nil)
    let comparison = try ImageComparison(this, with: others, TissueAblation.comparison, classes: 9)
    let table = comparison.table()
    #expect(
      table.header == [
        "variant", "runs", "test accuracy, %", "to full", "test AUC",
        "to full", "validation, %", "seconds",
      ])
    #expect(
      table.rows == [
        [
          "full", "3", "92.00 ± 2.00", "–",
          "0.980 ± 0.010", "–", "46.00 ± 1.00", "12.0",
        ],
        [
          "no-augmentation", "2", "89.00 ± 1.41", "−3.00 ± 1.53",
          "0.800 ± 0.071", "−0.180 ± 0.050", "44.50 ± 0.71", "–",
        ],
        [
          "plain", "1", "70.00", "−22.00", "0.600", "−0.380", "35.00", "10.0",
        ],
      ])
    let caption = try #require(table.caption)
    for words in [
      "2 trials of sweeps came to no end and are left out.", "gone on with they are not known",
    ] { #expect(caption.contains(words), "\(words)") }
    #expect(comparison.groups[0].curve("validation_accuracy").map(\.epoch) == [1, 2])
    let means = comparison.groups[0].curve("validation_accuracy").map(\.mean)
    #expect(abs(means[0] - 0.92) < 1e-12 && abs(means[1] - 0.46) < 1e-12)
    #expect(
      try comparison.details().rows == [
        ["full", "nothing: model B with all the means of its training"],
        ["no-augmentation", "images as they are"],
        ["plain", "no augmentation, smoothing, warm-up, cosine or average; AdamW"],
      ])
    #expect(try comparison.section().blocks.count == 4)
  }

  @Test func epochsToWhatScratchEndsWith() throws {
    func tuned(_ name: String, seed: UInt64, _ accuracies: [Double]) throws -> ImageRun {
      var configuration = try #require(TissueFinetune.presets[name == "full" ? "default" : name])
      configuration.weights = name == "scratch" ? "" : "/weights.safetensors"
      configuration.seed = seed
      return try Self.run(
        of: TissueFinetune.self, configuration,
        ["validation_accuracy": try #require(accuracies.last)],
        history: Self.history(accuracies))
    }
    let others = ImageRun.Collection(
      runs: [
        try tuned("scratch", seed: 0, [0.2, 0.5, 0.8]),
        try tuned("scratch", seed: 1, [0.2, 0.77, 0.8]),
        try tuned("full", seed: 1, [0.75, 0.76, 0.7]),
        try tuned("head", seed: 0, [0.3, 0.3, 0.4]),
        try tuned("discriminative", seed: 0, [0.9, 0.9, 0.9]),
        try tuned("discriminative", seed: 1, [0.1, 0.1, 0.1]),
      ])
    let this = try tuned("full", seed: 0, [0.77, 0.9, 0.9])
    let table = try ImageComparison(this, with: others, TissueFinetune.comparison, classes: 9)
      .details()
    // 0.95 · 0.8
    let column = try #require(table.header.firstIndex(of: "epochs to 76.00 %"))
    #expect(table.rows.map { $0[0] } == ["scratch", "head", "full", "discriminative"])
    #expect(
      table.rows.map { $0[column] } == ["2.5 ± 0.7", "not reached", "1.5 ± 0.7", "1.0, 1 not"])
    // He et al. 2016 have 269,722 weights for ten classes, each of which takes 65: of nine, 585 in the classifier.
    let rate = try #require(table.header.firstIndex(of: "learning rate"))
    #expect(
      table.rows.map { $0[rate...(rate + 1)] } == [
        ["0.05", "269,657"], ["0.05", "585 of 269,657"], ["0.01", "269,657"],
        ["0.05, in front of the classifier × 0.1", "269,657"],
      ])
    #expect(table.caption?.hasPrefix("Learning rates are those after warming up. 76.00 %") == true)
    let alone = try ImageComparison(
      this, with: .init(runs: [try tuned("head", seed: 0, [0.4])]), TissueFinetune.comparison,
      classes: 9)
    #expect(try alone.details().header.contains("epochs"))
    #expect(alone.reference == nil)
    #expect(
      try alone.details().caption
        == "Learning rates are those after warming up. There is no run named scratch, whose accuracy would be the "
        + "measure.")
    let scratch = try #require(TissueFinetune.presets["scratch"])
    let bare = try Self.run(of: TissueFinetune.self, scratch, ["test_accuracy": 0.8])
    let unmeasured = try ImageComparison(
      this, with: .init(runs: [bare]), TissueFinetune.comparison, classes: 9)
    #expect(unmeasured.reference?.name == "scratch")
    #expect(
      try unmeasured.details().caption
        == "Learning rates are those after warming up. No accuracy on a validation part was measured of scratch "
        + "(--set validation=N holds one back), so there is no bound.")
  }

  /// He et al. 2016, section 4.2: ResNet-20 has 0.27 million weights; its multiplications as they are counted
  /// elsewhere.
  @Test func whatNetworksCost() throws {
    func trained(_ network: String, seconds: Double?) throws -> ImageRun {
      var configuration = ImageConfiguration()
      configuration.network = network
      return try Self.run(
        of: CIFARVGG.self, configuration, history: Self.history([], steps: 4), seconds: seconds)
    }
    let comparison = try ImageComparison(
      trained("resnet32", seconds: nil),
      with: .init(runs: [try trained("resnet20", seconds: 0.5)]), CIFARVGG.comparison, classes: 10)
    let table = try comparison.details()
    #expect(comparison.reference?.name == "resnet20")
    let row = try #require(table.rows.first { $0[0] == "resnet20" })
    let first = try #require(table.header.firstIndex(of: "multiplications"))
    #expect(Array(row[first...]) == ["40.6 million", "269,722", "125.0"])
    #expect(table.rows.first { $0[0] == "resnet32" }?[first + 2] == "–")
  }

  /// ResNet-18 as published has 11.7 million weights with 1,000 classes; 7,680 of them are those of a 7×7 window for a
  /// 3×3 one, which images of 32 pixels would begin with.
  @Test func whatTunedNetworksCost() throws {
    let folder = try TemporaryFolder()
    let checkpoint = folder.file("checkpoints/step-000000001")
    try FileManager.default.createDirectory(at: checkpoint, withIntermediateDirectories: true)
    let weights = "checkpoints/step-000000001/model.safetensors"
    _ = try folder.writeWeights("resnet18", .init(classes: 5, side: 224), to: weights)
    var configuration = ImageConfiguration()
    configuration.network = "resnet18"
    func stem(checkpoints: URL?) throws -> ResNetStem? {
      try ImageRun(
        of: CIFARVGG.self, configuration, data: "images", metrics: [:], history: History(),
        seconds: nil, folder: nil, checkpoints: checkpoints
      ).stem
    }
    #expect(try stem(checkpoints: folder.file("checkpoints")) == nil)
    configuration.weights = "/nowhere/w.safetensors"
    #expect(try stem(checkpoints: nil) == nil)
    #expect(try stem(checkpoints: folder.file("checkpoints")) == .large)
    configuration.weights = folder.file(weights).path
    #expect(try stem(checkpoints: folder.file("none")) == .large)
    let table = try ImageComparison(
      Self.run(of: CIFARVGG.self, configuration), with: .init(), CIFARVGG.comparison, classes: 10
    ).details()
    let column = try #require(table.header.firstIndex(of: "weights"))
    #expect(table.rows.map { $0[column] } == ["11,181,642"])
  }

  /// When the test part is looked at changes nothing of the training: what was measured stands beside the rest, and
  /// the same seed is the same run.
  @Test func runsThatDifferInTheirTestsAlone() throws {
    func run(_ name: String, _ test: ImageConfiguration.Test, seed: UInt64) throws -> ImageRun {
      var configuration = TissueAblationConfiguration(TissueCustom.pneumoniaMNIST)
      configuration.variant = name
      (configuration.full.seed, configuration.full.test) = (seed, test)
      return try Self.run(of: TissueAblation.self, configuration, ["test_accuracy": 0.5])
    }
    let comparison = try ImageComparison(
      run("full", .epochs, seed: 0),
      with: .init(runs: [
        try run("full", .end, seed: 1), try run("full", .end, seed: 0),
        try run("mixup", .end, seed: 0),
      ]), TissueAblation.comparison, classes: 2)
    #expect(comparison.groups.map(\.name) == ["full", "mixup"])
    #expect(comparison.groups.map(\.runs.count) == [2, 1])
    #expect(comparison.groups[0].runs[0].image.test == .epochs)
  }

  // MARK: - What cannot stand beside one another

  @Test func wordsOfRunsThatDoNotFit() throws {
    let this = try variant("full", seed: 0, 0.9, 0.9, folder: nil)
    func compare(_ other: ImageRun, _ manner: ImageComparison.Manner = TissueAblation.comparison)
      throws
    { _ = try ImageComparison(this, with: .init(runs: [other]), manner, classes: 9) }
    var longer = TissueAblationConfiguration(TissueCustom.pneumoniaMNIST)
    longer.full.epochs = 31
    longer.variant = "mixup"
    expectError(
      .usage,
      "compare: /a: has epochs=31, this run epochs=15; runs beside one another may differ in variant and "
        + "seed alone"
    ) { try compare(Self.run(of: TissueAblation.self, longer)) }
    longer.variant = "full"
    expectError(
      .usage,
      "compare: /a: has epochs=31, this run epochs=15; runs of one name (full) may differ in their seeds "
        + "alone"
    ) {
      try compare(
        Self.run(of: TissueAblation.self, longer),
        .init(title: "", kind: "", reference: nil, details: .changes))
    }
    expectError(
      .usage, "compare: /a: is a run of pathmnist-custom, not of pathmnist-ablation"
    ) { try compare(Self.run(of: TissueCustom.self, TissueCustom.pneumoniaMNIST)) }
    expectError(.usage, "compare: /a: was trained on others, this run on images") {
      try compare(Self.run(of: TissueAblation.self, longer, data: "others"))
    }
  }

  @Test func wordsOfFoldersThatAreNone() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let absent = folder.path + "/absent"
    expectError(.noInput, "\(absent): there is no such run folder") {
      _ = try ImageRun.collect(absent)
    }
    try folder.write("{}".utf8, "begun/configuration.json")
    expectError(
      .noInput, "compare: \(folder.path)/begun: is not finished: it has no result.json"
    ) { _ = try ImageRun.collect(folder.path + "/begun") }
    try folder.write(
      #"{"experiment":"mnist-mlp","data":"","seed":0,"steps":1,"seconds":1,"metrics":{},"run":"","interrupted":false}"#
        .utf8, "begun/result.json")
    expectError(
      .usage,
      "compare: \(folder.path)/begun: is a run of mnist-mlp, which has no convolutional classifier"
    ) { _ = try ImageRun.collect(folder.path + "/begun") }
    try folder.write(
      """
      {"experiment": "mnist-mlp", "space": ["hidden=1,2"], "method": "random", "trials": 100001, \
      "metric": "validation_accuracy", "minimize": false, "seed": 0, "threads": 1, "data": "", \
      "rungs": [], "unit": "epochs", "version": ""}
      """.utf8, "sweep/sweep.json")
    expectError(
      .badData, "\(folder.path)/sweep/sweep.json: expected up to 100,000 trials, found 100001"
    ) { _ = try ImageRun.collect(folder.path + "/sweep") }
    #expect(try ImageRun.collect("").runs.isEmpty)
  }
}
