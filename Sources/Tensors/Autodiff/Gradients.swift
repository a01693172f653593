/// The gradients of a loss with respect to parameters, in their order.
public struct Gradients: Sendable {
  /// The parameters.
  public let parameters: [Parameter]
  /// One gradient for each parameter, of its shape; nil for a frozen one.
  public internal(set) var values: [Tensor?]

  /// Gradients that were worked out by hand, in the order of the parameters; stops if a shape differs.
  public init(of parameters: [Parameter], _ values: [Tensor?]) {
    require(
      parameters.count == values.count,
      "Gradients: \(values.count) gradients for \(parameters.count) parameters")
    for (parameter, gradient) in zip(parameters, values) {
      guard let gradient else { continue }
      require(
        gradient.shape == parameter.shape && gradient.dtype == parameter.dtype,
        "Gradients: a gradient of shape \(gradient.shape) \(gradient.dtype) for parameter "
          + "\(parameter.name) of shape \(parameter.shape) \(parameter.dtype)")
    }
    self.parameters = parameters
    self.values = values
  }

  /// The gradient of one parameter; nil if it is frozen or not among them.
  public subscript(parameter: Parameter) -> Tensor? {
    guard let index = parameters.firstIndex(where: { $0 === parameter }) else { return nil }
    return values[index]
  }
}

extension Gradients {
  /// The sums, parameter by parameter, for adding up over parts of a batch.
  ///
  /// What is nil on one side counts as 0, and stays nil where it is on both. Stops if these are not gradients of the
  /// same parameters in the same order.
  public static func + (a: Gradients, b: Gradients) -> Gradients {
    require(
      a.parameters.count == b.parameters.count,
      "Gradients +: gradients of \(a.parameters.count) and of \(b.parameters.count) parameters")
    for (index, (left, right)) in zip(a.parameters, b.parameters).enumerated() {
      require(
        left === right,
        "Gradients +: \(named(left, index)) here is \(named(right, index)) there; both have to be of the same "
          + "parameters in the same order")
    }
    let sums = zip(a.values, b.values).map { left, right in
      guard let left, let right else { return left ?? right }
      return left + right
    }
    return Gradients(unchecked: a.parameters, sums)
  }

  /// Each times a number; nil stays nil.
  public static func * (gradients: Gradients, s: Double) -> Gradients {
    Gradients(unchecked: gradients.parameters, gradients.values.map { $0.map { $0 * s } })
  }

  /// Each times a number; nil stays nil.
  public static func * (s: Double, gradients: Gradients) -> Gradients { gradients * s }
}

/// Runs `body` under a new tape and returns its value with the gradients of the parameters.
///
/// Outside the closure no tensor carries history. Tapes nest: to an inner one, tensors of the outer
/// one are constants, and what it returns, value and gradients, is constant to the outer one: there are no second
/// derivatives. A tape belongs to its thread: what the closure has other threads compute is constant, too. A parameter
/// whose value the closure changes has the gradient of all the values that it had.
///
/// Two threads must not differentiate by one parameter at the same time; where it is seen, the process stops.
///
/// - Parameters:
///   - parameters: what to differentiate by. Frozen ones are constants.
///   - body: computes a scalar from the parameters' values.
/// - Returns: the scalar, and one gradient for each parameter.
/// - Important: stops if the value is not a scalar, or does not depend on a parameter that is not
///   frozen; the message names it.
public func valueWithGradient(
  of parameters: [Parameter], _ body: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  try withTape(parameters, watch: nil) { tape in
    let value = try scalar(body)
    return (value.detached, gradients(of: value, tape, parameters))
  }
}

/// As ``valueWithGradient(of:_:)``, looking at every value forward and backward.
///
/// - Throws: ``NonFiniteError`` that names the first operation whose result held a NaN or an infinity.
public func finiteValueWithGradient(
  of parameters: [Parameter], _ body: () throws -> Tensor
) throws -> (value: Tensor, gradients: Gradients) {
  let watch = FiniteWatch()
  return try withTape(parameters, watch: watch) { tape in
    let value = try scalar(body)
    if let found = watch.found { throw found }
    let result = gradients(of: value, tape, parameters)
    if let found = watch.found { throw found }
    return (value.detached, result)
  }
}

/// The value of a function of tensors, and its gradient with respect to each.
///
/// - Parameters:
///   - inputs: where to differentiate.
///   - body: computes a scalar from the inputs it is given.
/// - Returns: the scalar, and a gradient for each input; nil where it does not depend on one.
public func valueWithGradient(
  at inputs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradients: [Tensor?]) {
  let tape = Tape()
  defer { tape.close() }
  var leaves = inputs
  for index in leaves.indices {
    leaves[index].node = tape.leaf(leaves[index].shape, leaves[index].dtype)
  }
  let value = try body(leaves)
  requireScalar(value)
  return (value.detached, tape.pullBack(.ones(value.shape, dtype: value.dtype), from: value))
}

@inline(__always)
private func withTape<Result>(
  _ parameters: [Parameter], watch: FiniteWatch?, _ body: (Tape) throws -> Result
) rethrows -> Result {
  let tape = Tape(watch: watch)
  // A place on an outer tape must still be there when this one has closed.
  let outerNodes = tape.isNested ? parameters.map(\.node) : []
  for parameter in parameters {
    let leaf = tape.leaf(parameter.shape, parameter.dtype)
    parameter.watch(parameter.isFrozen ? .none : leaf)
  }
  defer {
    for (index, parameter) in parameters.enumerated() {
      require(
        parameter.isFrozen || parameter.node.tape == tape.number,
        "valueWithGradient: \(named(parameter, index)) is differentiated by another thread at the same time; its "
          + "gradient would be wrong")
    }
    tape.close()
    for (parameter, node) in zip(parameters, outerNodes) { parameter.watch(node) }
  }
  return try body(tape)
}

private func scalar(_ body: () throws -> Tensor) rethrows -> Tensor {
  let value = try body()
  requireScalar(value)
  return value
}

private func requireScalar(_ value: Tensor) {
  require(
    value.count == 1,
    "valueWithGradient: the closure returned a tensor of shape \(value.shape); a gradient is that of "
      + "one number: take its sum or mean")
}

private func gradients(of value: Tensor, _ tape: Tape, _ parameters: [Parameter]) -> Gradients {
  require(
    value.node.tape == tape.number || parameters.allSatisfy(\.isFrozen),
    "valueWithGradient: the loss comes from none of the parameters: all that it is computed of is constant here, as is "
      + "what was detached or computed outside the closure, and as gradients are (there are no second derivatives)"
  )
  let all = tape.pullBack(.ones(value.shape, dtype: value.dtype), from: value)
  for (index, parameter) in parameters.enumerated() where all[index] == nil {
    require(parameter.isFrozen, missing(parameter, index, parameters))
  }
  return Gradients(unchecked: parameters, all)
}

private func missing(_ parameter: Parameter, _ index: Int, _ parameters: [Parameter]) -> String {
  if parameters.filter({ $0 === parameter }).count > 1 {
    return "valueWithGradient: \(named(parameter, index)) is listed more than once"
  }
  return "valueWithGradient: the loss does not depend on \(named(parameter, index)) of shape "
    + "\(parameter.shape); freeze it (isFrozen = true) if that is meant"
}

private func named(_ parameter: Parameter, _ index: Int) -> String {
  "parameter \(parameter.name.isEmpty ? "number \(index)" : parameter.name)"
}

extension Gradients {
  init(unchecked parameters: [Parameter], _ values: [Tensor?]) {
    self.parameters = parameters
    self.values = values
  }
}
