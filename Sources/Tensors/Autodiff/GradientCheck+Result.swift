extension GradientCheck {
  /// What a gradient of the tape is held against.
  public enum Witness: Sendable {
    /// The gradient by hand.
    case byHand
    /// Central differences.
    case differences
    /// Of float32: values and gradients in float64.
    case double
  }

  /// How far the tape is from a witness.
  public struct Comparison: Sendable {
    /// What it is held against.
    public let witness: Witness
    /// The largest relative error over all cases; see ``GradientCheck/relativeError(_:_:floor:)``.
    public let error: Double
    /// What it may be at most.
    public let tolerance: Double
    /// The case with the largest error.
    public let worstCase: String
    /// Whether the error is within the tolerance.
    public var agrees: Bool { error <= tolerance }
  }

  /// The result of one check in one precision.
  public struct Result: Sendable {
    /// The check's name; the float32 one ends in `(float32)`.
    public let name: String
    /// Where it belongs.
    public let group: Group
    /// One for each witness: two in float64, or one where a check has no gradient by hand, and one in float32.
    public let comparisons: [Comparison]
    /// How many cases were checked.
    public let cases: Int
    /// Whether a gradient that is spoilt by one part in a thousand is found to be wrong.
    ///
    /// For each parameter the spoilt gradient has to be noticed in one case at least, unless it is zero in all of them.
    /// Where every gradient is zero there is none to spoil, and the check has shown nothing.
    public let noticesSpoiltGradient: Bool

    /// The comparison with the largest error, of those that do not agree if there are any.
    public var worst: Comparison {
      let wrong = comparisons.filter { !$0.agrees }
      return (wrong.isEmpty ? comparisons : wrong).max { $0.error < $1.error }!
    }

    /// Whether all errors are within their tolerances, and those of a spoilt gradient would not be.
    public var passed: Bool { comparisons.allSatisfy(\.agrees) && noticesSpoiltGradient }
  }

  /// The errors of a check so far, and whether spoilt gradients would have been noticed.
  struct Tally {
    /// A gradient by the parameters at one place in the lists of all cases, and what it is compared with.
    private struct Control: Hashable {
      let parameter: Int
      let witness: Witness
    }

    /// What rounding leaves of a gradient that is zero by the formula: a sum of numbers around one that cancel.
    private static let zero = 1e-12

    private let tolerances: KeyValuePairs<Witness, Double>
    /// Below this, errors are absolute: 10⁻³ for differences in double, 0.1 for float32, whose inputs are
    /// numbers around one.
    private let floor: Double
    private var worst: [Witness: (error: Double, label: String)] = [:]
    /// Whether the spoilt gradient was noticed in a case: each has to be, for a loud one says nothing of a faint one.
    private var controls: [Control: Bool] = [:]
    private var cases: Set<String> = []

    init(tolerances: KeyValuePairs<Witness, Double>, floor: Double) {
      self.tolerances = tolerances
      self.floor = floor
    }

    /// Takes in an error; of a gradient also whether it would have been noticed, spoilt, which values need not be.
    mutating func compare(
      _ found: [Double], _ expected: [Double], _ label: String, by witness: Witness,
      parameter: Int? = nil
    ) {
      cases.insert(label)
      require(
        found.count == expected.count,
        "GradientCheck: \(found.count) values against \(expected.count) in case \(label)")
      let error = GradientCheck.relativeError(found, expected, floor: floor)
      if error >= worst[witness]?.error ?? 0 { worst[witness] = (error, label) }
      // A gradient that is zero everywhere cannot be spoilt. If only one of the two is, the error tells.
      guard let parameter, !Tally.isZero(found), !Tally.isZero(expected) else { return }
      let spoilt = GradientCheck.relativeError(found.map { $0 * 1.001 }, expected, floor: floor)
      let tolerance = tolerances.first { $0.key == witness }?.value ?? 0
      let control = Control(parameter: parameter, witness: witness)
      controls[control] = controls[control] == true || spoilt > tolerance
    }

    private static func isZero(_ values: [Double]) -> Bool {
      values.allSatisfy { abs($0) <= zero }
    }

    func result(_ name: String, _ group: Group) -> Result {
      require(!worst.isEmpty, "GradientCheck: \(name) has no cases")
      return Result(
        name: name, group: group,
        comparisons: tolerances.compactMap { witness, tolerance in
          worst[witness].map {
            Comparison(
              witness: witness, error: $0.error, tolerance: tolerance, worstCase: $0.label)
          }
        }, cases: cases.count,
        noticesSpoiltGradient: !controls.isEmpty && controls.values.allSatisfy { $0 })
    }
  }
}
