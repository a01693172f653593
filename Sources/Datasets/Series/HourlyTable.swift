import Foundation
import Tensors

/// A table of numbers with a row for every hour: a CSV file whose first column is the date.
///
/// Strict: every row has every field, every field is a finite number, and every date is an hour after the one
/// before. Lines end in LF or CRLF; a byte order mark at the beginning, as spreadsheets write it, is passed over.
public struct HourlyTable: Sendable, Equatable {
  /// The variates' names, without the date's.
  public let names: [String]
  /// The dates of the first and the last row, `YYYY-MM-DD HH:MM:SS`.
  public let first, last: String
  /// The first row's hour, counted from where ``hour(_:)`` counts.
  private let start: Int
  /// The numbers, row after row, `rows × names.count`.
  public let values: [Double]

  /// How many rows there are, at least one.
  public var rowCount: Int { values.count / names.count }
  /// The hour of the day of the first row.
  public var firstHour: Int { start % 24 }

  /// The table whose rows come after another's.
  ///
  /// - Parameters:
  ///   - table: what it follows; it has its names.
  ///   - values: row after row, at least one.
  public init(after table: HourlyTable, values: [Double]) {
    require(
      !values.isEmpty && values.count.isMultiple(of: table.names.count),
      "HourlyTable: \(values.count) numbers in rows of \(table.names.count)")
    names = table.names
    self.values = values
    start = table.start + table.rowCount
    first = HourlyTable.date(ofHour: start)
    last = HourlyTable.date(ofHour: start + values.count / names.count - 1)
  }

  /// The table as a file, which ``init(at:)`` reads to the same numbers.
  public var csv: String {
    var text = "date," + names.joined(separator: ",") + "\n"
    for row in 0..<rowCount {
      let numbers = values[(row * names.count)..<((row + 1) * names.count)]
      text += HourlyTable.date(ofHour: start + row)
      for number in numbers { text += ",\(number)" }
      text += "\n"
    }
    return text
  }

  /// Reads a file.
  ///
  /// Throws no input where it cannot be opened; bad data, naming the row (the header is row 1) and the column,
  /// what was expected and what was found, where it is not such a table.
  public init(at url: URL) throws {
    try self.init(InputFile.bytes(of: url), file: url.path)
  }

  /// More columns are refused: a name takes more memory than its text.
  private static let mostColumns = 10_000

  init(_ bytes: [UInt8], file: String) throws {
    var lines = TextLines(bytes)
    let names = try HourlyTable.names(inHeader: lines.next(), of: file)
    // Every number has its comma, so what is there is counted and no claim is believed.
    let numbers = HourlyTable.commas(in: lines.rest)
    try HourlyTable.checkMemory(numbers, inFileOf: bytes.count, file)
    var values: [Double] = []
    values.reserveCapacity(numbers)
    var (row, first, last) = (1, "", "")
    var start: Int?
    while let line = lines.next() {
      row += 1
      // Blank lines may follow the last row.
      if line.isEmpty && lines.rest.allSatisfy({ $0 == 10 || $0 == 13 }) { break }
      let found = HourlyTable.commas(in: line) + 1
      guard found == names.count + 1 else {
        throw HourlyTable.fault(in: file, row, "\(names.count + 1) fields", "\(found)")
      }
      let fields = HourlyTable.fields(line, atMost: found)
      let expected = start.map { $0 + row - 2 }
      let hour = try HourlyTable.hour(fields[0], expected, row, of: file)
      if start == nil { (start, first) = (hour, fields[0]) }
      last = fields[0]
      for (name, field) in zip(names, fields.dropFirst()) {
        guard let value = HourlyTable.number(field) else {
          throw HourlyTable.fault(
            in: file, row, "a finite number in column \(HourlyTable.shown(name))",
            field.isEmpty ? "an empty field" : "'\(HourlyTable.shown(field))'")
        }
        values.append(value)
      }
    }
    guard let start else {
      throw HourlyTable.fault(in: file, 2, "numbers", "the end of the file")
    }
    self.names = names
    self.values = values
    self.first = first
    self.last = last
    self.start = start
  }

  private static func fault(
    in file: String, _ row: Int, _ expected: String, _ found: String
  ) -> AdjointError {
    AdjointError(.badData, "\(file): row \(row): expected \(expected), found \(found)")
  }

