import Tensors

extension Term {
  /// How it is written.
  public var notation: Notation { placed(.sum).notation }

  /// How tightly an expression holds together, from a sum to a single name.
  private enum Bond: Int { case sum, product, hadamard, big, name }

  private struct Placed {
    let notation: Notation
    let bond: Bond
  }

  /// As part of something of that bond: in brackets if it holds together less tightly.
  private func placed(_ outer: Bond) -> Placed {
    let inner = typeset
    guard inner.bond.rawValue < outer.rawValue else { return inner }
    return Placed(notation: inner.notation.bracketed, bond: .name)
  }

  private var typeset: Placed {
    if let opposite {
      return Placed(notation: .row([.sign("−"), opposite.placed(.product).notation]), bond: .sum)
    }
    return unsigned
  }

  /// What follows the minus sign, if there is one in front.
  private var opposite: Term? {
    switch self {
    case .negative(let term): term
    case .product(let factors): factors[0].opposite.map { .product([$0] + factors.dropFirst()) }
    default: nil
    }
  }

  private var unsigned: Placed {
    switch self {
    case .symbol(let symbol): Placed(notation: symbol.notation, bond: .name)
    case .element(let symbol, let indices):
      Placed(notation: symbol.element(indices), bond: .name)
    case .number(let value): Placed(notation: .number(Term.digits(value)), bond: .name)
    case .constant(let tex, _): Placed(notation: Notation(tex: tex), bond: .name)
    case .size(let name): Placed(notation: Notation(tex: name), bond: .name)
    case .ones(let axis):
      Placed(
        notation: .scripts(.styled(.mathbf, "1"), below: Notation(tex: axis), above: nil),
        bond: .name)
    case .delta(let i, let j):
      Placed(notation: .scripts(.letter("δ"), below: Term.row([i, j]), above: nil), bond: .name)
    case .product(let factors): Term.product(factors)
    case .hadamard(let factors):
      Placed(
        notation: Notation.list(factors.map { $0.placed(.hadamard).notation }, "∘"),
        bond: .hadamard)
    case .sum(let terms): Placed(notation: Term.sum(terms), bond: .sum)
    case .negative(let term): term.placed(.product)
    case .quotient(let a, let b):
      Placed(notation: .fraction(a.notation, b.notation), bond: .big)
    case .transposed(let term):
      Placed(notation: term.placed(.name).notation.raised(to: .sign("⊤")), bond: .name)
    case .function(let function, let term): Term.function(function, term)
    case .power(let term, let exponent):
      Placed(
        notation: term.placed(.name).notation.raised(to: .number("\(exponent)")), bond: .name)
    case .isAtLeast(let a, let b):
      Placed(
        notation: .fenced("[", .row([a.notation, .sign("≥"), b.notation]), "]"), bond: .name)
    case .softmax(let term): Term.call("softmax", term)
    case .diagonal(let term): Term.call("diag", term)
    case .sumOver(let index, let body): Term.sum(over: index, body)
    case .squaredNorm(let term):
      Placed(
        notation: .scripts(
          .fenced("‖", term.notation, "‖"), below: nil, above: .number("2")), bond: .name)
    }
  }

  private static func product(_ factors: [Term]) -> Placed {
    let parts = factors.enumerated().map { position, factor -> Notation in
      // A sum over an index reaches as far as it can: only as the last factor it needs no brackets.
      if case .sumOver = factor, position + 1 < factors.count {
        return factor.notation.bracketed
      }
      if case .hadamard = factor { return factor.notation.bracketed }
      return factor.placed(.product).notation
    }
    return Placed(notation: .row(parts), bond: .product)
  }

  private static func sum(_ terms: [Term]) -> Notation {
    var parts: [Notation] = []
    for (position, term) in terms.enumerated() {
      if let inner = term.opposite {
        parts += [.sign("−"), inner.placed(.product).notation]
      } else {
        if position > 0 { parts.append(.sign("+")) }
        parts.append(term.placed(.sum).notation)
      }
    }
    return .row(parts)
  }

  private static func sum(over index: Index, _ body: Term) -> Placed {
    let sign = Notation.scripts(
      .sign("∑"),
      below: .row([.letter(index.letter), .sign("="), .number("1")]),
      above: Notation(tex: index.axis))
    return Placed(notation: .row([sign, body.placed(.product).notation]), bond: .product)
  }

