import Tensors

/// What names stand for while terms are evaluated.
struct Environment {
  /// The lengths of axes.
  let sizes: [String: Int]
  /// The values of symbols by how they are written, of the shapes the symbols state.
  var values: [String: Tensor]
  /// The positions of indices.
  var positions: [Index: Int] = [:]
  /// Finds the derivatives that have no value yet.
  var derivative: (Symbol) throws -> Tensor = { throw TermError.unknown($0.notation.plain) }

  func size(_ axis: String) throws -> Int {
    guard let size = sizes[axis] else { throw TermError.unknown(axis) }
    return size
  }

  func shape(of symbol: Symbol) throws -> Shape { Shape(try symbol.axes.map(size)) }

  func value(of symbol: Symbol) throws -> Tensor {
    if let value = values[symbol.tex] { return value }
    if symbol.derivative != nil { return try derivative(symbol) }
    throw TermError.unknown(symbol.notation.plain)
  }
}

/// Why a term has no value.
enum TermError: Error, Equatable, CustomStringConvertible {
  case unknown(String)
  case shapes(String, String)

  var description: String {
    switch self {
    case .unknown(let name): "\(name) has no value here"
    case .shapes(let term, let shapes): "the shapes of \(term) do not fit: \(shapes)"
    }
  }
}

extension Term {
  /// The matrix it stands for, in float64. Recorded on the tape that is open, where there is one.
  func value(in environment: Environment) throws -> Tensor {
    func matrix(_ term: Term) throws -> Tensor { try term.value(in: environment) }
    switch self {
    case .symbol(let symbol): return try environment.value(of: symbol).asMatrix
    case .element(let symbol, let indices): return try element(symbol, indices, environment)
    case .number(let number), .constant(_, let number):
      return .full([1, 1], number, dtype: .float64)
    case .size(let axis): return .full([1, 1], Double(try environment.size(axis)), dtype: .float64)
    case .ones(let axis): return .ones([try environment.size(axis), 1], dtype: .float64)
    case .delta(let i, let j):
      let isSame = try environment.position(i) == environment.position(j)
      return .full([1, 1], isSame ? 1 : 0, dtype: .float64)
    case .product(let factors): return try combined(factors.map(matrix), multiplied)
    case .hadamard(let factors): return try combined(factors.map(matrix)) { try paired($0, $1, *) }
    case .sum(let terms): return try combined(terms.map(matrix)) { try paired($0, $1, +) }
    case .negative(let term): return -(try matrix(term))
    case .quotient(let a, let b): return try paired(matrix(a), matrix(b), /)
    case .transposed(let term): return try matrix(term).transposed()
    case .function(let function, let term): return function.value(at: try matrix(term))
    case .power(let term, let exponent):
      require(exponent > 0, "Term: the power \(exponent)")
      let base = try matrix(term)
      return (1..<exponent).reduce(base) { power, _ in power * base }
    case .isAtLeast(let a, let b):
      return try paired(matrix(a), matrix(b)) { a, b in
        let truths = zip(a.doubles, b.doubles).map { $0 >= $1 ? 1.0 : 0 }
        return Tensor(truths, shape: a.shape, dtype: .float64)
      }
    case .softmax(let term): return Tensors.softmax(try matrix(term))
    case .diagonal(let term): return try diagonal(matrix(term))
    case .sumOver(let index, let body):
      let terms = try environment.allPositions(of: [index]).map { try body.value(in: $0) }
      return try combined(terms) { try paired($0, $1, +) }
    case .squaredNorm(let term):
      let value = try matrix(term)
      return Tensors.sum(value * value).reshaped(to: [1, 1])
    }
  }

  private func combined(
    _ values: [Tensor], _ combine: (Tensor, Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    try values.dropFirst().reduce(values[0], combine)
  }

  private func multiplied(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    if a.shape[1] == b.shape[0] { return matmul(a, b) }
    if a.count == 1 || b.count == 1 { return try paired(a, b, *) }
    throw mismatch(a, b)
  }

  private func paired(
    _ a: Tensor, _ b: Tensor, _ combine: (Tensor, Tensor) -> Tensor
  ) throws -> Tensor {
    if a.shape == b.shape { return combine(a, b) }
    if a.count == 1 { return combine(broadcast(a, to: b.shape), b) }
    if b.count == 1 { return combine(a, broadcast(b, to: a.shape)) }
    throw mismatch(a, b)
  }

  private func mismatch(_ a: Tensor, _ b: Tensor) -> TermError {
    .shapes(notation.plain, "\(a.shape) and \(b.shape)")
  }

  private func element(
    _ symbol: Symbol, _ indices: [Index], _ environment: Environment
  ) throws -> Tensor {
    let value = try environment.value(of: symbol)
    var position = 0
    for (axis, index) in indices.enumerated() {
      position = position * value.shape[axis] + (try environment.position(index))
    }
    let rest = Shape(value.shape.lengths.dropFirst(indices.count))
    let outer = value.count / max(rest.count, 1)
    return slice(value.reshaped(to: [outer, rest.count]), axis: 0, from: position, count: 1)
      .reshaped(to: rest).asMatrix
  }

  private func diagonal(_ vector: Tensor) throws -> Tensor {
    guard vector.shape[1] == 1 else { throw TermError.shapes(notation.plain, "\(vector.shape)") }
    let rows = vector.shape[0]
    return broadcast(vector, to: [rows, rows]) * .identity(rows, dtype: .float64)
  }
}

extension Term.Function {
  fileprivate func value(at x: Tensor) -> Tensor {
    switch self {
    case .sin: Tensors.sin(x)
    case .cos: Tensors.cos(x)
    case .e, .exp: Tensors.exp(x)
    case .ln: log(x)
    case .root: sqrt(x)
    case .positivePart: relu(x)
    case .isPositive:
      Tensor(x.doubles.map { $0 > 0 ? 1 : 0 }, shape: x.shape, dtype: .float64)
    }
  }
}

extension Environment {
  func position(_ index: Index) throws -> Int {
    guard let position = positions[index] else {
      throw TermError.unknown("the index \(index.letter)")
    }
    return position
  }

  /// One environment for each choice of positions, the last index running fastest.
  func allPositions(of indices: [Index]) throws -> [Environment] {
    try indices.reduce([self]) { environments, index in
      try environments.flatMap { environment in
        try (0..<size(index.axis)).map { position in
          var next = environment
          next.positions[index] = position
          return next
        }
      }
    }
  }

  /// The values of a term for all positions of the indices, one after the other.
  func stacked(_ term: Term, over indices: [Index]) throws -> Tensor {
    if indices.isEmpty { return try term.value(in: self) }
    let values = try allPositions(of: indices).map { try term.value(in: $0) }
    return concatenate(values.map { $0.reshaped(to: [$0.count]) })
  }
}

extension Tensor {
  /// A number as one row and one column, a vector as one column.
  fileprivate var asMatrix: Tensor {
    switch rank {
    case 0: reshaped(to: [1, 1])
    case 1: reshaped(to: [count, 1])
    default: self
    }
  }
}
