import Datasets
import Derivations
import Foundation
import Tensors
import TestSupport
import Testing
import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif
@testable import Experiments

/// The experiment from end to end on a few hundred drawn hours.
@Suite(.serialized) struct ETTForecastingTests {
  typealias Change = (key: String, value: String)

  /// 360 training rows make 325 windows, 33 batches.
  private static let small: [Change] = [
    ("hidden", "8"), ("history", "24"), ("horizon", "12"), ("window", "7"), ("batch_size", "10"),
    ("epochs", "2"), ("drawn_rows", "600"), ("learning_rate", "0.01"),
  ]

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = [],
    data: DataDirectory? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data ?? folder.noData)
    request.changes = Self.small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    return try ExperimentRunner.train("etth1", request)
  }

  private func resume(
    _ run: String, _ folder: TemporaryFolder, _ changes: [Change]
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: run)
    request.isQuiet = true
    request.changes = changes
    return try ExperimentRunner.train("etth1", request)
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  private func log(_ summary: ExperimentRunner.Summary) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: summary.run + "/metrics.jsonl"))
  }

  @Test func summary() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("seed", "5")])
    #expect(summary.data == "600 hours of three series drawn by the program, seed 5")
    #expect(summary.steps == 66 && summary.seed == 5)
    #expect(
      summary.metrics.keys.sorted() == ["test_mae", "test_mse", "train_mse", "validation_mse"])
    let history = try history(summary)
    #expect(history.metricNames == ["train_loss", "validation_mse"])
    #expect(
      summary.metrics["validation_mse"]
        == history.epochs.compactMap { $0.metrics["validation_mse"] }.min())
    let first: Double = history.losses.prefix(10).reduce(0, +)
    let last: Double = history.losses.suffix(10).reduce(0, +)
    #expect(last < 0.9 * first)
    // Half a cosine, step by step.
    #expect(history.learningRates[0] == 0.01 && abs(history.learningRates[33] - 0.005) < 1e-12)
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let dropout = Change("dropout", "0.3")
    let logs = try [
      train(folder, "a", [dropout]), train(folder, "b", [dropout]),
      train(folder, "c", [dropout, ("seed", "1")]), train(folder, "d", [("dropout", "0")]),
    ].map(log)
    #expect(logs[0] == logs[1])
    #expect(logs[0] != logs[2] && logs[0] != logs[3])
  }

  /// Both ways round in places of their own; over 66 steps that comes to some units of the last place.
  @Test(
    arguments: [
      ("document", "sgd", "0"), ("default", "adamw", "0.3"), ("normalized", "sgd", "0.3"),
    ])
  func byHandAndTapeAgree(preset: String, optimizer: String, dropout: String) throws {
    let folder = try TemporaryFolder()
    let changes: [Change] = [
      ("preset", preset), ("optimizer", optimizer), ("dropout", dropout),
      ("precision", "float64"),
    ]
    let hand = try train(folder, "hand", changes)
    let tape = try train(folder, "tape", changes + [("gradients", "tape")])
    let (one, other) = (try history(hand).losses, try history(tape).losses)
    #expect(one.count == 66 && other.count == 66)
    for (a, b) in zip(one, other) { #expect(abs(a - b) <= 1e-11 * a) }
  }

  @Test func resumedIsUninterrupted() throws {
    let folder = try TemporaryFolder()
    // Steps count the schedule's length, so the part runs at a constant rate.
    let changes: [Change] = [("decay", "halving"), ("dropout", "0.2")]
    let whole = try train(folder, "whole", changes + [("epochs", "4")])
    let part = try train(folder, "part", changes + [("epochs", "2")])
    let resumed = try resume(part.run, folder, [("epochs", "4")])
    #expect(resumed.metrics == whole.metrics && resumed.steps == whole.steps)
    #expect(try log(resumed) == log(whole))
  }

  /// Errors over all windows, worked out again without tensors, in the units of the scaled series.
  @Test func errorsAreThoseOfEveryWindow() throws {
    let folder = try TemporaryFolder()
    var errors: [Double] = []
    for cycle in [true, false] {
      var configuration = try ExperimentRunner.configuration(
        ETTForecasting.self, Self.small + [("daily_cycle", "\(cycle)")])
      configuration.seed = 3
      let experiment = try ETTForecasting(configuration, data: folder.noData) { _ in }
      let task = experiment.forecaster
      let test = task.parts.test
      // 120 test rows, a horizon of 12: every window counts.
      #expect(test.count == 109)
      var squares = 0.0
      var absolute = 0.0
      for window in 0..<test.count {
        let forecast = task.forecast(test, window: window)
        let first = (test.starts.lowerBound + window + 24) * 3
        for (index, value) in forecast.enumerated() {
          let error = Double(value - test.set.values[first + index])
          squares += error * error
          absolute += abs(error)
        }
      }
      let result = task.evaluate(test)
      let count = Double(109 * 12 * 3)
      #expect(abs(result.mse - squares / count) < 1e-5)
      #expect(abs(result.mae - absolute / count) < 1e-5)
      let steps = ForecastingErrors.byStep(result.squared, variates: 3)
      #expect(steps.count == 12)
      #expect(abs(steps.reduce(0, +) / 12 - result.mse) < 1e-12)
      let variates = ForecastingErrors.byVariate(result.squared, variates: 3)
      #expect(abs(variates.reduce(0, +) / 3 - result.mse) < 1e-12)
      errors.append(result.mse)
    }
    #expect(errors[0] != errors[1])
  }

  @Test func trainsOnETTWhereItIs() throws {
    let folder = try TemporaryFolder()
    var text = "date,a,b\n"
    let (days, hours) = (600, 24)
    let months = (0..<20).flatMap { index in
      let (year, month) = (2015 + index / 12, index % 12 + 1)
      let leap = year == 2016 ? 29 : 28
      let lengths = [31, leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      return (1...lengths[month - 1]).map { String(format: "%d-%02d-%02d", year, month, $0) }
    }
    for day in 0..<days {
      for hour in 0..<hours {
        let row = day * 24 + hour
        text += "\(months[day]) \(String(format: "%02d", hour)):00:00,\(row % 17),\(row % 24)\n"
      }
    }
    try folder.write(Array(text.utf8), "ett/ETTh1.csv")
    let data = DataDirectory(explicit: folder.url, environment: ["HOME": folder.path])
    let summary = try train(folder, "run", [("steps", "2"), ("keep_best", "false")], data: data)
    #expect(summary.data == "ETTh1" && summary.steps == 2)
    let environment = try RunDirectory.read(
      RunEnvironment.self, from: URL(fileURLWithPath: summary.run + "/environment.json"))
    #expect(environment.dataFiles.map(\.name) == ["ETTh1.csv"])
    let usual = try ETTForecasting(ForecastingConfiguration(), data: data) { _ in }
    #expect(usual.keyFigures(["test_mse": 0.5]).first?.note == "published: 0.386")
    var other = ForecastingConfiguration()
    other.hidden = 8
    let changed = try ETTForecasting(other, data: data) { _ in }
    #expect(changed.keyFigures(["test_mse": 0.5]).first?.note == nil)

    let inspection = try DataSets.inspect("ett", in: data)
    #expect(
      inspection.rows.suffix(4) == [
        ["rows", "14,400, hourly from 2015-01-01 00:00:00 to 2016-08-22 23:00:00"],
        ["variates", "2"], ["", "a: 0.000 … 16.000, mean 7.999"],
        ["", "b: 0.000 … 23.000, mean 11.500"],
      ])
    expectError(.usage, "\(folder.path)/s.png: the set holds no images to draw") {
      try inspection.writeSheet(to: folder.file("s.png"))
    }
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("epochs", "3")])
    let file = URL(fileURLWithPath: summary.run + "/report.html")
    let html = try String(contentsOf: file, encoding: .utf8)
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    #expect(parser.parse(), "line \(parser.lineNumber): not well-formed")
    let mse = try #require(summary.metrics["test_mse"])
    for words in [
      "<h1>etth1</h1>", "<h2>Training</h2>", "Mean squared error of each epoch",
      "<h2>Forecasts</h2>", "24 hours behind and 12 ahead", "temperature, test window 19",
      "load, test window 91", "<h2>Where it errs</h2>", "By hours ahead", "By variate",
      "the last day again and again", "the last value throughout",
      "All 109 windows of the test part", "<h2>Its gradients, three ways</h2>",
      "in standard deviations of the training part.",
      "trend, weight 1", "<h2>How it was made</h2>", String(format: "<dd>%.4f", mse),
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // That figure is ETTh1's, and these are drawn series.
    #expect(!html.contains("published"))
    let pattern =
      /<tr><td>((?:trend|seasonal), [^<]*)<\/td><td[^>]*>([^<]*)<\/td><td[^>]*>([^<]*)<\/td>/
    let rows = html.matches(of: pattern)
    #expect(rows.count == 8)
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-8)
    }
    try FileManager.default.removeItem(at: file)
    _ = try ExperimentRunner.report(URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(try String(contentsOf: file, encoding: .utf8) == html)
  }

  /// The names of all settings.
  private static let settings =
    ((try? ConfigurationEditor.settings(of: ForecastingConfiguration()))
    ?? [:]).keys.sorted().joined(separator: ", ")

  @Test(arguments: [
    ("window", "4", "window=4: has to be odd"),
    ("window", "0", "window=0: has to be in 1 … 10001"),
    ("normalization", "median", "normalization=median: expected none or last or mean or standard"),
    ("optimizer", "lion", "optimizer=lion: expected sgd or adam or adamw"),
    ("decay", "steep", "decay=steep: expected constant or cosine or halving"),
    ("momentum", "0.9", "momentum=0.9: adamw has no momentum to set"),
    ("dropout", "1", "dropout=1.0: has to be in 0.0 … 0.95"),
    (
      "horizon", "121",
      "history=24, horizon=121: the validation part of 120 rows has no such window"
    ),
    ("history", "0", "history=0: has to be in 1 … 10000"),
    (
      "horizons", "3",
      "etth1: there is no setting named horizons; did you mean horizon? (there are \(settings))"
    ),
  ])
  func wrongSettings(key: String, value: String, words: String) throws {
    let folder = try TemporaryFolder()
    expectError(.usage, words) { _ = try train(folder, "run", [(key, value)]) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("run").path))
  }

  @Test func patienceNeedsTheBest() throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "patience=2: needs keep_best=true") {
      _ = try train(folder, "run", [("keep_best", "false"), ("patience", "2")])
    }
  }

  @Test func checkFiniteNamesTheOperation() throws {
    let folder = try TemporaryFolder()
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = Self.small + [("optimizer", "sgd"), ("learning_rate", "1e6")]
    request.output = folder.file("run")
    request.isQuiet = true
    request.options.checkFinite = true
    let error = #expect(throws: NonFiniteError.self) {
      _ = try ExperimentRunner.train("etth1", request)
    }
    #expect(error?.operation == "linear")
    #expect(error?.layer?.wholeMatch(of: /(trend|seasonal)\.linear[12]/) != nil)
  }
}
