import Foundation
import Tensors

/// A table of numbers with a row for every hour: a CSV file whose first column is the date.
///
/// Strict: every row has every field, every field is a finite number, and every date is an hour after the one
/// before. Lines end in LF or CRLF.
public struct HourlyTable: Sendable, Equatable {
  /// The variates' names, without the date's.
  public let names: [String]
  /// The dates of the first and the last row, `YYYY-MM-DD HH:MM:SS`.
  public let first, last: String
  /// The hour of the day of the first row.
  public let firstHour: Int
  /// The numbers, row after row, `rows × names.count`.
  public let values: [Double]

  /// How many rows there are, at least one.
  public var rowCount: Int { values.count / names.count }

  /// Reads a file.
  ///
  /// Throws no input where it cannot be read; bad data, naming the row (the header is row 1) and the column,
  /// what was expected and what was found, where it is not such a table.
  public init(at url: URL) throws {
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw AdjointError(.noInput, "\(url.path): cannot be read: \(error.localizedDescription)")
    }
    try self.init([UInt8](data), file: url.path)
  }

  init(_ bytes: [UInt8], file: String) throws {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
    if lines.last?.isEmpty == true { lines.removeLast() }
    func fail(_ row: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(file): row \(row): expected \(expected), found \(found)")
    }
    let header = lines.first.map(HourlyTable.fields) ?? []
    guard header.count >= 2, header[0] == "date" else {
      throw fail(
        1, "a header of date and the variates' names",
        header.isEmpty ? "an empty file" : HourlyTable.shown(header.joined(separator: ",")))
    }
    let names = Array(header.dropFirst())
    guard !names.contains(""), Set(names).count == names.count else {
      throw fail(1, "a name of its own for each column", header.joined(separator: ","))
    }
    guard lines.count > 1 else { throw fail(2, "numbers", "the end of the file") }
    var values: [Double] = []
    values.reserveCapacity((lines.count - 1) * names.count)
    var previous: Int?
    for (row, line) in zip(2..., lines.dropFirst()) {
      let fields = HourlyTable.fields(line)
      guard fields.count == header.count else {
        throw fail(row, "\(header.count) fields", "\(fields.count)")
      }
      guard let hour = HourlyTable.hour(fields[0]) else {
        throw fail(row, "a full hour YYYY-MM-DD HH:00:00 in column date", "'\(fields[0])'")
      }
      guard previous.map({ hour == $0 + 1 }) ?? true else {
        throw fail(row, "the hour after that of row \(row - 1) in column date", "'\(fields[0])'")
      }
      previous = hour
      for (name, field) in zip(names, fields.dropFirst()) {
        guard let value = Double(field), value.isFinite else {
          throw fail(
            row, "a finite number in column \(name)",
            field.isEmpty ? "an empty field" : "'\(HourlyTable.shown(field))'")
        }
        values.append(value)
      }
    }
    self.names = names
    self.values = values
    first = HourlyTable.fields(lines[1])[0]
    last = HourlyTable.fields(lines[lines.count - 1])[0]
    firstHour = (HourlyTable.hour(first) ?? 0) % 24
  }

  private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func shown(_ text: String) -> String {
    text.count > 60 ? "\(text.prefix(60))…" : text
  }

  /// Hours since the beginning of 1 March of the year 0; nil for what is no full hour.
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
    // Years that begin in March have their leap day at the end.
    let (shifted, place) = (month > 2 ? year : year - 1, (month + 9) % 12)
    let days =
      365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * place + 2) / 5 + day - 1
    return days * 24 + hour
  }
}
