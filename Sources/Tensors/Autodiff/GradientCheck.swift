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
    ///     tensor; nil where the parameter needs none.
    public init(
      _ label: String, _ parameters: [Parameter], byHand: @escaping (Tensor) -> [Tensor?],
      _ body: @escaping () -> Tensor
    ) {
      self.label = label
      self.parameters = parameters
      self.body = body
      self.byHand = byHand
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

  /// The result of one check in one precision.
  public struct Result: Sendable {
    /// The check's name; the float32 one ends in `(float32)`.
    public let name: String
    /// Where it belongs.
    public let group: Group
    /// The largest relative error over all cases; see ``GradientCheck/relativeError(_:_:floor:)``.
    public let maxRelativeError: Double
    /// What it may be at most.
    public let tolerance: Double
    /// How many cases were checked.
    public let cases: Int
    /// The case with the largest error.
    public let worstCase: String
    /// Whether a gradient that is spoilt by one part in a thousand is found to be wrong.
    ///
    /// That by each parameter has to be found in one case at least, unless it is zero in all of them. Where all
    /// gradients are zero there is none to spoil, and nothing has been shown.
    public let noticesSpoiltGradient: Bool
    /// Whether the error is within the tolerance, and that of a spoilt gradient would not be.
    public var passed: Bool { maxRelativeError <= tolerance && noticesSpoiltGradient }
  }

  /// The name, unique among all checks.
  public let name: String
  /// Where it belongs.
  public let group: Group
  let tolerance: Double
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
  ///   - tolerance32: the largest relative error of float32 against float64 on the same numbers: some
  ///     forty units in the last place, for sums that cancel.
  ///   - cases: draws the cases, in the sampler's precision.
  public static func register(
    _ name: String, group: Group = .operation, tolerance: Double = 1e-8,
    tolerance32: Double = 5e-6, cases: @escaping @Sendable (inout Sampler) -> [Case]
  ) {
    let check = GradientCheck(
      name: name, group: group, tolerance: tolerance, tolerance32: tolerance32, makeCases: cases)
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
    var tally = Tally(tolerance: tolerance, floor: 1e-3)
    for check in makeCases(&sampler) {
      let cotangent = sampler.cotangent(like: check.body())
      let tape = check.tapeGradients(cotangent)
      let byHand = check.byHand(cotangent)
      for (index, parameter) in check.parameters.enumerated() {
        let gradient = tape[index]
        if let hand = byHand[index] {
          tally.compare(
            gradient.doubles, hand.doubles, check.label, Tally.Control(parameter: index, by: .hand))
        }
        let probes = Probe.all(for: parameter, from: &sampler)
        let slopes = probes.map { probe in check.slope(of: parameter, along: probe, cotangent) }
        tally.compare(
          probes.map { $0.component(of: gradient) }, slopes, check.label,
          Tally.Control(parameter: index, by: .differences))
      }
    }
    return tally.result(name, group)
  }

  // MARK: - float32 against float64, values and gradients

  private func runSingle(seed: UInt64) -> Result {
    var double = Sampler(seed: seed, dtype: .float64)
    var single = Sampler(seed: seed, dtype: .float32)
    var tally = Tally(tolerance: tolerance32, floor: 0.1)
    for (exact, rounded) in zip(makeCases(&double), makeCases(&single)) {
      let value = exact.body()
      let cotangent = double.cotangent(like: value)
      tally.compare(rounded.body().doubles, value.doubles, exact.label)
      let gradients = rounded.tapeGradients(cotangent.converted(to: .float32))
      for (index, (a, b)) in zip(gradients, exact.tapeGradients(cotangent)).enumerated() {
        tally.compare(
          a.doubles, b.doubles, exact.label, Tally.Control(parameter: index, by: .double))
      }
    }
    return tally.result(name + " (float32)", group)
  }

  /// The largest difference of two lists, relative to the largest magnitude in either, or to `floor`
  /// where all are smaller: neither differences nor float32 can tell the last digits of what was
  /// subtracted from the zero that a gradient may rightly be.
  ///
  /// Infinite if a number is not finite in one of them only.
  public static func relativeError(
    _ a: [Double], _ b: [Double], floor: Double = 1e-3
  ) -> Double {
    var difference = 0.0
    var scale = 0.0
    for (x, y) in zip(a, b) where !(x == y || (x.isNaN && y.isNaN)) {
      difference = max(difference, (x - y).isFinite ? abs(x - y) : .infinity)
    }
    for x in a + b where x.isFinite { scale = max(scale, abs(x)) }
    return difference / max(scale, floor)
  }
}

/// The errors of a check so far, and whether spoilt gradients would have been noticed.
private struct Tally {
  /// A gradient by the parameters at one place in the lists of all cases, and what it is compared with.
  struct Control: Hashable {
    enum Witness { case hand, differences, double }
    let parameter: Int
    let by: Witness
  }

  /// What rounding leaves of a gradient that is zero by the formula: a sum of numbers around one that cancel.
  static let zero = 1e-12

  let tolerance: Double
  /// Below this, errors are absolute: 10⁻³ for differences in double, 0.1 for float32, whose inputs are
  /// numbers around one.
  let floor: Double
  private var worst = 0.0
  private var worstCase = ""
  /// Whether the spoilt gradient was noticed in a case: each has to be, for a loud one says nothing of a faint one.
  private var controls: [Control: Bool] = [:]
  private var cases: Set<String> = []

  init(tolerance: Double, floor: Double) {
    self.tolerance = tolerance
    self.floor = floor
  }

  /// Takes in an error; of a gradient also whether it would have been noticed, spoilt, which values need not be.
  mutating func compare(
    _ gradient: [Double], _ expected: [Double], _ label: String, _ control: Control? = nil
  ) {
    cases.insert(label)
    require(
      gradient.count == expected.count,
      "GradientCheck: \(gradient.count) values against \(expected.count) in case \(label)")
    let error = GradientCheck.relativeError(gradient, expected, floor: floor)
    if error >= worst { (worst, worstCase) = (error, label) }
    // A gradient that is zero everywhere cannot be spoilt. If only one of the two is, the error tells.
    guard let control, !Tally.isZero(gradient), !Tally.isZero(expected) else { return }
    let spoilt = GradientCheck.relativeError(
      gradient.map { $0 * 1.001 }, expected, floor: floor)
    controls[control] = controls[control] == true || spoilt > tolerance
  }

  private static func isZero(_ values: [Double]) -> Bool {
    values.allSatisfy { abs($0) <= zero }
  }

  func result(_ name: String, _ group: GradientCheck.Group) -> GradientCheck.Result {
    GradientCheck.Result(
      name: name, group: group, maxRelativeError: worst, tolerance: tolerance, cases: cases.count,
      worstCase: worstCase,
      noticesSpoiltGradient: !controls.isEmpty && controls.values.allSatisfy { $0 })
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
  /// Measures the agreement of the three gradients, parameter by parameter; float64 is the sensible type.
  ///
  /// - Parameter seed: what the cotangent is drawn from.
  public func agreements(seed: UInt64 = 0) -> [GradientCheck.Agreement] {
    // Not the numbers that a caller's own sampler gives for this seed: a cotangent that equals the input
    // lies along it, and the gradient of whatever has a fixed length would be nothing but rounding.
    var sampler = Sampler(seed: ~seed, dtype: .float64)
    let cotangent = sampler.cotangent(like: body())
    let tape = tapeGradients(cotangent)
    let hand = byHand(cotangent)
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
