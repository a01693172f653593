/// An axis of a plot: its name, its unit, how it is divided and what it covers.
public struct Axis: Equatable, Sendable {
  /// How values are laid along the axis.
  public enum Scale: Equatable, Sendable {
    /// Equal distances for equal differences.
    case linear
    /// Equal distances for equal ratios; values that are not positive are left out.
    case logarithmic

    /// Logarithmic where all values are positive and span more than a decade, else linear.
    public static func suiting(_ values: some Sequence<Double>) -> Scale {
      let finite = values.filter(\.isFinite)
      guard let least = finite.min(), let greatest = finite.max() else { return .linear }
      return least > 0 && greatest > 10 * least ? .logarithmic : .linear
    }
  }

  /// What is measured.
  public var label: String
  /// The unit, shown in parentheses behind the label.
  public var unit: String?
  /// How values are laid along the axis.
  public var scale: Scale
  /// What the axis covers; the finite data, where left out.
  public var range: ClosedRange<Double>?
  /// Whether values are whole numbers, so that nothing is marked between two of them.
  public var isWhole = false

  /// Makes an axis of whole numbers, such as epochs.
  public init(counting label: String) {
    self.init(label)
    isWhole = true
  }

  /// Makes an axis.
  public init(
    _ label: String, unit: String? = nil, scale: Scale = .linear,
    range: ClosedRange<Double>? = nil
  ) {
    self.label = label
    self.unit = unit
    self.scale = scale
    self.range = range
  }

  /// A number in the words that an axis has for it, in three or four digits: `5.12×10⁻⁶`.
  public static func words(for number: Double) -> String { Ticks.short(number) }

  var caption: String {
    unit.map { label.isEmpty ? $0 : "\(label) (\($0))" } ?? label
  }
}
