import Datasets
import Figures
import Foundation
import TestSupport
import Tensors
import Testing
import Training

@testable import Experiments

/// What a report says of a series that is 1 at even hours and −1 at odd ones, scaled as it is.
@Suite struct ForecastingReportTests {
  private func task(_ folder: TemporaryFolder) throws -> ForecastingTask {
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = [
      ("hidden", "8"), ("history", "24"), ("horizon", "12"), ("window", "7"), ("steps", "2"),
      ("drawn_rows", "600"),
    ]
    request.output = folder.file("run")
    request.isQuiet = true
    let run = URL(fileURLWithPath: try ExperimentRunner.train("etth1", request).run)
    let opened = try ExperimentRunner.open(RunDirectory(opening: run), data: folder.noData)
    let trained = try #require(opened.experiment as? ETTForecasting).forecaster
    let day = try HourlyTable(
      at: folder.write(Array("date,a,b,c\n2019-12-30 23:00:00,0,0,0\n".utf8), "day.csv"))
    let values = (0..<600).flatMap { hour in [Double](repeating: hour % 2 == 0 ? 1 : -1, count: 3) }
    let set = try SeriesSet(
      HourlyTable(after: day, values: values),
      parts: SeriesParts(train: 360, validation: 120, test: 120), source: "series")
    return ForecastingTask(
      model: trained.model, step: trained.step,
      parts: try ForecastingParts(set, history: 24, horizon: 12), batchSize: 10, seed: 0,
      dtype: .float32)
  }

  /// The last day again is right; the last value is wrong by 2 every second hour.
  @Test func whatIsForecastWithoutANetwork() throws {
    let folder = try TemporaryFolder()
    let section = ForecastingReport.errors(try task(folder))
    guard case .table(let table)? = section.blocks.first else {
      Issue.record("no table")
      return
    }
    #expect(
      table.rows.dropFirst() == [
        ["the last day again and again", "0.0000", "0.0000"],
        ["the last value throughout", "2.0000", "1.0000"],
      ])
  }

  /// History ends now, which is hour 0, and the hours ahead begin with 1.
  @Test func hoursOfTheForecasts() throws {
    let folder = try TemporaryFolder()
    let section = ForecastingReport.forecasts(try task(folder))
    var plots: [LinePlot] = []
    for case .row(let row) in section.blocks { plots += row.compactMap { $0.figure as? LinePlot } }
    #expect(plots.count == 6)
    for plot in plots {
      #expect(plot.series.map(\.name) == ["history", "forecast", "truth"])
      #expect(plot.series[0].x == (-23...0).map(Double.init))
      #expect(plot.series[1].x == (1...12).map(Double.init))
      #expect(plot.series[2].x == plot.series[1].x)
      // What comes after the last hour is its opposite.
      let (past, truth) = (plot.series[0].y, plot.series[2].y)
      #expect(past.allSatisfy { abs($0) == 1 } && truth.allSatisfy { abs($0) == 1 })
      #expect(truth[0] == -past[23] && truth[11] == past[23])
    }
  }
}
