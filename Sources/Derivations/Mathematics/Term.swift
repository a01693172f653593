import Tensors

/// A name in a derivation: how it is written, and the lengths of its axes by their names.
public struct Symbol: Hashable, Sendable {
  /// In TeX, such as `W_1` or `\frac{\partial L}{\partial W_1}`; unique in a derivation.
  public let tex: String
  /// `["m", "d"]` for a matrix of m rows and d columns; empty for a number.
  public let axes: [String]
  /// What it is the derivative of and by, if it is one.
  let derivative: Derivative?

  /// ∂T/∂S, with the axes of T before those of S.
  struct Derivative: Hashable, Sendable {
    let of: [Symbol]
    let by: [Symbol]
    var value: Symbol { of[0] }
    var variable: Symbol { by[0] }
  }

  init(_ tex: String, _ axes: [String]) {
    (self.tex, self.axes, derivative) = (tex, axes, nil)
  }

  init(derivativeOf value: Symbol, by variable: Symbol) {
    tex = "\\frac{\\partial \(value.tex)}{\\partial \(variable.tex)}"
    axes = value.axes + variable.axes
    derivative = Derivative(of: [value], by: [variable])
  }
}

/// The name of a position on an axis: i runs over the m rows.
public struct Index: Hashable, Sendable {
  /// A letter.
  public let letter: String
  /// The axis it runs over.
  public let axis: String

  /// An index that runs over an axis of that length.
  public init(_ letter: String, over axis: String) {
    self.letter = letter
    self.axis = axis
  }
}

/// A mathematical expression that can be shown and evaluated.
///
/// It stands for a matrix; a number is one of one row and one column, a vector one of one column. Written
/// in Swift with the operators and functions of `Term+Operators.swift`; shown by ``notation``; evaluated
/// over float64 tensors.
public indirect enum Term: Hashable, Sendable {
  /// What a name stands for.
  case symbol(Symbol)
  /// The element, row or matrix of it at positions of the first axes.
  case element(Symbol, [Index])
  /// A number.
  case number(Double)
  /// A number with a name of its own, in TeX.
  case constant(String, Double)
  /// The length of an axis.
  case size(String)
  /// A column of as many ones as an axis is long.
  case ones(String)
  /// δ: 1 where both positions are the same, else 0.
  case delta(Index, Index)
  /// The matrix product; a number multiplies every element.
  case product([Term])
  /// The product element by element.
  case hadamard([Term])
  /// The sum element by element.
  case sum([Term])
  /// With the opposite sign.
  case negative(Term)
  /// The quotient element by element.
  case quotient(Term, Term)
  /// Rows and columns exchanged.
  case transposed(Term)
  /// A function of every element.
  case function(Function, Term)
  /// A whole power of every element.
  case power(Term, Int)
  /// Softmax of every row.
  case softmax(Term)
  /// The matrix with a vector on its diagonal.
  case diagonal(Term)
  /// 1 where an element of the first is at least that of the second, else 0; a number is compared with every element.
  case isAtLeast(Term, Term)
  /// The sum over all positions of an index.
  case sumOver(Index, Term)
  /// The sum of the squares of all elements.
  case squaredNorm(Term)

  /// Functions of one number.
  public enum Function: Hashable, Sendable {
    /// The sine.
    case sin
    /// The cosine.
    case cos
    /// The exponential, written e to the power of x.
    case e
    /// The exponential, written as a function.
    case exp
    /// The natural logarithm.
    case ln
    /// The square root.
    case root
    /// x where it is positive, else 0.
    case positivePart
    /// 1 where x is positive, else 0.
    case isPositive
  }

  /// The symbol it is, or that it is an element of.
  var symbol: Symbol? {
    switch self {
    case .symbol(let symbol), .element(let symbol, _): symbol
    default: nil
    }
  }

  /// Whether it stands for all elements of a symbol, once for each position of its indices.
  var coversSymbol: Bool {
    switch self {
    case .symbol: true
    case .element(_, let indices): Set(indices).count == indices.count
    default: false
    }
  }

  /// The lengths of the axes of a name, or of a column of ones; none of anything else.
  var axes: [String] {
    if case .ones(let axis) = self { return [axis] }
    return symbol?.axes ?? []
  }

  /// The indices of an element, each once, in the order of their first mention.
  var freeIndices: [Index] {
    guard case .element(_, let indices) = self else { return [] }
    return indices.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
