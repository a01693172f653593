import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct SeriesSetTests {
  /// Two variates of 60 hours from 22 o'clock on.
  private static func set() throws -> SeriesSet {
    let values = (0..<60).flatMap { (hour: Int) -> [Double] in
      [Double(hour), Double((hour * 7) % 5)]
    }
    return try SeriesSet(
      names: ["a", "b"], values, firstHour: 22,
      parts: SeriesParts(train: 30, validation: 10, test: 20), source: "t.csv")
  }

  @Test func isScaledByTheTrainingPart() throws {
    let set = try Self.set()
    // 0 … 29: mean 14.5, variance (30² − 1) / 12.
    #expect(set.means == [14.5, 2])
    #expect(abs(set.deviations[0] - (899.0 / 12).squareRoot()) < 1e-13)
    #expect(abs(set.deviations[1] - 2.0.squareRoot()) < 1e-15)
    #expect(set.values[2 * 59] == Float(44.5 / (899.0 / 12).squareRoot()))
    #expect(abs(set.original(set.values[2 * 59], variate: 0, row: 59) - 59) < 1e-5)
    #expect(set.parts.rows(of: .train) == 0..<30)
    #expect(set.parts.rows(of: .validation) == 30..<40)
    #expect(set.parts.rows(of: .test) == 40..<60)
  }

  @Test func windowsLookBackIntoThePartBefore() throws {
    let set = try Self.set()
    let train = try set.windows(.train, history: 4, horizon: 3)
    #expect(train.starts == 0..<24)
    let validation = try set.windows(.validation, history: 4, horizon: 3)
    #expect(validation.starts == 26..<34)
    let test = try set.windows(.test, history: 4, horizon: 3)
    #expect(test.starts == 36..<54 && test.count == 18)

    let (x, y) = test.batch([17, 0])
    #expect(x.shape == [2, 4, 2] && y.shape == [2, 3, 2])
    func rows(_ range: Range<Int>) -> [Float] {
      Array(set.values[(2 * range.lowerBound)..<(2 * range.upperBound)])
    }
    #expect(x.floats == rows(53..<57) + rows(36..<40))
    // The last window ends with the last row.
    #expect(y.floats == rows(57..<60) + rows(40..<43))
  }

  /// The counts that published comparisons of ETTh1 have, and the last windows too.
  @Test(arguments: [(96, 8449, 2785, 2785), (720, 7825, 2161, 2161)])
  func countsOfETT(horizon: Int, train: Int, validation: Int, test: Int) throws {
    let values = (0..<ETT.parts.rowCount).map { Double($0 % 3) }
    let set = try SeriesSet(
      names: ["a"], values, firstHour: 0, parts: ETT.parts, source: "t.csv")
    #expect(try set.windows(.train, history: 96, horizon: horizon).count == train)
    #expect(try set.windows(.validation, history: 96, horizon: horizon).count == validation)
    #expect(try set.windows(.test, history: 96, horizon: horizon).count == test)
  }

  @Test func dailyCycle() throws {
    let set = try Self.set()
    let rest = set.withoutDailyCycle()
    // Rows 1 and 25 of the training part are at 23 o'clock.
    #expect(abs(rest.cycle[23 * 2] - (set.values[2] + set.values[50]) / 2) < 1e-6)
    #expect(abs(rest.values[2] + rest.values[50]) < 1e-6)
    for row in [0, 1, 29, 30, 59] {
      for variate in 0..<2 {
        let index = 2 * row + variate
        let (one, other) = (
          set.original(set.values[index], variate: variate, row: row),
          rest.original(rest.values[index], variate: variate, row: row)
        )
        #expect(abs(one - other) < 1e-5)
      }
    }
  }

  /// Another table of the same variates is scaled by the training part of this set, and loses its cycle.
  @Test func scalesAnotherTable() throws {
    let text =
      "date,a,b\n2016-01-01 22:00:00,9,9\n2016-01-01 23:00:00,20,3\n2016-01-02 00:00:00,5,-1\n"
    let table = try HourlyTable(Array(text.utf8), file: "other.csv")
    let set = try Self.set()
    let deviation = (899.0 / 12).squareRoot()
    let expected = [5.5 / deviation, 1 / 2.0.squareRoot(), -9.5 / deviation, -3 / 2.0.squareRoot()]
    let plain = try set.scaled(lastRowsOf: table, count: 2, source: "other.csv")
    #expect(plain.shape == [1, 2, 2])
    #expect(plain.floats == expected.map { Float($0) })
    let rest = set.withoutDailyCycle()
    let cycle = Array(rest.cycle[(23 * 2)...] + rest.cycle[..<2])
    #expect(
      try rest.scaled(lastRowsOf: table, count: 2, source: "other.csv").floats
        == zip(plain.floats, cycle).map { $0 - $1 })
    #expect(abs(rest.original(plain.floats[2] - cycle[2], variate: 0, hour: 48) - 5) < 1e-5)

    expectError(.badData, "other.csv: expected at least 4 rows, found 3") {
      _ = try set.scaled(lastRowsOf: table, count: 4, source: "other.csv")
    }
    let renamed = try HourlyTable(Array("date,b,a\n2016-01-01 22:00:00,9,9\n".utf8), file: "c.csv")
    expectError(.badData, "c.csv: row 1: expected the columns a, b, found b, a") {
      _ = try set.scaled(lastRowsOf: renamed, count: 1, source: "c.csv")
    }
    let large = try HourlyTable(
      Array("date,a,b\n2016-01-01 22:00:00,9,1e300\n".utf8), file: "c.csv")
    expectError(
      .badData,
      "c.csv: row 2: expected a number of the size of the 30 of the training in column b, found 1e+300"
    ) { _ = try set.scaled(lastRowsOf: large, count: 1, source: "c.csv") }
  }

  /// One variate, all but the last two rows for training.
  private static func column(_ values: [Double]) throws -> SeriesSet {
    try SeriesSet(
      names: ["a"], values, firstHour: 0,
      parts: SeriesParts(train: values.count - 2, validation: 1, test: 1), source: "t.csv")
  }

  @Test func whatIsWrong() throws {
    let set = try Self.set()
    expectError(
      .usage, "history=4, horizon=11: the validation part of 10 rows has no such window"
    ) { _ = try set.windows(.validation, history: 4, horizon: 11) }
    expectError(.usage, "history=31, horizon=1: the validation part of 10 rows has no such window")
    { _ = try set.windows(.validation, history: 31, horizon: 1) }
    expectError(
      .badData,
      "t.csv: column b: expected numbers that change over the first 2 rows, found 5.0 in all of them"
    ) {
      _ = try SeriesSet(
        names: ["a", "b"], [1, 5, 2, 5, 3, 6, 4, 7], firstHour: 0,
        parts: SeriesParts(train: 2, validation: 1, test: 1), source: "t.csv")
    }
    // The mean of many equal numbers is rounded to another one.
    expectError(
      .badData,
      "t.csv: column a: expected numbers that change over the first 1000 rows, found 0.1 in all of them"
    ) { _ = try Self.column([Double](repeating: 0.1, count: 1000) + [1, 2]) }
    expectError(
      .badData,
      "t.csv: column a: expected numbers whose mean and deviation can be computed, found -1e+200 ... 1e+200 "
        + "over the first 2 rows"
    ) { _ = try Self.column([-1e200, 1e200, 1, 2]) }
    expectError(
      .badData,
      "t.csv: row 5: expected a number of the size of the first 2 in column a, found 1e+39"
    ) { _ = try Self.column([0, 1, 2, 1e39]) }
  }

  @Test func fileOfETT() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Array("date,a\n2016-07-01 00:00:00,1\n2016-07-01 01:00:00,2\n".utf8), "ett/ETTh1.csv")
    expectError(
      .badData, "\(folder.path)/ett/ETTh1.csv: expected at least 14400 rows, found 2"
    ) { _ = try ETT.load(from: folder.url) }
    expectError(
      .noInput,
      "\(folder.path)/ett/none: no such folder"
    ) { _ = try ETT.load(from: folder.file("ett/none")) }
  }

  @Test func drawnSeries() {
    let (one, same, other) = (
      DrawnSeries.load(rowCount: 1000, seed: 1), DrawnSeries.load(rowCount: 1000, seed: 1),
      DrawnSeries.load(rowCount: 1000, seed: 2)
    )
    #expect(one.values == same.values && one.values != other.values)
    #expect(one.parts == SeriesParts(train: 600, validation: 200, test: 200))
    #expect(one.names.count == 3 && one.values.count == 3000)
    // A day ago says more than half a day ago.
    func correlation(_ lag: Int) -> Float {
      (lag..<600).reduce(0) { $0 + one.values[3 * $1] * one.values[3 * ($1 - lag)] }
    }
    #expect(correlation(24) > correlation(12))
  }
}
