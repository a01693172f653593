import Foundation

/// The running mean that TensorBoard draws.
enum Smoothing {
  /// Exponential moving average, corrected for its start at zero:
  /// mₙ = w mₙ₋₁ + (1 − w) yₙ,  ŷₙ = mₙ ∕ (1 − wⁿ).  Values that are not finite stay, and count for nothing.
  static func movingAverage(_ values: [Double], weight: Double) -> [Double] {
    var (mean, remaining) = (0.0, 1.0)
    return values.map { value in
      guard value.isFinite else { return value }
      mean = weight * mean + (1 - weight) * value
      remaining *= weight
      return mean / (1 - remaining)
    }
  }
}
