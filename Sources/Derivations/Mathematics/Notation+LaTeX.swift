extension Notation {
  /// As LaTeX with amsmath and amssymb reads it, without dollar signs.
  public var latex: String { latex(for: .documents) }

  /// Who reads the LaTeX.
  enum LaTeXReader {
    /// pdflatex with amsmath and amssymb.
    case documents
    /// MathJax or KaTeX behind the Markdown of a code host: GitHub refuses `\operatorname`, and a bar ends the cell of
    /// a table even within code.
    case codeHosts
  }

  /// As LaTeX for that reader, without dollar signs.
  func latex(for reader: LaTeXReader) -> String {
    func written(_ part: Notation) -> String { part.latex(for: reader) }
    return switch self {
    case .sign("|") where reader == .codeHosts: "\\vert"
    case .letter(let letter), .sign(let letter): Notation.command(for: letter)
    case .word(let word) where TeXCommands.words.contains(word): "\\\(word)"
    case .word(let word):
      reader == .documents ? "\\operatorname{\(word)}" : "\\mathop{\\mathrm{\(word)}}"
    case .number(let digits): digits
    case .row(let parts): Notation.joined(parts.map(written))
    case .scripts(let base, let below, let above):
      written(base) + (below.map { "_{\(written($0))}" } ?? "")
        + (above.map { "^{\(written($0))}" } ?? "")
    case .fraction(let numerator, let denominator):
      "\\frac{\(written(numerator))}{\(written(denominator))}"
    case .root(let inner): "\\sqrt{\(written(inner))}"
    case .accent(let accent, let inner): "\\\(accent.rawValue){\(written(inner))}"
    case .fenced(let open, let inner, let close):
      Notation.joined([
        (inner.isTall ? "\\left" : "") + Notation.command(for: open, .open), written(inner),
        (inner.isTall ? "\\right" : "") + Notation.command(for: close, .close),
      ])
    case .text(let text): "\\text{\(text)}"
    case .styled(let alphabet, let letters): "\\\(alphabet.rawValue){\(letters)}"
    case .cases(let rows):
      "\\begin{cases} "
        + rows.map { $0.map(written).joined(separator: " & ") }.joined(separator: " \\\\ ")
        + " \\end{cases}"
    case .space(let space): "\\\(space.rawValue)"
    }
  }

  private enum Side { case open, close }

  private static func command(for sign: String, _ side: Side = .open) -> String {
    if sign == "−" { return "-" }
    if sign == "′" { return "'" }
    if sign == "‖" && side == .close { return "\\rVert" }
    return TeXCommands.commands[sign].map { "\\\($0)" } ?? sign
  }

  /// With a space where a command would run into the letter after it, and around signs.
  private static func joined(_ parts: [String]) -> String {
    parts.reduce(into: "") { text, part in
      if !text.isEmpty && !part.isEmpty { text += " " }
      text += part
    }
  }
}
