import Foundation
import Tensors
import Training

/// What subcommands print: results on standard output, everything else on standard error.
enum Console {
  /// Writes a line to standard error.
  static func note(_ text: String) {
    ProgressDisplay.writeToStandardError(withoutControls(text) + "\n")
  }

  /// Says so if the Swift part was built without optimisation, for whoever wonders how slow it is.
  static func noteDebugBuild() {
    guard !RunEnvironment.isOptimizedBuild else { return }
    note("this is a debug build; the Swift part is slow (swift build -c release)")
  }

  /// Writes what is wrong to standard error and ends the process.
  static func fail(_ text: String, code: Int32) -> Never {
    note("adjoint: \(text)")
    exit(code)
  }

  /// Writes a result to standard output, at once.
  ///
  /// - Throws: ``AdjointError``, disk full or cannot write, where it does not get there.
  static func result(_ text: String) throws {
    var rest = Array((text + "\n").utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR {
        let code = errno
        throw AdjointError(
          .init(writeFailure: code),
          "standard output: cannot write the result: \(String(cString: strerror(code)))")
      }
    }
  }

  /// Names and words from files may be in a message: none of them shall move the cursor of a terminal.
  static func withoutControls(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control where scalar != "\n", .format, .lineSeparator, .paragraphSeparator:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// Prints a value as one line of JSON with sorted keys in snake case.
  static func printJSON(_ value: some Encodable) throws {
    try result(String(decoding: RunDirectory.encoder.encode(value), as: UTF8.self))
  }

  /// Terms and what they mean, as `--help` has its options: side by side, a long term on a line of its own.
  ///
  /// - Parameter width: the columns there are; those of a terminal, else 100.
  static func definitions(
    _ entries: [(term: String, meaning: String)],
    width: Int = ProgressDisplay.terminalWidth(of: STDOUT_FILENO) ?? 100
  ) -> String {
    let indent = 2
    let margin = 30
    let blank = String(repeating: " ", count: margin)
    return entries.flatMap { term, meaning in
      let label = String(repeating: " ", count: indent) + term
      var lines = wrapped(meaning, to: max(20, width - margin)).map { blank + $0 }
      if label.count + 2 > margin || lines.isEmpty { return [label] + lines }
      lines[0] = label + lines[0].dropFirst(label.count)
      return lines
    }.joined(separator: "\n")
  }

  /// Text in lines of at most so many characters, but for words that are longer.
  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  /// Columns as wide as their longest cell; the last one is not padded, and on a terminal wrapped beside the others.
  ///
  /// - Parameter width: the columns there are; nil where lines may be of any length.
  static func table(
    _ rows: [[String]], width: Int? = ProgressDisplay.terminalWidth(of: STDOUT_FILENO)
  ) -> String {
    let rows = rows.map {
      $0.map { withoutControls($0).replacing("\n", with: "\\u{a}") }
    }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      // No blanks at the end of a line.
      let row = row[..<((row.lastIndex { !$0.isEmpty } ?? -1) + 1)]
      let cells = row.enumerated().map { index, cell in
        index + 1 == row.count
          ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
      }
      let margin = widths.dropLast().reduce(0) { $0 + $1 + 2 }
      guard let width, row.count == columns, let last = cells.last,
        margin + last.count > width, width - margin >= 20
      else { return cells.joined(separator: "  ") }
      let lines = wrapped(last, to: width - margin)
      return
        (cells.dropLast() + [lines.joined(separator: "\n" + String(repeating: " ", count: margin))])
        .joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
