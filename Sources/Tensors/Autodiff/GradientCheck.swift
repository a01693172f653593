import Synchronization

/// The three-way check of a gradient: by hand, from the tape, and by central differences.
///
/// An operation, layer or network registers its check in its own file:
///
/// ```swift
/// @section("adjoint_registry") @used
/// private let checks: Registration = {
///   GradientCheck.register("tanh", unary: tanh) { x in 1 - pow(tanh(x), 2) }
/// }
/// ```
public struct GradientCheck: Sendable {
  /// One point at which the gradient is checked.
  public struct Case {
    /// What is special about it, such as the shapes.
    public let label: String
    let parameters: [Parameter]
    let body: () -> Tensor
    let byHand: (Tensor) -> [Tensor?]

    /// - Parameters:
    ///   - label: what is special about it, such as the shapes.
    ///   - parameters: what to differentiate by.
    ///   - body: a tensor of any shape, computed from the parameters' values.
    ///   - byHand: the gradients, worked out by other means than the tape, for a cotangent of that
    ///     tensor; nil where the parameter needs none. Left out, the tape is held against differences alone.
    public init(
      _ label: String, _ parameters: [Parameter], byHand: ((Tensor) -> [Tensor?])? = nil,
      _ body: @escaping () -> Tensor
    ) {
      self.label = label
      self.parameters = parameters
      self.body = body
      self.byHand = byHand ?? { _ in [Tensor?](repeating: nil, count: parameters.count) }
    }
  }

  /// Where a check belongs in the list.
  public enum Group: String, Sendable, Codable {
    /// A function of tensors.
    case operation
    /// A layer with its parameters.
    case layer
    /// A network whose gradient is written out by hand.
    case network
  }

  /// The name, unique among all checks.
  public let name: String
  /// Where it belongs.
  public let group: Group
  let tolerance: Double
  let toleranceByHand: Double
  let tolerance32: Double
  let makeCases: @Sendable (inout Sampler) -> [Case]

  /// The step of central differences.
  static let step = 7e-4

  private static let registered = Mutex<[GradientCheck]>([])

  /// Enters a check.
  ///
  /// - Parameters:
  ///   - name: unique among all checks.
  ///   - group: where it belongs.
  ///   - tolerance: the largest relative error in float64. The five-point differences are right to about
  ///     1e-11 on smooth functions of moderate slope, so that 1e-8 leaves room for steep ones.
  ///   - toleranceByHand: the largest relative error between the tape and the gradient by hand, which differ by the
  ///     order of their sums alone; of most checks and 160 seeds it was 6e-13.
  ///   - tolerance32: the largest relative error of float32 against float64 on the same numbers; of all checks and 160
  ///     seeds it was 1.0e-5, of sums that cancel.
  ///   - cases: draws the cases, in the sampler's precision.
  public static func register(
    _ name: String, group: Group = .operation, tolerance: Double = 1e-8,
    toleranceByHand: Double = 1e-12, tolerance32: Double = 2e-5,
    cases: @escaping @Sendable (inout Sampler) -> [Case]
  ) {
    let check = GradientCheck(
      name: name, group: group, tolerance: tolerance, toleranceByHand: toleranceByHand,
      tolerance32: tolerance32, makeCases: cases)
    registered.withLock { all in
      require(
        !all.contains { $0.name == name }, "GradientCheck: \(name) is registered twice")
      all.append(check)
    }
  }

  /// All registered checks, operations first, each group by name.
  public static var all: [GradientCheck] {
    Registry.load()
    let order: [Group] = [.operation, .layer, .network]
    return registered.withLock { $0 }.sorted {
      let (a, b) = (order.firstIndex(of: $0.group)!, order.firstIndex(of: $1.group)!)
      return (a, $0.name) < (b, $1.name)
    }
  }

  /// Runs the check in float64 and in float32.
  public func run(seed: UInt64 = 0) -> [Result] {
    [runDouble(seed: seed), runSingle(seed: seed)]
  }