  private static func function(_ function: Function, _ term: Term) -> Placed {
    let inner = term.notation
    return switch function {
    case .sin: call("sin", term)
    case .cos: call("cos", term)
    case .exp: call("exp", term)
    case .ln:
      if term.isName {
        Placed(notation: .row([.word("ln"), inner]), bond: .product)
      } else {
        call("ln", term)
      }
    case .e: Placed(notation: .scripts(.letter("e"), below: nil, above: inner), bond: .name)
    case .root: Placed(notation: .root(inner), bond: .name)
    case .positivePart:
      Placed(
        notation: .row([.word("max"), .fenced("(", .row([inner, .sign(","), .number("0")]), ")")]),
        bond: .big)
    case .isPositive:
      Placed(notation: .fenced("[", .row([inner, .sign(">"), .number("0")]), "]"), bond: .name)
    }
  }

  private static func call(_ name: String, _ term: Term) -> Placed {
    Placed(notation: .row([.word(name), term.notation.bracketed]), bond: .big)
  }

  private var isName: Bool {
    switch self {
    case .symbol(let symbol), .element(let symbol, _): symbol.derivative == nil
    default: false
    }
  }

  fileprivate static func row(_ indices: some Sequence<Index>) -> Notation {
    let letters = indices.map { Notation.letter($0.letter) }
    return letters.count == 1 ? letters[0] : .row(letters)
  }

  static func digits(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}

extension Symbol {
  /// How it is written.
  var notation: Notation {
    guard let derivative else { return Notation(tex: tex) }
    return derivative.fraction(derivative.value.notation, derivative.variable.notation)
  }

  /// One index of a matrix and the first of a stack of matrices are written as the number of a sample,
  /// above; all indices of a matrix below.
  func element(_ indices: [Index]) -> Notation {
    if let derivative {
      let split = min(derivative.value.axes.count, indices.count)
      return derivative.fraction(
        derivative.value.element(Array(indices[..<split])),
        derivative.variable.element(Array(indices[split...])))
    }
    if indices.isEmpty { return notation }
    // A matrix has a capital; its rows and elements do not, unless that letter is the length of an axis.
    let base = axes.count - indices.count < 2 ? notation.lowercased(unless: axes) : notation
    let samples = axes.count == 3 || indices.count < axes.count ? 1 : 0
    let above = indices.prefix(samples).map { Notation.fenced("(", .letter($0.letter), ")") }.first
    let rest = indices.dropFirst(samples)
    return base.indexed(below: rest.isEmpty ? nil : Term.row(rest), above: above)
  }
}

extension Symbol.Derivative {
  fileprivate func fraction(_ value: Notation, _ variable: Notation) -> Notation {
    .fraction(.row([.letter("∂"), value]), .row([.letter("∂"), variable]))
  }
}

extension Notation {
  /// In round brackets.
  fileprivate var bracketed: Notation { .fenced("(", self, ")") }

  fileprivate static func list(_ parts: [Notation], _ sign: String) -> Notation {
    .row(Array(parts.map { [$0] }.joined(separator: [.sign(sign)])))
  }

  /// With something at the upper right, in brackets where there is something already.
  fileprivate func raised(to above: Notation) -> Notation {
    switch self {
    case .scripts(let base, let below, nil): .scripts(base, below: below, above: above)
    case .scripts, .fraction: .scripts(bracketed, below: nil, above: above)
    default: .scripts(self, below: nil, above: above)
    }
  }

  /// With the letter that carries marks and indices as a small one.
  fileprivate func lowercased(unless taken: [String]) -> Notation {
    switch self {
    case .letter(let letter):
      taken.contains(letter.lowercased()) ? self : .letter(letter.lowercased())
    case .accent(let accent, let inner): .accent(accent, inner.lowercased(unless: taken))
    case .row(let parts) where parts.dropFirst() == [.sign("′")]:
      .row([parts[0].lowercased(unless: taken), .sign("′")])
    case .scripts(let base, let below, let above):
      .scripts(base.lowercased(unless: taken), below: below, above: above)
    default: self
    }
  }

  /// With indices beside those it has.
  fileprivate func indexed(below: Notation?, above: Notation?) -> Notation {
    guard case .scripts(let base, let old, let oldAbove) = self else {
      return .scripts(self, below: below, above: above)
    }
    require(
      above == nil || oldAbove == nil, "Notation: \(plain) has no room for another upper index")
    let both =
      switch (old, below) {
      case (let old?, let below?): Notation.row([old, .sign(","), below])
      default: old ?? below
      }
    return .scripts(base, below: both, above: above ?? oldAbove)
  }
}
