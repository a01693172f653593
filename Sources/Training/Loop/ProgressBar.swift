/// A line with a bar in it that can be drawn over itself: it is narrower than the terminal.
package struct ProgressBar {
  private let head: String
  private let share: Double
  private let width: Int

  /// - Parameters:
  ///   - head: what stands in front of the bar.
  ///   - share: how much of it is filled, from 0 to 1.
  ///   - width: the terminal's, in columns.
  package init(_ head: String, share: Double, width: Int) {
    (self.head, self.share, self.width) = (head, share, width)
  }

  /// Whether a bar of so many cells has room between the head and what follows it.
  package func hasRoom(for cells: Int, before parts: [String]) -> Bool {
    head.count + cells + Self.joined(parts).count < width
  }

  /// The head, a bar of 4 to 40 cells, and the parts; where there is no room for a bar, as much as there is of the
  /// others.
  package func line(_ parts: [String]) -> String {
    let tail = Self.joined(parts)
    // A line that wraps could not be drawn over again.
    let room = min(width - 1 - head.count - tail.count, 40)
    if room < 4 { return String((head + tail.drop { $0 == " " }).prefix(max(width - 1, 0))) }
    let filled = min(Int((share * Double(room)).rounded()), room)
    return head + String(repeating: "━", count: filled)
      + String(repeating: "─", count: room - filled) + tail
  }

  private static func joined(_ parts: [String]) -> String { parts.joined(separator: "  ") }
}