  // MARK: - float64: tape against differences and against the gradient by hand

  private func runDouble(seed: UInt64) -> Result {
    var sampler = Sampler(seed: seed, dtype: .float64)
    var tally = Tally(
      tolerances: [.byHand: toleranceByHand, .differences: tolerance], floor: 1e-3)
    for check in makeCases(&sampler) {
      let cotangent = sampler.cotangent(like: check.body())
      let tape = check.tapeGradients(cotangent)
      let byHand = check.gradientsByHand(cotangent)
      for (index, parameter) in check.parameters.enumerated() {
        let gradient = tape[index]
        if let hand = byHand[index] {
          tally.compare(
            gradient.doubles, hand.doubles, check.label, by: .byHand, parameter: index)
        }
        let probes = Probe.all(for: parameter, from: &sampler)
        let slopes = probes.map { probe in check.slope(of: parameter, along: probe, cotangent) }
        tally.compare(
          probes.map { $0.component(of: gradient) }, slopes, check.label, by: .differences,
          parameter: index)
      }
    }
    return tally.result(name, group)
  }

  // MARK: - float32 against float64, values and gradients

  private func runSingle(seed: UInt64) -> Result {
    var double = Sampler(seed: seed, dtype: .float64)
    var single = Sampler(seed: seed, dtype: .float32)
    var tally = Tally(tolerances: [.double: tolerance32], floor: 0.1)
    for (exact, rounded) in zip(makeCases(&double), makeCases(&single)) {
      let value = exact.body()
      let cotangent = double.cotangent(like: value)
      tally.compare(rounded.body().doubles, value.doubles, exact.label, by: .double)
      let gradients = rounded.tapeGradients(cotangent.converted(to: .float32))
      for (index, (a, b)) in zip(gradients, exact.tapeGradients(cotangent)).enumerated() {
        tally.compare(a.doubles, b.doubles, exact.label, by: .double, parameter: index)
      }
    }
    return tally.result(name + " (float32)", group)
  }

  /// The largest difference of two lists, relative to the largest magnitude in either, or to `floor`
  /// where all are smaller: neither differences nor float32 can tell the last digits of what was
  /// subtracted from the zero that a gradient may rightly be.
  ///
  /// Infinite if a number is not finite in one of them only. Stops where one list is longer.
  public static func relativeError(
    _ a: [Double], _ b: [Double], floor: Double = 1e-3
  ) -> Double {
    require(
      a.count == b.count, "GradientCheck.relativeError: \(a.count) numbers against \(b.count)")
    var difference = 0.0
    var scale = 0.0
    for (x, y) in zip(a, b) where !(x == y || (x.isNaN && y.isNaN)) {
      difference = max(difference, (x - y).isFinite ? abs(x - y) : .infinity)
    }
    for x in a + b where x.isFinite { scale = max(scale, abs(x)) }
    return difference / max(scale, floor)
  }
}

extension GradientCheck {
  /// How well the three gradients of one parameter agree.
  public struct Agreement: Sendable, Equatable {
    /// The parameter's name.
    public let name: String
    /// The relative error between tape and the gradient by hand; see
    /// ``GradientCheck/relativeError(_:_:floor:)``.
    public let tapeAgainstHand: Double
    /// The relative error between tape and central differences.
    public let tapeAgainstDifferences: Double
  }
}

