import Datasets
import Derivations
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// The first experiment of the exercise, whose numbers NumPy's generator fixes to the last digit.
@Suite struct TwoLayerToyTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = []
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = changes
    request.output = folder.file(name)
    request.isQuiet = true
    return try ExperimentRunner.train("two-layer-toy", request)
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  /// The numbers that the exercise states.
  @Test func firstProbabilitiesAndLoss() throws {
    let task = TwoLayerToyTask(TwoLayerToyConfiguration())
    let row = task.beginning.result.probabilities.doubles.prefix(3)
    for (value, stated) in zip(row, [0.36446210, 0.22911264, 0.40642526]) {
      #expect(abs(value - stated) <= 5e-9)
    }
    #expect(abs(task.beginning.result.loss.item - 1.30378789133) <= 1e-11)
    #expect(task.beginning.errors.count == 4)
    for error in task.beginning.errors { #expect(error <= 1e-8) }
    #expect(
      task.step.parameters.map(\.shape) == [[10, 4], [10], [3, 10], [3]] as [Shape])
    // What NumPy 2 prints for W1[0, 1], the second number drawn, and for X[0, 0].
    #expect(abs(task.step.parameters[0].value.doubles[4] - 0.04001572083672233) < 1e-17)
    #expect(abs(task.x.doubles[0] - 16.243453636632417) < 1e-14)
  }

  /// In float32 a step of 10⁻⁵ would tell nothing.
  @Test func gradientsAreMeasuredInFloat64() throws {
    var configuration = TwoLayerToyConfiguration()
    configuration.precision = .float32
    for error in TwoLayerToyTask(configuration).beginning.errors { #expect(error <= 1e-8) }
  }

  /// The loss of the last batch is that of the same steps in NumPy, with batches drawn by `choice(5, 200)`.
  @Test(arguments: ["by-hand", "tape"])
  func hundredSteps(gradients: String) throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("gradients", gradients)])
    #expect(summary.steps == 100)
    let history = try history(summary)
    #expect(abs(try #require(history.losses.last) - 0.017149607938732093) <= 1e-12)
    #expect(abs(history.learningRates[99] - 0.1 * pow(0.95, 99)) < 1e-15)
    let metrics = summary.metrics
    #expect(
      metrics.keys.sorted() == ["gradient_error", "initial_loss", "train_accuracy", "train_loss"])
    #expect(abs(try #require(metrics["initial_loss"]) - 1.30378789133) <= 1e-11)
    #expect(abs(try #require(metrics["train_loss"]) - 0.015639864840583863) <= 1e-12)
    #expect(metrics["train_accuracy"] == 1)
    #expect(try #require(metrics["gradient_error"]) <= 1e-8)
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
    #expect(runs[2].data == "five inputs drawn as NumPy draws 10·randn(5, 4) after seed(2)")
  }

  /// In the middle of an epoch of ten steps.
  @Test func resumedRunIsTheSame() throws {
    let folder = try TemporaryFolder()
    let whole = try train(folder, "whole", [("steps", "60")])
    let part = try train(folder, "part", [("steps", "33")])
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    request.changes = [("steps", "60")]
    let resumed = try ExperimentRunner.train("two-layer-toy", request)
    #expect(resumed.metrics == whole.metrics && resumed.steps == 60)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: part.run + "/metrics.jsonl"))
        == Data(contentsOf: URL(fileURLWithPath: whole.run + "/metrics.jsonl")))
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let html = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    for words in [
      "<h2>Its probabilities</h2>", "0.36446210", "<h2>Its gradients, three ways</h2>",
      TwoLayerPerceptron.penalizedFormulas[0].mathML,
      "<h2>Its gradients as the exercise measures them</h2>",
      "published: 1.30378789133", "The loss of each of the 100 batches.",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // The statement is about other weights than these.
    let other = try train(folder, "other", [("seed", "3")])
    let text = try String(
      contentsOf: URL(fileURLWithPath: other.run + "/report.html"), encoding: .utf8)
    #expect(!text.contains("published"))
  }

  @Test func wrongSettings() throws {
    let folder = try TemporaryFolder()
    let cases: [(Change, String)] = [
      (("seed", "4294967295"), "seed=4294967295: has to be in 0 … 4294967294"),
      (("penalty", "-1"), "penalty=-1.0: has to be in 0.0 … 1000000.0"),
      (("batch_size", "0"), "batch_size=0: has to be in 1 … 1000000"),
      (("gradients", "hand"), "gradients=hand: expected tape or by-hand"),
    ]
    for (change, words) in cases {
      expectError(.usage, words) { _ = try train(folder, "run", [change]) }
    }
  }
}
