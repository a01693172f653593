import Foundation
import Training

/// Mean and spread of what runs with different seeds measured.
struct SeedStatistics: Equatable {
  /// As many as there are runs.
  let values: [Double]

  var mean: Double { values.reduce(0, +) / Double(values.count) }

  /// √(Σ(xᵢ − x̄)² ∕ (n − 1)), the spread of single runs; nil of fewer than two.
  var deviation: Double? {
    guard values.count > 1 else { return nil }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// The difference of the means, and its standard error √(s² ∕ n + s′² ∕ n′), which takes the runs for independent
  /// and their spreads for different (Welch 1947); no error where either has but one run.
  func difference(from other: SeedStatistics) -> (value: Double, error: Double?) {
    let squares = [self, other].map { sample in
      sample.deviation.map { $0 * $0 / Double(sample.values.count) }
    }
    let error = squares[0].flatMap { one in squares[1].map { (one + $0).squareRoot() } }
    return (mean - other.mean, error)
  }

  /// The mean of a metric by epoch, over the runs that measured it after that one.
  static func curve(
    of metric: String, in histories: [History]
  ) -> [(epoch: Int, mean: Double)] {
    let measured = histories.flatMap(\.epochs).compactMap { epoch in
      epoch.metrics[metric].map { (epoch.epoch, $0) }
    }
    return Dictionary(grouping: measured, by: \.0).sorted { $0.key < $1.key }.map {
      ($0.key, SeedStatistics(values: $0.value.map(\.1)).mean)
    }
  }

  /// `93.21 ± 0.35`
  func text(digits: Int, scale: Double = 1) -> String {
    Self.text(mean * scale, deviation.map { $0 * scale }, format: "%.\(digits)f", digits)
  }

  /// `+0.42 ± 0.31`
  func text(ofDifferenceFrom other: SeedStatistics, digits: Int, scale: Double = 1) -> String {
    let (value, error) = difference(from: other)
    return Self.text(value * scale, error.map { $0 * scale }, format: "%+.\(digits)f", digits)
      .replacing("-", with: "−")
  }

  private static func text(
    _ value: Double, _ spread: Double?, format: String, _ digits: Int
  ) -> String {
    let text = String(format: format, value)
    // What rounds to zero has no sign.
    return (Double(text) == 0 ? String(text.trimmingPrefix { "+-".contains($0) }) : text)
      + (spread.map { String(format: " ± %.\(digits)f", $0) } ?? "")
  }
}
