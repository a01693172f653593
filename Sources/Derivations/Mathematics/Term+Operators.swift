import Tensors

infix operator ∘ : MultiplicationPrecedence

/// A symbol of a derivation, for use in terms.
///
/// - Parameters:
///   - tex: how it is written.
///   - axes: the names of its axes' lengths; none for a number.
public func symbol(_ tex: String, _ axes: String...) -> Term { .symbol(Symbol(tex, axes)) }

/// ∂T/∂S of two symbols; its value is measured where no formula has given it before.
public func derivative(_ value: Term, by variable: Term) -> Term {
  guard let value = value.symbol, let variable = variable.symbol else {
    stop("derivative: \(value.notation.plain) or \(variable.notation.plain) is no symbol")
  }
  return .symbol(Symbol(derivativeOf: value, by: variable))
}

extension Term {
  /// The element, or the row or matrix, at positions of the first axes; stops if this is not a symbol
  /// with such axes.
  public subscript(indices: Index...) -> Term {
    guard case .symbol(let symbol) = self else {
      stop("Term: \(notation.plain) is not a symbol and has no elements")
    }
    require(
      indices.count <= symbol.axes.count && zip(indices, symbol.axes).allSatisfy { $0.axis == $1 },
      "Term: the indices \(indices.map { "\($0.letter) over \($0.axis)" }) for "
        + "\(notation.plain) with the axes \(symbol.axes)")
    return .element(symbol, indices)
  }

  /// Rows and columns exchanged.
  public var transposed: Term { .transposed(self) }

  /// The matrix product, or every element times a number.
  public static func * (a: Term, b: Term) -> Term {
    if case .product(let factors) = a { return .product(factors + [b]) }
    return .product([a, b])
  }

  /// The product element by element.
  public static func ∘ (a: Term, b: Term) -> Term {
    if case .hadamard(let factors) = a { return .hadamard(factors + [b]) }
    return .hadamard([a, b])
  }

  /// The sum element by element; a number is added to every element.
  public static func + (a: Term, b: Term) -> Term {
    if case .sum(let terms) = a { return .sum(terms + [b]) }
    return .sum([a, b])
  }

  /// The difference element by element.
  public static func - (a: Term, b: Term) -> Term { a + (-b) }

  /// With the opposite sign.
  public static prefix func - (a: Term) -> Term { .negative(a) }

  /// The quotient element by element; a number divides or is divided by every element.
  public static func / (a: Term, b: Term) -> Term { .quotient(a, b) }

  /// A whole power of every element.
  public func power(_ exponent: Int) -> Term { .power(self, exponent) }
}

extension Term: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
  /// A whole number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
}

extension Term {
  /// The sine of every element.
  public static func sin(_ x: Term) -> Term { .function(.sin, x) }
  /// The cosine of every element.
  public static func cos(_ x: Term) -> Term { .function(.cos, x) }
  /// The exponential of every element, written as a power of e.
  public static func e(_ x: Term) -> Term { .function(.e, x) }
  /// The exponential of every element, written as a function.
  public static func exp(_ x: Term) -> Term { .function(.exp, x) }
  /// The natural logarithm of every element.
  public static func ln(_ x: Term) -> Term { .function(.ln, x) }
  /// The square root of every element.
  public static func root(_ x: Term) -> Term { .function(.root, x) }
  /// max(x, 0), element by element.
  public static func positivePart(_ x: Term) -> Term { .function(.positivePart, x) }
  /// [x > 0]: 1 where it holds, else 0.
  public static func isPositive(_ x: Term) -> Term { .function(.isPositive, x) }

  /// The circle's circumference over its diameter.
  public static let pi = Term.constant(#"\pi"#, .pi)

  /// The sum over all positions of some indices.
  public static func sum(over indices: Index..., of body: Term) -> Term {
    indices.reversed().reduce(body) { .sumOver($1, $0) }
  }
}