  /// The variates' names, which the first line has behind that of the date.
  private static func names(inHeader line: ArraySlice<UInt8>?, of file: String) throws -> [String] {
    let header = line.map { fields($0, atMost: mostColumns + 1) } ?? []
    let text = shown(header.joined(separator: ","))
    guard header.count >= 2, header[0] == "date" else {
      throw fault(
        in: file, 1, "a header of date and the variates' names",
        header.isEmpty ? "an empty file" : text)
    }
    guard header.count <= mostColumns else {
      throw fault(in: file, 1, "at most \(mostColumns) columns", "more")
    }
    let names = Array(header.dropFirst())
    guard !names.contains(""), Set(names).count == names.count else {
      throw fault(in: file, 1, "a name of its own for each column", text)
    }
    return names
  }

  private static func commas(in text: ArraySlice<UInt8>) -> Int {
    text.reduce(0) { $1 == UInt8(ascii: ",") ? $0 + 1 : $0 }
  }

  /// Throws bad data where a file's bytes and so many numbers are more than reading it may take.
  private static func checkMemory(
    _ numbers: Int, inFileOf byteCount: Int, _ file: String
  ) throws {
    let needed = byteCount + numbers * MemoryLayout<Double>.size
    let limit = FileMemory.limit(forFileOf: byteCount)
    guard needed <= limit else {
      throw AdjointError(
        .badData,
        "\(file): expected a table that takes at most \(limit) bytes, found one of \(needed)")
    }
  }

  /// The hour of a row's date, which has to be the expected one, where one is.
  private static func hour(
    _ field: String, _ expected: Int?, _ row: Int, of file: String
  ) throws -> Int {
    guard let hour = hour(field) else {
      throw fault(
        in: file, row, "a full hour YYYY-MM-DD HH:00:00 in column date", "'\(shown(field))'")
    }
    guard expected == nil || hour == expected else {
      throw fault(
        in: file, row, "the hour after that of row \(row - 1) in column date", "'\(field)'")
    }
    return hour
  }

  private static func fields(_ line: ArraySlice<UInt8>, atMost count: Int) -> [String] {
    line.split(separator: UInt8(ascii: ","), maxSplits: count - 1, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// A finite number in decimal digits; a number in another notation is damage.
  private static func number(_ field: String) -> Double? {
    let isDecimal = field.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
    }
    guard isDecimal, let value = Double(field), value.isFinite else { return nil }
    return value
  }

  private static func shown(_ text: String) -> String {
    text.count > 60 ? "\(text.prefix(60))…" : text
  }

  /// Hours since the beginning of 1 March 400 years before the year 0; nil for what is no full hour.
  private static func hour(_ date: String) -> Int? {
    let form = Array("dddd-dd-dd dd:00:00".utf8)
    let bytes = Array(date.utf8)
    guard
      bytes.count == form.count,
      zip(bytes, form).allSatisfy({ byte, expected in
        expected == UInt8(ascii: "d") ? (48...57).contains(byte) : byte == expected
      })
    else { return nil }
    func number(_ range: Range<Int>) -> Int {
      bytes[range].reduce(0) { 10 * $0 + Int($1) - 48 }
    }
    let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    let hour = number(11..<13)
    guard (1...12).contains(month), hour < 24 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...lengths[month - 1]).contains(day) else { return nil }
    // Years that begin in March have their leap day at the end; none is negative, which division would round up.
    let (shifted, place) = ((month > 2 ? year : year - 1) + 400, (month + 9) % 12)
    let days =
      365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * place + 2) / 5 + day - 1
    return days * 24 + hour
  }

  /// The inverse of ``hour(_:)``.
  private static func date(ofHour count: Int) -> String {
    let (days, hour) = (count / 24, count % 24)
    // Whole periods of 400 years, centuries, fours and years, each but the first of its kind without a day more.
    let (periods, inPeriod) = (days / 146_097, days % 146_097)
    let centuries = min(inPeriod / 36_524, 3)
    let inCentury = inPeriod - centuries * 36_524
    let (fours, inFour) = (inCentury / 1461, inCentury % 1461)
    let years = min(inFour / 365, 3)
    let day = inFour - years * 365
    let place = (5 * day + 2) / 153
    let month = place < 10 ? place + 3 : place - 9
    let year = 400 * (periods - 1) + 100 * centuries + 4 * fours + years + (month < 3 ? 1 : 0)
    func digits(_ number: Int, _ width: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return digits(year, 4) + "-" + digits(month, 2) + "-"
      + digits(day - (153 * place + 2) / 5 + 1, 2) + " \(digits(hour, 2)):00:00"
  }
}
