import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct HistoryTests {
  @Test func readsStepsAndEpochs() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("metrics.jsonl")
    try Data(
      """
      {"step":1,"epoch":1,"loss":2.5,"learning_rate":0.1}
      {"step":2,"epoch":1,"loss":1e-05,"learning_rate":null}
      {"step":2,"epoch":1,"metrics":{"test_loss":null,"train_loss":1.25}}

      """.utf8
    ).write(to: file)
    let history = try History(reading: file)
    #expect(history.losses == [2.5, 1e-5])
    #expect(history.learningRates[0] == 0.1)
    #expect(history.learningRates[1].isNaN)
    #expect(history.epochs.map(\.epoch) == [1])
    #expect(history.epochs.map(\.step) == [2])
    #expect(history.metricNames == ["test_loss", "train_loss"])
    #expect(history.epochs[0].metrics["train_loss"] == 1.25)
    // What was neither finite was written as null.
    #expect(history.epochs[0].metrics["test_loss"]?.isNaN == true)
  }

  /// Lines as they are written, and the same as JSON has them elsewhere, over several pieces of the file.
  @Test func linesOfStepsAreReadAsJSON() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("metrics.jsonl")
    var random = Philox(seed: 5)
    let losses = (0..<30_000).map { _ in exp(40 * random.normal()) }
    let lines = losses.enumerated().map { index, loss in
      let space = index % 3 == 0 ? " " : ""
      return
        "{\"step\":\(index + 1),\"epoch\":1,\"loss\":\(space)\(loss),\"learning_rate\":\(-loss)}\n"
    }
    try Data(lines.joined().utf8).write(to: file)
    let history = try History(reading: file)
    #expect(history.losses == losses)
    #expect(history.learningRates == losses.map { -$0 })
  }

  @Test func nothingYet() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: folder.file("metrics.jsonl"))
    #expect(try History(reading: folder.file("metrics.jsonl")) == History())
  }

  @Test(arguments: [
    "{\"step\":3,\"ep", "[]", "{\"step\":1,\"epoch\":1}", "{\"epoch\":1,\"loss\":1}", "loss 1",
    "{\"step\":1,\"epoch\":1,\"loss\":\"high\"}",
    "{\"step\":1,\"epoch\":1,\"loss\":1,\"metrics\":{}}",
    "{\"step\":1,\"epoch\":1,\"loss\":nan,\"learning_rate\":1}",
    "{\"step\":1,\"epoch\":1,\"loss\":1e999,\"learning_rate\":1}",
    "{\"step\":1,\"epoch\":1,\"loss\":1,\"learning_rate\":1}x",
  ])
  func badLineIsNamed(line: String) throws {
    let folder = try TemporaryFolder()
    let file = folder.file("metrics.jsonl")
    try Data("{\"step\":1,\"epoch\":1,\"loss\":1,\"learning_rate\":1}\n\(line)\n".utf8).write(
      to: file)
    expectError(
      .badData,
      "\(file.path): line 2: expected a JSON object with the metrics of a step, an epoch or a measure, found "
        + line
    ) { _ = try History(reading: file) }
  }

  @Test func onlyTheBeginningOfALongLineIsShown() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("metrics.jsonl")
    try Data((String(repeating: "x", count: 1000) + "\n").utf8).write(to: file)
    expectError(
      .badData,
      "\(file.path): line 1: expected a JSON object with the metrics of a step, an epoch or a measure, found "
        + String(repeating: "x", count: 60)
    ) { _ = try History(reading: file) }
  }

  @Test(arguments: [
    (
      #"{"step":3,"epoch":1,"loss":1,"learning_rate":1}"# + "\n",
      "expected step 2, found step 3"
    ),
    (
      #"{"step":1,"epoch":1,"loss":null,"learning_rate":1}"# + "\n",
      "expected step 2, found step 1"
    ),
    (
      #"{"step":2,"epoch":1,"metrics":{}}"# + "\n",
      "expected the metrics of an epoch after step 1, found step 2"
    ),
    (
      #"{"step":2,"epoch":1,"loss":1,"learning_rate":1}"#,
      "expected a line that ends, found the end of the file"
    ),
    (
      "\n",
      "expected a JSON object with the metrics of a step, an epoch or a measure, found "
    ),
  ])
  func whatDoesNotFollow(rest: String, words: String) throws {
    let folder = try TemporaryFolder(inMemory: true)
    let file = try folder.write(
      ("{\"step\":1,\"epoch\":1,\"loss\":1,\"learning_rate\":1}\n" + rest).utf8, "metrics.jsonl")
    expectError(.badData, "\(file.path): line 2: \(words)") { _ = try History(reading: file) }
  }

  @Test func missingFile() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("metrics.jsonl")
    let words = foundationWords { _ = try FileHandle(forReadingFrom: file) }
    expectError(.noInput, "\(file.path): cannot be read: \(words)") {
      _ = try History(reading: file)
    }
  }
}
