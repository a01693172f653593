import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct HourlyTableTests {
  private static func table(_ text: String) throws -> HourlyTable {
    try HourlyTable(Array(text.utf8), file: "t.csv")
  }

  @Test(arguments: ["\n", "\r\n"])
  func readsNumbers(end: String) throws {
    let lines = [
      "date,load,oil temperature", "2016-02-28 22:00:00,1,-2.5", "2016-02-28 23:00:00,1e-3,0.25",
      "2016-02-29 00:00:00,.5,7",
    ]
    for text in [lines.joined(separator: end), lines.map { $0 + end }.joined()] {
      let table = try Self.table(text)
      #expect(table.names == ["load", "oil temperature"])
      #expect(table.values == [1, -2.5, 0.001, 0.25, 0.5, 7])
      #expect(table.rowCount == 3)
      #expect(table.first == "2016-02-28 22:00:00" && table.last == "2016-02-29 00:00:00")
      #expect(table.firstHour == 22)
    }
  }

  /// Over the ends of months and years, with and without a leap day.
  @Test(arguments: [
    ("2016-02-29", "2016-03-01"), ("2017-02-28", "2017-03-01"), ("1900-02-28", "1900-03-01"),
    ("2000-02-29", "2000-03-01"), ("2016-12-31", "2017-01-01"), ("2016-04-30", "2016-05-01"),
    ("0000-02-29", "0000-03-01"), ("0000-12-31", "0001-01-01"),
  ])
  func daysFollowOneAnother(day: String, next: String) throws {
    let table = try Self.table("date,a\n\(day) 23:00:00,1\n\(next) 00:00:00,2\n")
    #expect(table.values == [1, 2] && table.firstHour == 23)
    // The rows that come after a table have the dates that follow.
    let one = try Self.table("date,a\n\(day) 23:00:00,1\n")
    let after = HourlyTable(after: one, values: [2, 3])
    #expect(after.first == "\(next) 00:00:00" && after.last == "\(next) 01:00:00")
    #expect(after.csv == "date,a\n\(next) 00:00:00,2.0\n\(next) 01:00:00,3.0\n")
  }

  /// Four hundred years, in which every kind of year is: the reader takes each hour for the one after the last.
  @Test func everyDateIsRead() throws {
    let start = try Self.table("date,load,rest\n1703-12-31 23:00:00,1,2\n")
    let values = (0..<2 * 24 * 146_097).map { Double($0) / 7 }
    let after = HourlyTable(after: start, values: values)
    #expect(after.first == "1704-01-01 00:00:00" && after.last == "2103-12-31 23:00:00")
    #expect(try Self.table(after.csv) == after)
  }

  /// As editors leave them.
  @Test(arguments: ["\n", "\n\n\n", "\r\n\r\n"])
  func blankLinesAtTheEnd(lines: String) throws {
    let text = "date,a\n2016-01-01 00:00:00,1\n"
    #expect(try Self.table(text + lines) == Self.table(text))
  }

  @Test func aByteOrderMark() throws {
    let text = "date,a\n2016-01-01 00:00:00,1\n"
    #expect(try Self.table("\u{FEFF}" + text) == Self.table(text))
  }

  @Test(arguments: [
    ("", "row 1: expected a header of date and the variates' names, found an empty file"),
    ("\n", "row 1: expected a header of date and the variates' names, found "),
    ("\u{FEFF}", "row 1: expected a header of date and the variates' names, found an empty file"),
    ("time,a\n", "row 1: expected a header of date and the variates' names, found time,a"),
    ("date\n", "row 1: expected a header of date and the variates' names, found date"),
    ("date,a,a\n", "row 1: expected a name of its own for each column, found date,a,a"),
    ("date,a,\n", "row 1: expected a name of its own for each column, found date,a,"),
    ("date,a\n", "row 2: expected numbers, found the end of the file"),
    ("date,a,b\n2016-01-01 00:00:00,1\n", "row 2: expected 3 fields, found 2"),
    ("date,a\n2016-01-01 00:00:00,1,2\n", "row 2: expected 2 fields, found 3"),
    (
      "date,a\n2016-01-01 00:00:00,1\n\n2016-01-01 01:00:00,1\n",
      "row 3: expected 2 fields, found 1"
    ),
    (
      "date,a\n2016-01-01 00:00:00,\n",
      "row 2: expected a finite number in column a, found an empty field"
    ),
    (
      "date,a,b\n2016-01-01 00:00:00,1,2\n2016-01-01 01:00:00,1,NaN\n",
      "row 3: expected a finite number in column b, found 'NaN'"
    ),
    (
      "date,a\n2016-01-01 00:00:00,inf\n",
      "row 2: expected a finite number in column a, found 'inf'"
    ),
    (
      "date,a\n2016-01-01 00:00:00,1 \n",
      "row 2: expected a finite number in column a, found '1 '"
    ),
    (
      "date,a\n2016-01-01,1\n",
      "row 2: expected a full hour YYYY-MM-DD HH:00:00 in column date, found '2016-01-01'"
    ),
    (
      "date,a\n2017-02-29 00:00:00,1\n",
      "row 2: expected a full hour YYYY-MM-DD HH:00:00 in column date, found '2017-02-29 00:00:00'"
    ),
    (
      "date,a\n2017-01-01 24:00:00,1\n",
      "row 2: expected a full hour YYYY-MM-DD HH:00:00 in column date, found '2017-01-01 24:00:00'"
    ),
    (
      "date,a\n2016-01-01 00:00:00,1\n2016-01-01 02:00:00,1\n",
      "row 3: expected the hour after that of row 2 in column date, found '2016-01-01 02:00:00'"
    ),
  ])
  func refuses(text: String, words: String) {
    expectError(.badData, "t.csv: " + words) { _ = try Self.table(text) }
  }

  @Test func noSuchFile() throws {
    let folder = try TemporaryFolder()
    expectError(.noInput, "\(folder.path)/t.csv: cannot be opened: No such file or directory") {
      _ = try HourlyTable(at: folder.file("t.csv"))
    }
  }
}
