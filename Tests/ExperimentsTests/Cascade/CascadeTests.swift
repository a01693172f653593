import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// The experiment from end to end on a few hundred samples of a small teacher.
@Suite(.serialized) struct CascadeTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = [],
    checkFinite: Bool = false
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    let small: [Change] = [
      ("inputs", "6"), ("hidden", "24"), ("outputs", "5"), ("classes", "3"),
      ("train_samples", "300"), ("test_samples", "100"), ("batch_size", "32"), ("epochs", "2"),
      ("drawn_train", "200"), ("drawn_test", "50"),
    ]
    request.changes = small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    request.options.checkFinite = checkFinite
    return try ExperimentRunner.train("cascade", request)
  }

  private func bytes(_ summary: ExperimentRunner.Summary, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(summary.run)/\(name)"))
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  @Test func learnsBothTasks() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("epochs", "30")])
    #expect(
      summary.data
        == "a teacher network drawn by the program, 300 samples for training and 100 for the test, seed 0"
    )
    #expect(summary.steps == 300)
    #expect(
      summary.metrics.keys.sorted() == [
        "test_accuracy", "test_accuracy_alone", "test_loss", "test_loss_b", "test_loss_b_alone",
        "test_mse", "test_mse_alone", "train_accuracy", "train_accuracy_alone", "train_loss",
        "train_loss_b", "train_loss_b_alone", "train_mse", "train_mse_alone",
      ])
    // The mean gets 1, and one of three classes is right a third of the time.
    #expect(try #require(summary.metrics["test_mse"]) < 0.5)
    #expect(try #require(summary.metrics["test_accuracy"]) > 0.6)
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
  }

  /// The networks beside each other do not know of one another.
  @Test func comparingIsTrainingEachByItself() throws {
    let folder = try TemporaryFolder()
    let all = try train(folder, "all").metrics
    let both = try train(folder, "both", [("task", "both")]).metrics
    let a = try train(folder, "a", [("task", "a")]).metrics
    let b = try train(folder, "b", [("task", "b")]).metrics
    #expect(a.keys.sorted() == ["test_loss", "test_mse", "train_loss", "train_mse"])
    #expect(
      b.keys.sorted() == [
        "test_accuracy", "test_loss", "test_loss_b", "train_accuracy", "train_loss",
        "train_loss_b",
      ])
    for (name, value) in both { #expect(all[name] == value, "\(name)") }
    #expect(all["test_mse_alone"] == a["test_mse"])
    #expect(all["test_accuracy_alone"] == b["test_accuracy"])
    #expect(all["test_loss_b_alone"] == b["test_loss_b"])
    #expect(all["test_mse"] != a["test_mse"])
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let logs = try [
      train(folder, "a"), train(folder, "b"), train(folder, "c", [("seed", "1")]),
    ].map { try bytes($0, "metrics.jsonl") }
    #expect(logs[0] == logs[1])
    #expect(logs[0] != logs[2])
  }

  /// Both ways round in places of their own; over 20 steps that comes to some units of the last place.
  @Test(arguments: [(DType.float32, 1e-5), (.float64, 1e-13)])
  func byHandAndTapeAgree(dtype: DType, tolerance: Double) throws {
    let folder = try TemporaryFolder()
    let precision = Change("precision", dtype.rawValue)
    let tape = try train(folder, "tape", [precision])
    let hand = try train(folder, "hand", [precision, ("gradients", "by-hand")])
    let (one, other) = (try history(tape).losses, try history(hand).losses)
    #expect(one.count == 20 && other.count == 20)
    for (a, b) in zip(one, other) { #expect(abs(a - b) <= tolerance * abs(a)) }
    for (name, value) in tape.metrics {
      #expect(abs(value - (hand.metrics[name] ?? .nan)) <= tolerance * max(1, abs(value)))
    }
  }

  /// Looking at every value changes none, the running mean's neither.
  @Test(arguments: ["tape", "by-hand"])
  func lookingChangesNothing(gradients: String) throws {
    let folder = try TemporaryFolder()
    let plain = try train(folder, "plain", [("gradients", gradients)])
    let watched = try train(folder, "watched", [("gradients", gradients)], checkFinite: true)
    #expect(try bytes(plain, "metrics.jsonl") == bytes(watched, "metrics.jsonl"))
  }

  /// Weights, running means, optimiser, masks and the order of the samples go on where they were.
  @Test(arguments: ["compare", "b"])
  func resumeEqualsUninterrupted(task: String) throws {
    let folder = try TemporaryFolder()
    let changes: [Change] = [("task", task), ("dropout", "0.5")]
    let whole = try train(folder, "whole", changes + [("steps", "17")])
    let part = try train(folder, "part", changes + [("steps", "7")])
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    request.changes = [("steps", "17")]
    let resumed = try ExperimentRunner.train("cascade", request)
    #expect(resumed.metrics == whole.metrics)
    #expect(try bytes(part, "metrics.jsonl") == bytes(whole, "metrics.jsonl"))
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let html = String(decoding: try bytes(summary, "report.html"), as: UTF8.self)
    for words in [
      "<h1>cascade</h1>", "<h2>Both tasks</h2>", "test, A alone", "test, B alone",
      "<h2>Together and alone</h2>", "one task alone",
      String(format: "%.4f", try #require(summary.metrics["test_mse_alone"])),
      "<h2>Predictions and truth</h2>", "The teacher&#39;s numbers for 100 test samples",
      "Task B: rows are the true classes", "<h2>Its gradients, three ways</h2>",
    ] {
      #expect(
        html.contains(words) || html.contains(words.replacing("&#39;", with: "'")), "\(words)")
    }
    #expect(html.contains("with perfect predictions all would lie on the line."))
    // Task A has a figure of its own.
    #expect(!html.contains("Mean squared error of each epoch"))
    let rows = html.matches(of: gradientRow)
    #expect(
      rows.map { String($0.1) } == [
        "fc1_a.weight", "fc1_a.bias", "fc2_a.weight", "fc2_a.bias", "fc1_b.weight", "norm.bias",
        "fc2_b.weight", "fc2_b.bias",
      ])
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-8)
    }
  }

  @Test func reportOfOneTask() throws {
    let folder = try TemporaryFolder()
    let html = String(
      decoding: try bytes(train(folder, "run", [("task", "a")]), "report.html"), as: UTF8.self)
    #expect(html.contains("This network learns task A alone."))
    #expect(
      html.contains("\"subtitle\">task A of the multi-task cascade alone: regression with sine"))
    #expect(html.contains("--set task=compare"))
    #expect(!html.contains("Task B: rows are the true classes"))
  }

  @Test func images() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("data", "mnist"), ("outputs", "7"), ("epochs", "1")])
    #expect(
      summary.data
        == "digits drawn by the program, 200 for training and 50 for the test, seed 0: the lowest 7 "
        + "coefficients of the cosine transform, and the digit")
    #expect(summary.steps == 7)
    let html = String(decoding: try bytes(summary, "report.html"), as: UTF8.self)
    for words in [
      "<h2>Predictions and truth</h2>", "<h2>What it gets wrong</h2>", "of 50 test images",
      "<h2>Where it looks</h2>", "saliency",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // One confusion matrix, that of the images.
    #expect(!html.contains("Task B: rows are the true classes"))
    let alone = try train(
      folder, "alone", [("data", "mnist"), ("outputs", "7"), ("epochs", "1"), ("task", "a")])
    let page = String(decoding: try bytes(alone, "report.html"), as: UTF8.self)
    #expect(!page.contains("<h2>Where it looks</h2>"))
  }

  @Test func wrongSettings() throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "task=c: expected compare or both or a or b") {
      _ = try train(folder, "run", [("task", "c")])
    }
    expectError(.usage, "data=cifar: expected teacher or mnist") {
      _ = try train(folder, "run", [("data", "cifar")])
    }
    expectError(.usage, "dropout=1.0: has to be in 0.0 … 0.99") {
      _ = try train(folder, "run", [("dropout", "1")])
    }
    expectError(.usage, "classes=1: has to be in 2 … 1000") {
      _ = try train(folder, "run", [("classes", "1")])
    }
    expectError(
      .usage,
      "batch_size=64: leaves one of the 129 training samples over, of which normalisation by the mean of the "
        + "batch leaves nothing; take another batch_size"
    ) { _ = try train(folder, "run", [("train_samples", "129"), ("batch_size", "64")]) }
    expectError(.usage, "outputs=785: has to be in 1 … 784") {
      _ = try train(folder, "run", [("data", "mnist"), ("outputs", "785")])
    }
  }
}
