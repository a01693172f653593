extension Notation {
  /// As LaTeX with amsmath and amssymb reads it, without dollar signs.
  public var latex: String {
    switch self {
    case .letter(let letter), .sign(let letter): Notation.command(for: letter)
    case .word(let word):
      TeXCommands.words.contains(word) ? "\\\(word)" : "\\operatorname{\(word)}"
    case .number(let digits): digits
    case .row(let parts): Notation.joined(parts.map(\.latex))
    case .scripts(let base, let below, let above):
      base.latex + (below.map { "_{\($0.latex)}" } ?? "") + (above.map { "^{\($0.latex)}" } ?? "")
    case .fraction(let numerator, let denominator):
      "\\frac{\(numerator.latex)}{\(denominator.latex)}"
    case .root(let inner): "\\sqrt{\(inner.latex)}"
    case .accent(let accent, let inner): "\\\(accent.rawValue){\(inner.latex)}"
    case .fenced(let open, let inner, let close):
      Notation.joined([
        (inner.isTall ? "\\left" : "") + Notation.command(for: open, .open), inner.latex,
        (inner.isTall ? "\\right" : "") + Notation.command(for: close, .close),
      ])
    case .text(let text): "\\text{\(text)}"
    case .styled(let alphabet, let letters): "\\\(alphabet.rawValue){\(letters)}"
    case .cases(let rows):
      "\\begin{cases} "
        + rows.map { $0.map(\.latex).joined(separator: " & ") }.joined(separator: " \\\\ ")
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
