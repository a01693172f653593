/// Running text with formulas in it.
///
/// The markup of the documents: between dollar signs stands a formula in the TeX of ``Notation``, between backticks
/// code, between asterisks what is emphasised. An empty line ends a paragraph.
public enum Prose {
  /// A stretch of a paragraph.
  enum Part: Equatable, Sendable {
    case text(String)
    case formula(Notation)
    case code(String)
    case emphasis(String)
  }

  /// The paragraphs of a text.
  static func paragraphs(_ text: String) -> [[Part]] {
    var paragraphs: [String] = [""]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy(\.isWhitespace) {
        paragraphs.append("")
      } else {
        let isFirst = paragraphs[paragraphs.count - 1].isEmpty
        paragraphs[paragraphs.count - 1] += (isFirst ? "" : " ") + line
      }
    }
    return paragraphs.filter { !$0.isEmpty }.map(parts)
  }

  /// The parts of one paragraph.
  static func parts(_ text: String) -> [Part] {
    var parts: [Part] = []
    var rest = Substring(text)
    while let mark = rest.firstIndex(where: { "$`*".contains($0) }) {
      let inner = rest[rest.index(after: mark)...]
      guard let end = inner.firstIndex(of: rest[mark]) else { break }
      if mark > rest.startIndex { parts.append(.text(String(rest[..<mark]))) }
      let content = String(inner[..<end])
      switch rest[mark] {
      case "$": parts.append(.formula(Notation(tex: content)))
      case "`": parts.append(.code(content))
      default: parts.append(.emphasis(content))
      }
      rest = inner[inner.index(after: end)...]
    }
    if !rest.isEmpty { parts.append(.text(String(rest))) }
    return parts
  }
}
