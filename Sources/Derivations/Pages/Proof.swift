import Tensors

/// The measurements that prove a derivation: forward definitions evaluated, derivatives three ways.
final class Proof {
  let derivation: Derivation
  private let definitions: [Derivation.Definition]
  private var environment: Environment
  /// The numbers among what is given.
  let constants: [(symbol: Symbol, value: Double)]
  /// What the code computed, by symbol.
  private let code: [String: Tensor]
  private var measured: [Symbol: (tape: Tensor, differences: Tensor)] = [:]

  /// What two float64 computations of one number may differ by, relative to the largest element: some
  /// thousand units in the last place, for sums of a few dozen terms in another order.
  static let exactTolerance = 1e-12
  /// What central differences may differ by: that of ``GradientCheck``.
  static let differencesTolerance = 1e-8

  /// Evaluates what is computed forward, and runs the code.
  init(_ derivation: Derivation, seed: UInt64 = 0) throws {
    self.derivation = derivation
    definitions = derivation.blocks.flatMap { block -> [Derivation.Definition] in
      switch block {
      case .define(let definitions), .assume(let definitions): definitions
      default: []
      }
    }
    var sampler = Sampler(seed: seed, dtype: .float64)
    let sizes = Dictionary(uniqueKeysWithValues: derivation.sizes.map { ($0.name, $0.length) })
    environment = Environment(sizes: sizes, values: [:])
    var constants: [(symbol: Symbol, value: Double)] = []
    for (term, value) in derivation.point(&sampler) {
      guard let symbol = term.symbol else { continue }
      let shape = try environment.shape(of: symbol)
      require(
        value.shape == shape,
        "Derivation \(derivation.name): \(symbol.notation.plain) is given with shape "
          + "\(value.shape), stated with \(shape)")
      environment.values[symbol.tex] = value
      if symbol.axes.isEmpty { constants.append((symbol, value.item)) }
    }
    self.constants = constants
    let outcome = derivation.code(.init(environment: environment))
    code = Dictionary(
      outcome.compactMap { term, value in term.symbol.map { ($0.tex, value) } },
      uniquingKeysWith: { $1 })
    for definition in definitions {
      try naming(definition.left) { try Proof.define(definition, in: &environment) }
    }
    environment.derivative = { [unowned self] in try measure($0).tape }
  }

  // MARK: - Forward

  private static func define(
    _ definition: Derivation.Definition, in environment: inout Environment
  ) throws {
    guard let symbol = definition.left.symbol else {
      throw TermError.unknown(definition.left.notation.plain)
    }
    let value = try environment.stacked(definition.right, over: definition.left.freeIndices)
    let shape = try environment.shape(of: symbol)
    let isWhole = definition.left.freeIndices.isEmpty
    guard value.count == shape.count && (!isWhole || value.shape == Proof.matrixShape(shape))
    else {
      throw TermError.shapes(
        definition.left.notation.plain, "\(shape) is stated, \(value.shape) is computed")
    }
    environment.values[symbol.tex] = value.reshaped(to: shape)
  }

  private static func matrixShape(_ shape: Shape) -> Shape {
    shape.rank == 2 ? shape : [shape.count, 1]
  }

  /// The relative error between a definition and what the code computes, where it returns that.
  func check(_ definition: Derivation.Definition) throws -> Double? {
    guard let symbol = definition.left.symbol, let expected = code[symbol.tex] else { return nil }
    let value = try environment.value(of: symbol)
    let error = GradientCheck.relativeError(value.doubles, expected.doubles)
    try refuse(error, Proof.exactTolerance, definition.left, definition.right, "the code")
    return error
  }

  // MARK: - Derivatives

  /// How well the formulas of a chain agree with one another and with what is measured.
  struct Agreement: Equatable {
    /// The symbol, as text.
    let formula: String
    /// With the code; nil where it does not return that value.
    var code: Double?
    /// With the tape, for a derivative.
    var tape: Double?
    /// With central differences, for a derivative.
    var differences: Double?
    /// Between the terms of the chain, where there is nothing else to compare with.
    var terms: Double?
  }

  /// Evaluates every step of a chain; the last one is then the value of its left side.
  func check(_ chain: Derivation.Chain) throws -> Agreement {
    try naming(chain.left) { try unnamedCheck(chain) }
  }

