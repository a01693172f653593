extension Notation {
  /// As a MathML element, in the part that browsers agree on (MathML Core, W3C).
  ///
  /// - Parameter inDisplayStyle: whether fractions and sums are as large as on a line of their own.
  public func mathML(inDisplayStyle: Bool = false) -> String {
    "<math\(inDisplayStyle ? " displaystyle=\"true\"" : "")>\(element)</math>"
  }

  /// What stands inside the `math` element.
  var element: String {
    switch self {
    case .letter("∂"): "<mi>∂</mi>"
    case .letter(let letter): "<mi>\(letter)</mi>"
    case .word(let word):
      word.count == 1 ? "<mi mathvariant=\"normal\">\(word)</mi>" : "<mi>\(word)</mi>"
    case .number(let digits): "<mn>\(digits)</mn>"
    case .sign(let sign): Notation.operation(sign)
    case .row(let parts): "<mrow>\(Notation.withApplications(parts))</mrow>"
    case .scripts(let base, let below, let above): Notation.scripted(base, below, above)
    case .fraction(let numerator, let denominator):
      "<mfrac>\(numerator.element)\(denominator.element)</mfrac>"
    case .root(let inner): "<msqrt>\(inner.element)</msqrt>"
    case .accent(let accent, let inner):
      "<mover accent=\"true\">\(inner.element)<mo stretchy=\"false\">\(accent.mark)</mo></mover>"
    case .fenced(let open, let inner, let close):
      Notation.fenced(open, inner, close)
    case .text(let text): "<mtext>\(HTML.escaped(text))</mtext>"
    case .styled(let alphabet, let letters):
      "<mi mathvariant=\"normal\">\(alphabet.letters(letters))</mi>"
    case .cases(let rows):
      "<mrow><mo>{</mo><mtable class=\"cases\">"
        + rows.map { row in
          "<mtr>\(row.map { "<mtd>\($0.element)</mtd>" }.joined())</mtr>"
        }.joined() + "</mtable></mrow>"
    case .space(let space): "<mspace width=\"\(space.ems)em\"/>"
    }
  }

  private static func operation(_ sign: String) -> String {
    switch sign {
    case "(", ")", "[", "]", "{", "}", "|", "/", "‖": "<mo stretchy=\"false\">\(sign)</mo>"
    case "∘": "<mo lspace=\"0.22em\" rspace=\"0.22em\">∘</mo>"
    case ".", "!": "<mo lspace=\"0\" rspace=\"0\">\(sign)</mo>"
    default: "<mo>\(HTML.escaped(sign))</mo>"
    }
  }

  private static func fenced(_ open: String, _ inner: Notation, _ close: String) -> String {
    let tag = inner.isTall ? "<mo>" : "<mo stretchy=\"false\">"
    return "<mrow>\(tag)\(open)</mo>\(inner.element)\(tag)\(close)</mo></mrow>"
  }

  /// The parts one after the other, with a little room between a function's name and what stands on either side of it:
  /// MathML itself has none.
  private static func withApplications(_ parts: [Notation]) -> String {
    let room = "<mspace width=\"0.17em\"/>"
    var text = ""
    for (index, part) in parts.enumerated() {
      if index > 0, part.beginsWithName, parts[index - 1].endsWithOperand { text += room }
      text += part.element
      guard part.isName, index + 1 < parts.count else { continue }
      switch parts[index + 1] {
      case .fenced, .sign: break
      default: text += room
      }
    }
    return text
  }

  /// Whether it is the name of a function, maybe with a power.
  private var isName: Bool {
    switch self {
    case .word: true
    case .scripts(let base, _, _): base.isName
    default: false
    }
  }

  /// Whether the name of a function comes first.
  private var beginsWithName: Bool {
    guard case .row(let parts) = self else { return isName }
    return parts.first?.beginsWithName ?? false
  }

  /// Whether its last part can be multiplied; operators keep away from what follows by themselves.
  private var endsWithOperand: Bool {
    switch self {
    case .letter("∂"), .word, .space: false
    case .sign(let sign): ")]}".contains(sign)
    case .row(let parts): parts.last?.endsWithOperand ?? false
    case .scripts(let base, _, _): base.endsWithOperand
    default: true
    }
  }

  private static func scripted(_ base: Notation, _ below: Notation?, _ above: Notation?) -> String {
    let isSum = base == .sign("∑") || base == .sign("∏")
    let (both, lower, upper) =
      isSum ? ("munderover", "munder", "mover") : ("msubsup", "msub", "msup")
    let inner = base.element
    return switch (below, above) {
    case (let below?, let above?): "<\(both)>\(inner)\(below.element)\(above.element)</\(both)>"
    case (let below?, nil): "<\(lower)>\(inner)\(below.element)</\(lower)>"
    case (nil, let above?): "<\(upper)>\(inner)\(above.element)</\(upper)>"
    case (nil, nil): inner
    }
  }
}

extension Notation.Accent {
  /// The mark as a character of its own.
  fileprivate var mark: String {
    switch self {
    case .hat: "^"
    case .bar: "‾"
    case .tilde: "~"
    }
  }
}

extension Notation.Alphabet {
  /// The letters in this alphabet; as they are where it has none of them.
  func letters(_ plain: String) -> String {
    String(plain.map { Notation.Alphabet.table[self]?[$0] ?? $0 })
  }

  private static let table: [Notation.Alphabet: [Character: Character]] = [
    .mathbf: ["0": "𝟎", "1": "𝟏"],
    .mathbb: ["R": "ℝ", "E": "𝔼"],
    .mathcal: ["N": "𝒩", "L": "ℒ"],
  ]
}
