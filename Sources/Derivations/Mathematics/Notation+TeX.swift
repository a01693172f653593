import Tensors

extension Notation {
  /// Reads the part of TeX that the documents are written in.
  ///
  /// Letters, digits, signs, `_`, `^`, braces, the commands of `TeXCommands`, `\frac`, `\sqrt`, `\hat`,
  /// `\bar`, `\tilde`, `\mathbf`, `\mathbb`, `\mathcal`, `\operatorname`, `\text`, `\left … \right`,
  /// `\begin{cases}` and `\,`, `\;`, `\quad`. Stops at anything else: documents are part of the program.
  public init(tex: String) {
    var parser = TeXParser(tex)
    self = parser.row(until: [])
  }
}

/// Reads from left to right, one part after the other.
private struct TeXParser {
  private let source: String
  private let characters: [Character]
  private var position = 0

  init(_ source: String) {
    self.source = source
    characters = Array(source)
  }

  private var isAtEnd: Bool { position >= characters.count }

  /// Parts up to one of the stops, which is left unread; a single part stands for itself.
  mutating func row(until stops: [String]) -> Notation {
    var parts: [Notation] = []
    while skipSpaces(), !isAtEnd, !stops.contains(where: { isNext($0) }) {
      parts.append(scripted())
    }
    return parts.count == 1 ? parts[0] : .row(parts)
  }

  /// A part with its indices.
  private mutating func scripted() -> Notation {
    let base = part()
    var (below, above): (Notation?, Notation?) = (nil, nil)
    while skipSpaces(), !isAtEnd {
      if take("_") {
        below = part()
      } else if take("^") {
        above = part()
      } else {
        break
      }
    }
    if below == nil && above == nil { return base }
    return .scripts(base, below: below, above: above)
  }

  private mutating func part() -> Notation {
    skipSpaces()
    require(!isAtEnd, "Notation: \(source) ends too early")
    let character = characters[position]
    position += 1
    switch character {
    case "{":
      let inner = row(until: ["}"])
      expect("}")
      return inner
    case "\\": return command()
    case _ where character.isNumber: return .number(digits(from: character))
    case _ where character.isLetter: return .letter(String(character))
    case "-": return .sign("−")
    case "'": return .sign("′")
    default:
      require("+=()[],;:/|<>!.*".contains(character), "Notation: \(source) has a \(character)")
      return .sign(String(character))
    }
  }

  private mutating func digits(from first: Character) -> String {
    var text = String(first)
    while !isAtEnd, characters[position].isNumber || isDecimalPoint {
      text.append(characters[position])
      position += 1
    }
    return text
  }

  /// A point with a digit behind it.
  private var isDecimalPoint: Bool {
    characters[position] == "." && position + 1 < characters.count
      && characters[position + 1].isNumber
  }

  private mutating func command() -> Notation {
    let name = commandName()
    if let letter = TeXCommands.letters[name] { return .letter(letter) }
    if let sign = TeXCommands.signs[name] { return .sign(sign) }
    if TeXCommands.words.contains(name) { return .word(name) }
    if let accent = Notation.Accent(rawValue: name) { return .accent(accent, part()) }
    if let alphabet = Notation.Alphabet(rawValue: name) { return .styled(alphabet, braced()) }
    if let space = Notation.Space(rawValue: name) { return .space(space) }
    switch name {
    case "frac":
      let numerator = part()
      return .fraction(numerator, part())
    case "sqrt": return .root(part())
    case "operatorname", "mathrm": return .word(braced())
    case "text": return .text(braced())
    case "left": return fenced()
    case "begin": return cases()
    default:
      stop("Notation: \(source) has the command \\\(name), which is not known")
    }
  }

  private mutating func commandName() -> String {
    var name = ""
    while !isAtEnd, characters[position].isLetter {
      name.append(characters[position])
      position += 1
    }
    if name.isEmpty, !isAtEnd {
      name.append(characters[position])
      position += 1
    }
    return name
  }

  private mutating func fenced() -> Notation {
    let open = bracket()
    let inner = row(until: ["\\right"])
    expect("\\right")
    return .fenced(open, inner, bracket())
  }

  private mutating func bracket() -> String {
    guard case .sign(let sign) = part() else {
      stop("Notation: \(source) has \\left or \\right without a bracket")
    }
    return sign
  }

  private mutating func cases() -> Notation {
    let environment = braced()
    require(environment == "cases", "Notation: \(source) has the environment \(environment)")
    var rows: [[Notation]] = [[]]
    while true {
      rows[rows.count - 1].append(row(until: ["&", "\\\\", "\\end"]))
      if take("&") { continue }
      if take("\\\\") {
        rows.append([])
        continue
      }
      expect("\\end{cases}")
      return .cases(rows)
    }
  }

  /// The characters between braces, as they are.
  private mutating func braced() -> String {
    skipSpaces()
    expect("{")
    var text = ""
    while !isAtEnd, characters[position] != "}" {
      text.append(characters[position])
      position += 1
    }
    expect("}")
    return text
  }

  @discardableResult
  private mutating func skipSpaces() -> Bool {
    while !isAtEnd, characters[position].isWhitespace { position += 1 }
    return true
  }

  private func isNext(_ text: String) -> Bool {
    characters[position...].starts(with: Array(text))
  }

  private mutating func take(_ text: String) -> Bool {
    guard !isAtEnd, isNext(text) else { return false }
    position += text.count
    return true
  }

  private mutating func expect(_ text: String) {
    require(take(text), "Notation: \(source) has no \(text) where it has to be")
  }
}