  private func unnamedCheck(_ chain: Derivation.Chain) throws -> Agreement {
    var agreement = Agreement(formula: chain.left.notation.plain)
    var values: [(term: Term, value: [Double])] = []
    for step in chain.steps {
      values.append((step, try environment.stacked(step, over: chain.indices).doubles))
    }
    guard let symbol = chain.left.symbol, symbol.derivative != nil else {
      let left = try environment.stacked(chain.left, over: chain.indices).doubles
      agreement.terms = try compare(chain, values, with: left, "the left side", floor: 1)
      return agreement
    }
    let known = try measure(symbol)
    let tape = try left(chain, standingFor: known.tape, symbol)
    guard tape.contains(where: { $0.magnitude > 1e-6 }) else {
      throw fault("\(chain.left.notation.plain) is zero at this point, which proves nothing")
    }
    agreement.tape = try compare(chain, values, with: tape, "the tape")
    agreement.differences = try compare(
      chain, values, with: try left(chain, standingFor: known.differences, symbol),
      "central differences", Proof.differencesTolerance)
    if let expected = code[symbol.tex] {
      let last = Array(values.suffix(1))
      agreement.code = try compare(
        chain, last, with: try left(chain, standingFor: expected, symbol), "the code")
    }
    if chain.left.coversSymbol, let (_, last) = values.last {
      let shape = try environment.shape(of: symbol)
      environment.values[symbol.tex] = Tensor(last, shape: shape, dtype: .float64)
    }
    return agreement
  }

  /// The left side's elements where its symbol has a certain value.
  private func left(
    _ chain: Derivation.Chain, standingFor value: Tensor, _ symbol: Symbol
  ) throws -> [Double] {
    var other = environment
    other.values[symbol.tex] = value
    return try other.stacked(chain.left, over: chain.indices).doubles
  }

  private func compare(
    _ chain: Derivation.Chain, _ values: [(term: Term, value: [Double])], with expected: [Double],
    _ what: String, _ tolerance: Double = Proof.exactTolerance, floor: Double = 1e-3
  ) throws -> Double {
    var worst = 0.0
    for (term, value) in values {
      guard value.count == expected.count else {
        throw TermError.shapes(
          "\(chain.left.notation.plain) = \(term.notation.plain)",
          "\(value.count) elements where there are \(expected.count)")
      }
      let error = GradientCheck.relativeError(value, expected, floor: floor)
      try refuse(error, tolerance, chain.left, term, what)
      worst = max(worst, error)
    }
    return worst
  }

  /// ∂T/∂S by the tape and by central differences, through what is computed forward from S to T.
  private func measure(_ symbol: Symbol) throws -> (tape: Tensor, differences: Tensor) {
    if let known = measured[symbol] { return known }
    guard let derivative = symbol.derivative,
      let start = environment.values[derivative.variable.tex],
      environment.values[derivative.value.tex] != nil
    else { throw TermError.unknown(symbol.notation.plain) }
    let (value, variable) = (derivative.value, derivative.variable)
    let first = definitions.lastIndex { $0.left.symbol == variable }.map { $0 + 1 } ?? 0
    let parameter = Parameter(start, name: variable.tex)
    // What is by hand here is the page.
    let check = GradientCheck.Case(symbol.notation.plain, [parameter], byHand: { _ in [nil] }) {
      [self] in
      var forward = environment
      forward.values[variable.tex] = parameter.value
      for definition in definitions[first...] {
        // It has been evaluated once, so that it has a value.
        do { try Proof.define(definition, in: &forward) } catch { stop("\(error)") }
        if definition.left.symbol == value { break }
      }
      return forward.values[value.tex] ?? .zeros([])
    }
    let (tape, differences) = check.jacobian(of: 0)
    let shape = try environment.shape(of: symbol)
    let result = (tape.reshaped(to: shape), differences.reshaped(to: shape))
    measured[symbol] = result
    return result
  }

  // MARK: - What is wrong

  private func refuse(
    _ error: Double, _ tolerance: Double, _ left: Term, _ right: Term, _ what: String
  ) throws {
    guard error <= tolerance else {
      throw fault(
        "\(left.notation.plain) = \(right.notation.plain) and \(what) differ by "
          + "\(scientific(error)) of the largest element; at most \(scientific(tolerance)) was to be "
          + "expected")
    }
  }

  /// Says which formula it was that has no value.
  private func naming<Result>(_ left: Term, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as TermError {
      throw fault("\(left.notation.plain): \(error)")
    }
  }

  private func fault(_ text: String) -> AdjointError {
    AdjointError(.internalFault, "derive \(derivation.name): \(text)")
  }
}

/// Two digits and a power of ten: `1.2e-16`; 0 for zero.
public func scientific(_ value: Double) -> String {
  guard value > 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
  var (mantissa, exponent) = (value, 0)
  while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
  while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
  let tenths = Int((mantissa * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)e\(exponent)"
}
