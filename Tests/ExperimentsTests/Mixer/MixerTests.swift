import Datasets
import Derivations
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// The experiment from end to end on a few hundred drawn digits, in patches of 7 × 7.
@Suite(.serialized) struct MixerTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = []
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    let small: [Change] = [
      ("patch", "7"), ("stride", "7"), ("epochs", "2"), ("batch_size", "32"),
      ("drawn_train", "320"), ("drawn_test", "100"),
    ]
    request.changes = small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    return try ExperimentRunner.train("mixer", request)
  }

  private func bytes(_ summary: ExperimentRunner.Summary, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(summary.run)/\(name)"))
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  @Test func learns() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      folder, "run", [("patch", "4"), ("stride", "4"), ("epochs", "20"), ("decay_every", "15")])
    #expect(summary.experiment == "mixer" && summary.steps == 200)
    #expect(
      summary.metrics.keys.sorted() == [
        "test_accuracy", "test_loss", "train_accuracy", "train_loss",
      ])
    // Ten classes: guessing gives a tenth.
    #expect(try #require(summary.metrics["train_accuracy"]) > 0.4)
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let logs = try [
      train(folder, "a"), train(folder, "b"), train(folder, "c", [("seed", "1")]),
    ].map { try bytes($0, "metrics.jsonl") }
    #expect(logs[0] == logs[1])
    #expect(logs[0] != logs[2])
  }

  /// Both ways sum the same numbers in the same order but for the mean; over 20 steps that comes to some units of
  /// the last place.
  @Test(arguments: [(DType.float32, 1e-4), (.float64, 1e-12)])
  func byHandAndTapeAgree(dtype: DType, tolerance: Double) throws {
    let folder = try TemporaryFolder()
    let precision = Change("precision", dtype.rawValue)
    let tape = try history(train(folder, "tape", [precision])).losses
    let hand = try history(train(folder, "hand", [precision, ("gradients", "by-hand")])).losses
    #expect(tape.count == 20 && hand.count == 20)
    for (a, b) in zip(tape, hand) { #expect(abs(a - b) <= tolerance * abs(a)) }
  }

  @Test func resumeEqualsUninterrupted() throws {
    let folder = try TemporaryFolder()
    let whole = try train(folder, "whole", [("steps", "17")])
    let part = try train(folder, "part", [("steps", "7")])
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    request.changes = [("steps", "17")]
    let resumed = try ExperimentRunner.train("mixer", request)
    #expect(resumed.metrics == whole.metrics)
    #expect(try bytes(part, "metrics.jsonl") == bytes(whole, "metrics.jsonl"))
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let html = String(decoding: try bytes(summary, "report.html"), as: UTF8.self)
    for words in [
      "<h1>mixer</h1>", "<h2>What it gets wrong</h2>", "<h2>Where it looks</h2>",
      "<h2>What it learned</h2>",
      "FC-1: Θ₁",
      "FC-2: Θ₂", "the 16 positions", "the 49 pixels", "FC-3: each square", "16 × 49",
      "<h2>Its gradients, three ways</h2>", MLPMixer.formulas[0].mathML,
    ] {
      #expect(html.contains(words), "\(words)")
    }
    let rows = html.matches(of: gradientRow)
    #expect(
      rows.map { String($0.1) } == [
        "blocks.0.positions.weight", "blocks.0.positions.bias", "blocks.0.features.weight",
        "blocks.0.features.bias", "head.weight", "head.bias",
      ])
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-8)
    }
  }

  /// Several blocks are trained by the tape, and the page leaves out the formulas of one.
  @Test func severalBlocks() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("blocks", "2"), ("epochs", "1")])
    let html = String(decoding: try bytes(summary, "report.html"), as: UTF8.self)
    #expect(html.contains("of the first block") && !html.contains("three ways"))
    #expect(
      html.contains("simplified MLP-Mixer of 2 blocks: FC over 16 patches, FC over their 49 pixels")
    )
  }

  @Test func wrongSettings() throws {
    let folder = try TemporaryFolder()
    expectError(
      .usage,
      "patch=7, stride=5: patches have to reach the edge of 28 pixels, so that 28 − patch is a multiple of "
        + "stride"
    ) { _ = try train(folder, "run", [("stride", "5")]) }
    expectError(
      .usage,
      "gradients=by-hand, blocks=2: the gradients written out by hand are those of one block"
    ) { _ = try train(folder, "run", [("blocks", "2"), ("gradients", "by-hand")]) }
    expectError(.usage, "patch=29: has to be in 1 … 28") {
      _ = try train(folder, "run", [("patch", "29")])
    }
    expectError(.usage, "momentum=1.0: has to be in 0.0 … 0.9999") {
      _ = try train(folder, "run", [("momentum", "1")])
    }
  }

  /// Pixels numbered row by row: two patches across, two down, the second image a hundred more.
  @Test func patches() throws {
    let set = try ClassificationSet(
      pixels: (0..<16).map { UInt8($0) } + (100..<116).map { UInt8($0) }, height: 4, width: 4,
      channels: 1, labels: [0, 1], classNames: ["a", "b"], description: "numbers")
    let whole = try ImagePatches(side: 2, stride: 2).cut(set)
    #expect((whole.height, whole.width, whole.labels) == (4, 4, [0, 1]))
    #expect(
      Array(whole.image(0)) == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15])
    #expect(Array(whole.image(1)) == whole.image(0).map { $0 + 100 })
    let overlapping = try ImagePatches(side: 3, stride: 1).cut(set)
    #expect((overlapping.height, overlapping.width) == (4, 9))
    #expect(Array(overlapping.image(0).suffix(9)) == [5, 6, 7, 9, 10, 11, 13, 14, 15])
  }
}

/// A row of the table of gradients: the parameter, and what by hand and tape, tape and differences differ by.
var gradientRow: Regex<(Substring, Substring, Substring, Substring)> {
  /<tr><td>([a-z0-9_.]+)<\/td><td class="number">([^<]*)<\/td><td class="number">([^<]*)<\/td><\/tr>/
}
