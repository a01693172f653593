import Foundation

/// An axis fitted to its data: where values lie between 0 and 1, and the ticks.
struct AxisLayout {
  struct Tick: Equatable {
    let position: Double
    let label: String
  }

  let ticks: [Tick]
  private let scale: Axis.Scale
  private let lower: Double
  private let upper: Double

  /// Beyond this, differences of values overflow; such a value is treated as not finite.
  private static let largest = 1e150

  /// - Parameters:
  ///   - count: at most so many steps between ticks.
  ///   - roundedOut: whether the axis goes on to the next tick on both sides of the data.
  init(_ axis: Axis, values: some Sequence<Double>, count: Int, roundedOut: Bool) {
    scale = axis.scale
    var (lower, upper) = Self.extent(axis, values)
    let roundsOut = roundedOut && axis.range == nil
    let marks: [Mark]
    if axis.scale == .linear {
      let step = max(Ticks.step(width: upper - lower, count: count), axis.isWhole ? 1 : 0)
      if roundsOut {
        lower = (lower / step + 1e-6).rounded(.down) * step
        upper = (upper / step - 1e-6).rounded(.up) * step
      }
      let multiples = Ticks.multiples(of: step, from: lower, to: upper)
      marks = zip(multiples, Ticks.labels(multiples, step: step)).map { ($0, $1) }
    } else if upper - lower >= 1 {
      if roundsOut { (lower, upper) = Self.decadeEdges(lower, upper) }
      marks = Self.marksOfDecades(lower, upper, count: count)
    } else {
      marks = Self.marksWithinDecade(lower, upper, count: count)
    }
    ticks = marks.map { Tick(position: ($0.value - lower) / (upper - lower), label: $0.label) }
    self.lower = lower
    self.upper = upper
  }

  /// A tick by its value, transformed, before it has a place.
  private typealias Mark = (value: Double, label: String)

  /// The ends of the axis, transformed: its range, or that of the values, widened where there is next to none.
  private static func extent(
    _ axis: Axis, _ values: some Sequence<Double>
  ) -> (lower: Double, upper: Double) {
    var extent: (lower: Double, upper: Double)?
    if let range = axis.range, let lower = transform(range.lowerBound, axis.scale),
      let upper = transform(range.upperBound, axis.scale)
    {
      extent = (lower, upper)
    } else {
      for value in values {
        guard let value = transform(value, axis.scale) else { continue }
        extent = (min(extent?.lower ?? value, value), max(extent?.upper ?? value, value))
      }
    }
    let (lower, upper) = extent ?? (0, 1)
    guard upper - lower <= max(abs(lower), abs(upper)) * 1e-12 || upper - lower < 1e-150 else {
      return (lower, upper)
    }
    let margin =
      axis.scale == .logarithmic
      ? 0.5 : axis.isWhole ? 1 : max(abs(lower) * 0.1, lower == 0 ? 1 : 0)
    return (lower - margin, upper + margin)
  }

  /// Powers of ten; where there is but one, which would leave the reader to guess the scale, values between them too.
  private static func marksOfDecades(_ lower: Double, _ upper: Double, count: Int) -> [Mark] {
    let exponents = Ticks.decades(from: lower, to: upper, count: count)
    guard exponents.count > 1 else {
      return Ticks.withinDecades(from: lower, to: upper, count: count).map {
        (log10($0), Ticks.short($0))
      }
    }
    return exponents.map { (Double($0), Ticks.powerLabel($0)) }
  }

  /// Round values: within one decade powers of ten would leave the axis bare.
  private static func marksWithinDecade(_ lower: Double, _ upper: Double, count: Int) -> [Mark] {
    let (low, high) = (pow(10, lower), pow(10, upper))
    let steps = (count...(count + 10)).map { Ticks.step(width: high - low, count: $0) }
    let step = steps.first { Ticks.multiples(of: $0, from: low, to: high).count > 1 } ?? steps[0]
    let marks = Ticks.multiples(of: step, from: low, to: high).filter { $0 > 0 }
    return zip(marks, Ticks.labels(marks, step: step)).map { (log10($0), $1) }
  }

  /// Where `value` lies: 0 at the beginning of the axis, 1 at its end; `nil` where it has no place.
  func position(_ value: Double) -> Double? {
    Self.transform(value, scale).map { ($0 - lower) / (upper - lower) }
  }

  private static func transform(_ value: Double, _ scale: Axis.Scale) -> Double? {
    guard value.isFinite, abs(value) <= largest else { return nil }
    guard scale == .logarithmic else { return value }
    return value > 0 ? log10(value) : nil
  }

  /// Out to the next of 1, 2 and 5 times a power of ten, so that a curve is not squeezed by a whole empty decade.
  private static func decadeEdges(_ lower: Double, _ upper: Double) -> (Double, Double) {
    let stops = [0, log10(2.0), log10(5.0), 1]
    let (low, high) = (lower.rounded(.down), upper.rounded(.down))
    let first = stops.last { low + $0 <= lower + 1e-9 } ?? 0
    let last = stops.first { high + $0 >= upper - 1e-9 } ?? 1
    return (low + first, high + last)
  }
}
