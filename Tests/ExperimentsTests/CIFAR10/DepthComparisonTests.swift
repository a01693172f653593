import Checkpoints
import Datasets
import Figures
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// Runs of several depths in one report.
@Suite(.serialized) struct DepthComparisonTests {
  private func train(
    _ folder: TemporaryFolder, _ data: DataDirectory, _ run: String,
    _ changes: [(key: String, value: String)], of name: String = "deep-mlp-cifar10"
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data)
    request.changes =
      [("hidden", "6"), ("batch_size", "25"), ("epochs", "2"), ("validation", "10")] + changes
    request.output = folder.file(run)
    request.isQuiet = true
    return try ExperimentRunner.train(name, request)
  }

  @Test func tableOfDepths() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let three = try train(folder, data, "three", [("depth", "3")])
    let five = try train(folder, data, "five", [("depth", "5")])
    // Once, however often it is named.
    let two = try train(
      folder, data, "two", [("compare", "\(five.run), \(three.run),\(five.run)/")])
    let html = try String(
      contentsOf: URL(fileURLWithPath: two.run + "/report.html"), encoding: .utf8)
    #expect(html.contains("<h2>Against depth</h2>"))
    #expect(
      html.contains(
        "\"subtitle\">3072-6-10 perceptron, ReLU, Adam, gradients from the tape. Data: "))
    // The result comes first.
    #expect(html.contains("<dl class=\"key-figures\">\n<div><dt>Validation accuracy</dt>"))
    #expect(html.contains("<dt>Layers</dt><dd>2</dd>"))
    // By depth, whatever the order they were named in; 3072·6 + 6 + 6·10 + 10 weights with two layers.
    #expect(html.components(separatedBy: "<td>\(five.run)</td>").count == 2)
    let places = ["18,508", "18,550", "18,634"].map { html.range(of: ">\($0)</td>")?.lowerBound }
    #expect(places.allSatisfy { $0 != nil })
    #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    for words in ["this run", three.run, five.run, "Accuracy against depth", "5 layers"] {
      #expect(html.contains(words), "\(words)")
    }
    let accuracy = try #require(three.metrics["validation_accuracy"])
    #expect(html.contains(String(format: "%.2f %%", accuracy * 100)))
    let alone = try String(
      contentsOf: URL(fileURLWithPath: three.run + "/report.html"), encoding: .utf8)
    #expect(!alone.contains("Against depth"))
  }

  /// A row for each run; what is drawn of runs of one depth is their mean.
  @Test func severalSeeds() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let runs = try [("a", "3", "0"), ("b", "3", "1")].map {
      try train(folder, data, $0.0, [("depth", $0.1), ("seed", $0.2)])
    }
    let two = try train(
      folder, data, "two", [("compare", runs.map(\.run).joined(separator: ","))])
    let html = try String(
      contentsOf: URL(fileURLWithPath: two.run + "/report.html"), encoding: .utf8)
    #expect(html.components(separatedBy: "Means over seeds.").count == 4)
    for run in runs { #expect(html.contains("<td>\(run.run)</td>")) }
    let compared = try DepthComparison.runs(
      in: ([two] + runs).map(\.run).joined(separator: ","), on: two.data, validation: 10)
    let plots = DepthComparison.section(of: compared).blocks.compactMap { block -> LinePlot? in
      if case .figure(let figure, _) = block { figure as? LinePlot } else { nil }
    }
    let training = try #require(plots.first?.series.first)
    let measured = try ([two] + runs).map { try #require($0.metrics["train_accuracy"]) * 100 }
    #expect(training.x == [2, 3])
    #expect(training.y[0] == measured[0])
    #expect(abs(training.y[1] - (measured[1] + measured[2]) / 2) < 1e-12)
  }

  /// Whether the test part was looked at in the end makes it no other training: it counts once.
  @Test func sameTrainingTwice() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let runs = try [("a", "0", "false"), ("b", "0", "true"), ("c", "1", "false")].map {
      try train(folder, data, $0.0, [("depth", "3"), ("seed", $0.1), ("test", $0.2)])
    }
    func section(_ runs: [ExperimentRunner.Summary]) throws -> Report.Section {
      DepthComparison.section(
        of: try DepthComparison.runs(
          in: runs.map(\.run).joined(separator: ","), on: runs[0].data, validation: 10))
    }
    func captions(_ section: Report.Section) -> [String] {
      section.blocks.compactMap { block in
        if case .figure(_, let caption) = block { caption } else { nil }
      }
    }
    #expect(try captions(section(Array(runs.prefix(2)))) == ["Of the weights at the end."])
    let all = try section(runs)
    #expect(captions(all) == ["Of the weights at the end. Means over seeds."])
    let plot = all.blocks.compactMap { block -> LinePlot? in
      if case .figure(let figure, _) = block { figure as? LinePlot } else { nil }
    }.first
    let measured = try [runs[0], runs[2]].map { try #require($0.metrics["train_accuracy"]) * 100 }
    let mean = try #require(plot?.series.first?.y.first)
    #expect(measured[0] != measured[1] && abs(mean - (measured[0] + measured[1]) / 2) < 1e-12)
    // The table has what each of them measured.
    let table = all.blocks.compactMap { block -> Report.Table? in
      if case .table(let table) = block { table } else { nil }
    }.first
    #expect(table?.rows.map { $0[7] != "–" } == [false, true, false])
  }

  /// What differs in more than the seed is no run of the same network.
  @Test func otherWidthsStandByThemselves() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let wide = try train(folder, data, "wide", [("hidden", "7")])
    let two = try train(folder, data, "two", [("compare", wide.run)])
    let html = try String(
      contentsOf: URL(fileURLWithPath: two.run + "/report.html"), encoding: .utf8)
    #expect(html.contains("2 layers of 6") && html.contains("2 layers of 7"))
    #expect(!html.contains("Means over seeds."))
  }

  /// Nothing is plotted of what was not measured.
  @Test func runsWithinAnEpoch() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let three = try train(folder, data, "three", [("depth", "3"), ("steps", "1")])
    let two = try train(folder, data, "two", [("compare", three.run), ("steps", "1")])
    let html = try String(
      contentsOf: URL(fileURLWithPath: two.run + "/report.html"), encoding: .utf8)
    #expect(html.contains("Accuracy against depth"))
    #expect(!html.contains("Running accuracy") && !html.contains("After each epoch."))
  }

  /// A run that is there needs those beside it for its report alone.
  @Test func runsThatAreGone() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    let three = try train(folder, data, "three", [("depth", "3")])
    let two = try train(folder, data, "two", [("compare", three.run)])
    try FileManager.default.removeItem(atPath: three.run)
    let run = try RunDirectory(opening: URL(fileURLWithPath: two.run))
    let configuration = try RunDirectory.read(
      SavedConfiguration<DeepPerceptronConfiguration>.self, from: run.configuration
    ).configuration
    let opened = try DeepPerceptron(
      configuration, data: data, resuming: Checkpoint.latest(in: run.checkpoints)
    ) { _ in }
    _ = try Trainer.loadNewest(in: run, into: opened.task)
    #expect(try opened.task.finalMetrics() == two.metrics)
    let words = "\(three.run): there is no such run folder"
    let report = try String(
      contentsOf: ExperimentRunner.report(run.folder, data: data), encoding: .utf8)
    #expect(
      report.contains("<p>What this run was to stand beside cannot be shown: \(words).</p>"))
    expectError(.noInput, words) { _ = try DeepPerceptron(configuration, data: data) { _ in } }
  }

  @Test func whatIsNoRunOfThis() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeCIFAR()
    func compared(with path: String) throws {
      _ = try train(folder, data, "run", [("compare", path)])
    }
    let absent = folder.path + "/absent"
    expectError(.noInput, "\(absent): there is no such run folder") { try compared(with: absent) }
    let other = try train(folder, data, "other", [("steps", "1")], of: "uva-mlp")
    expectError(
      .usage, "compare: \(other.run): is a run of uva-mlp, not of deep-mlp-cifar10"
    ) { try compared(with: other.run) }
    let begun = try train(folder, data, "begun", [])
    let saved = begun.data
    try FileManager.default.removeItem(atPath: begun.run + "/result.json")
    expectError(
      .noInput, "compare: \(begun.run): is not finished: it has no result.json"
    ) { try compared(with: begun.run) }
    let finished = try train(folder, data, "finished", [])
    expectError(
      .usage,
      "compare: \(finished.run): held back validation=10 images, this run 11: their accuracies cannot stand "
        + "beside one another"
    ) {
      _ = try train(folder, data, "run", [("compare", finished.run), ("validation", "11")])
    }
    let larger = try folder.writeCIFAR(batch: 13)
    let found = try train(folder, larger, "larger", []).data
    #expect(found != saved)
    expectError(
      .usage, "compare: \(finished.run): was trained on \(saved), this run on \(found)"
    ) { _ = try train(folder, larger, "run", [("compare", finished.run)]) }
    // What could not begin leaves no folder behind.
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
  }
}
