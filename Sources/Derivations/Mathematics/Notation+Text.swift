extension Notation {
  /// As plain text, for messages: `∂L/∂W₁`.
  public var plain: String {
    switch self {
    case .letter(let text), .number(let text), .text(let text), .word(let text): text
    case .sign(let sign):
      "+−=<>≤≥≠∈→←∼≈≡∘×∥".contains(sign) ? " \(sign) " : sign == "," ? ", " : sign
    case .row(let parts): Notation.spaced(parts)
    case .scripts(let base, let below, let above):
      base.plain
        + (below.map { Notation.script($0.asIndex, "_", "₀₁₂₃₄₅₆₇₈₉") } ?? "")
        + (above.map { Notation.script($0.plain, "^", "⁰¹²³⁴⁵⁶⁷⁸⁹") } ?? "")
    case .fraction(let numerator, let denominator):
      "\(numerator.asFactor)/\(denominator.asFactor)"
    case .root(let inner): "√(\(inner.plain))"
    case .accent(let accent, let inner): Notation.marked(inner.plain, accent)
    case .fenced(let open, let inner, let close): "\(open)\(inner.plain)\(close)"
    case .styled(let alphabet, let letters):
      alphabet == .mathbf ? letters : alphabet.letters(letters)
    case .cases(let rows):
      "{" + rows.map { $0.map(\.plain).joined(separator: " ") }.joined(separator: "; ") + "}"
    case .space: ""
    }
  }

  /// In brackets if it is a sum, so that a line can stand beside it.
  private var asFactor: String {
    guard case .row(let parts) = self,
      parts.contains(.sign("+")) || parts.dropFirst().contains(.sign("−"))
    else { return plain }
    return "(\(plain))"
  }

  /// Indices that stand beside one another have nothing between them.
  private var asIndex: String {
    switch self {
    case .row(let parts): parts.map(\.asIndex).joined()
    case .sign(","): ","
    default: plain
    }
  }

  /// With a space between factors that stand beside one another, and none after a ∂ or a bracket.
  private static func spaced(_ parts: [Notation]) -> String {
    var text = ""
    var isTight = true
    for part in parts {
      let isSign = if case .sign = part { true } else { false }
      if !isTight && !isSign && !text.hasSuffix(" ") { text += " " }
      // A minus in front of everything is part of what follows.
      text += part == .sign("−") && text.isEmpty ? "−" : part.plain
      isTight = isSign && part != .sign(")") && part != .sign("]") || part == .letter("∂")
    }
    return text
  }

  private static func script(_ text: String, _ mark: String, _ digits: String) -> String {
    if text == "⊤" { return "ᵀ" }
    if text.allSatisfy({ $0.isASCII && $0.isNumber }) {
      let table = Array(digits)
      return String(text.map { table[$0.wholeNumberValue ?? 0] })
    }
    if text.hasPrefix("(") && text.hasSuffix(")") { return mark + text }
    let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || ",⊕*".contains($0) }
    return isPlain && mark == "_" ? mark + text : "\(mark)(\(text))"
  }

  private static func marked(_ text: String, _ accent: Accent) -> String {
    let mark =
      switch accent {
      case .hat: "\u{302}"
      case .bar: "\u{304}"
      case .tilde: "\u{303}"
      }
    return text + mark
  }
}