extension GradientCheck.Case {
  /// Measures the agreement of the three gradients, parameter by parameter; stops where they are not float64, whose
  /// digits differences need.
  ///
  /// - Parameter seed: what the cotangent is drawn from.
  public func agreements(seed: UInt64 = 0) -> [GradientCheck.Agreement] {
    // Not the numbers that a caller's own sampler gives for this seed: a cotangent that equals the input
    // lies along it, and the gradient of whatever has a fixed length would be nothing but rounding.
    var sampler = Sampler(seed: ~seed, dtype: .float64)
    require(
      parameters.allSatisfy { $0.dtype == .float64 },
      "GradientCheck.Case.agreements: the parameters have to be float64; convert(model, to: .float64) before the "
        + "case is made")
    let cotangent = sampler.cotangent(like: body())
    let tape = tapeGradients(cotangent)
    let hand = gradientsByHand(cotangent)
    return parameters.indices.map { index in
      let probes = Probe.all(for: parameters[index], from: &sampler)
      return GradientCheck.Agreement(
        name: parameters[index].name,
        tapeAgainstHand: hand[index].map {
          GradientCheck.relativeError(tape[index].doubles, $0.doubles)
        } ?? .nan,
        tapeAgainstDifferences: GradientCheck.relativeError(
          probes.map { $0.component(of: tape[index]) },
          probes.map { slope(of: parameters[index], along: $0, cotangent) }))
    }
  }

  func gradientsByHand(_ cotangent: Tensor) -> [Tensor?] {
    let gradients = byHand(cotangent)
    require(
      gradients.count == parameters.count,
      "GradientCheck.Case \(label): byHand gave \(gradients.count) gradients for \(parameters.count) parameters; "
        + "one for each, or nil")
    return gradients
  }

  func tapeGradients(_ cotangent: Tensor) -> [Tensor] {
    let known = cotangent.detached
    let (_, gradients) = valueWithGradient(of: parameters) { sum(body() * known) }
    return zip(parameters, gradients.values).map { parameter, gradient in
      gradient ?? .zeros(parameter.shape, dtype: parameter.dtype)
    }
  }

  /// d/dt Σ c ∘ body(θ + t v) at t = 0 by the five-point central difference, whose error is of the order
  /// h⁴ (Abramowitz and Stegun, 25.3.6); with h = ε^(1/5) it balances the rounding error, ε / h.
  fileprivate func slope(of parameter: Parameter, along probe: Probe, _ cotangent: Tensor) -> Double
  {
    let step = GradientCheck.step
    let original = parameter.value.detached
    defer { parameter.value = original }
    func values(_ t: Double) -> [Double] {
      parameter.value = probe.moved(original, by: t)
      return body().doubles
    }
    let known = cotangent.doubles
    func difference(_ t: Double) -> Double {
      let (ahead, behind) = (values(t), values(-t))
      // Differences of the elements first: their sum loses fewer digits than a difference of sums.
      return known.indices.reduce(0) { $0 + (ahead[$1] - behind[$1]) * known[$1] }
    }
    return (8 * difference(step) - difference(2 * step)) / (12 * step)
  }
}

/// A direction to differentiate along: one element of a parameter, or all of them at random.
private struct Probe {
  let weights: [(index: Int, weight: Double)]

  /// Every element of a small parameter; some elements and some random directions of a large one.
  static func all(for parameter: Parameter, from sampler: inout Sampler) -> [Probe] {
    let count = parameter.count
    if count <= 96 { return (0..<count).map { Probe(weights: [($0, 1)]) } }
    // The large shapes are there for the loops' sake: a few probes find a loop that is wrong.
    let isLarge = count > 2000
    var probes = (0..<(isLarge ? 4 : 40)).map { _ in
      Probe(weights: [(sampler.integer(below: count), 1)])
    }
    for _ in 0..<(isLarge ? 1 : 4) {
      let scale = 1 / Double(count).squareRoot()
      probes.append(Probe(weights: (0..<count).map { ($0, scale * sampler.normal()) }))
    }
    return probes
  }

  func moved(_ tensor: Tensor, by t: Double) -> Tensor {
    var values = tensor.doubles
    for (index, weight) in weights { values[index] += t * weight }
    return Tensor(values, shape: tensor.shape, dtype: tensor.dtype)
  }

  func component(of gradient: Tensor) -> Double {
    let values = gradient.doubles
    return weights.reduce(0) { $0 + $1.weight * values[$1.index] }
  }
}
