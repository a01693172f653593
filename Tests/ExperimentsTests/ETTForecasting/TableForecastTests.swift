import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// What a run of etth1 makes of a table.
@Suite struct TableForecastTests {
  private func train(_ folder: TemporaryFolder, _ settings: String...) throws -> URL {
    var request = ExperimentRunner.Request(data: folder.noData)
    let words =
      ["hidden=8", "history=24", "horizon=12", "window=7", "steps=5", "drawn_rows=600"] + settings
    request.changes = words.map { word in
      let sides = word.split(separator: "=").map(String.init)
      return (key: sides[0], value: sides[1])
    }
    request.output = folder.file("run")
    request.isQuiet = true
    return URL(fileURLWithPath: try ExperimentRunner.train("etth1", request).run)
  }

  /// The table whose last hours are those behind a test window is gone on with as that window is forecast.
  @Test(arguments: [("true", "none"), ("false", "standard")])
  func forecastsWhatTheWindowDoes(cycle: String, normalization: String) throws {
    let folder = try TemporaryFolder()
    let run = try train(folder, "daily_cycle=\(cycle)", "normalization=\(normalization)")
    let opened = try ExperimentRunner.open(RunDirectory(opening: run), data: folder.noData)
    let forecaster = try #require(opened.experiment as? ETTForecasting).forecaster
    let test = forecaster.parts.test
    let (set, window) = (test.set, 31)
    let rows = test.starts.lowerBound + window + 24
    let day = try HourlyTable(
      at: folder.write(
        Array("date,load,reserve,temperature\n2019-12-30 23:00:00,0,0,0\n".utf8), "d.csv"))
    func original(_ values: [Float], from first: Int) -> [Double] {
      values.enumerated().map { set.original($1, variate: $0 % 3, row: first + $0 / 3) }
    }
    let past = HourlyTable(after: day, values: original(Array(set.values[..<(rows * 3)]), from: 0))
    let input = try folder.write(Array(past.csv.utf8), "past.csv")
    let output = folder.file("next.csv")
    let found = try Prediction.forecast(run: run, input: input, output: output, data: folder.noData)
    #expect(found.names == ["load", "reserve", "temperature"] && found.rowCount == 12)
    #expect(found.firstHour == rows % 24)
    #expect(try HourlyTable(at: output) == found)
    let expected = original(forecaster.forecast(test, window: window), from: rows)
    // The numbers of the table are those of the series to a unit in the last place of float32.
    for (a, b) in zip(found.values, expected) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    #expect(expected.count == 36)
  }

  @Test func whatCannotBeGoneOnWith() throws {
    let folder = try TemporaryFolder()
    let run = try train(folder)
    func forecast(_ run: URL, _ text: String) throws {
      let input = try folder.write(Array(text.utf8), "in.csv")
      _ = try Prediction.forecast(run: run, input: input, output: nil, data: folder.noData)
    }
    let file = folder.path + "/in.csv"
    let row = "2016-01-01 00:00:00,1,2,3\n"
    expectError(.badData, "\(file): expected at least 24 rows, found 1") {
      try forecast(run, "date,load,reserve,temperature\n" + row)
    }
    expectError(
      .badData,
      "\(file): row 1: expected the columns load, reserve, temperature, found load, reserve, wind"
    ) { try forecast(run, "date,load,reserve,wind\n" + row) }
    expectError(
      .badData,
      "\(file): row 1: expected a header of date and the variates' names, found an empty file"
    ) { try forecast(run, "") }
    expectError(.noInput, "\(folder.path)/none: there is no such run folder") {
      try forecast(folder.file("none"), "")
    }
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = [("steps", "1")]
    request.output = folder.file("toy")
    request.isQuiet = true
    let toy = URL(fileURLWithPath: try ExperimentRunner.train("two-layer-toy", request).run)
    expectError(
      .usage,
      "\(toy.path): is a run of two-layer-toy, which has no model that goes on with a table"
    ) { try forecast(toy, "") }
  }
}
