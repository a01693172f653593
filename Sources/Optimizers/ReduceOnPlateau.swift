import Tensors

/// Lowers the learning rate when a metric has stopped improving, as PyTorch's does with a relative
/// threshold.
///
/// A value, state included: a checkpoint that encodes it resumes it.
public struct ReduceOnPlateau: Codable, Sendable, Equatable {
  /// Which way a metric improves.
  public enum Goal: String, Codable, Sendable {
    /// A loss.
    case minimum
    /// An accuracy.
    case maximum
  }

  /// Which way the metric improves.
  public let goal: Goal
  /// What the rate is multiplied by, in `0 ..< 1`.
  public let factor: Double
  /// How many reports in a row may fail to improve.
  public let patience: Int
  /// By which share of the best so far a metric has to be better to count as improved.
  public let threshold: Double
  /// How many reports after a reduction are not counted.
  public let cooldown: Int
  /// The rate goes no lower.
  public let minimum: Double
  /// The best metric so far.
  public private(set) var best: Double?
  private var stale = 0
  private var cooling = 0

  /// A state before the first report; stops if a setting is out of range.
  public init(
    goal: Goal = .minimum, factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4,
    cooldown: Int = 0, minimum: Double = 0
  ) {
    requireFraction(factor, "factor", of: "ReduceOnPlateau")
    requireNonNegative(Double(patience), "patience", of: "ReduceOnPlateau")
    requireNonNegative(threshold, "threshold", of: "ReduceOnPlateau")
    requireNonNegative(Double(cooldown), "cooldown", of: "ReduceOnPlateau")
    requireNonNegative(minimum, "minimum", of: "ReduceOnPlateau")
    self.goal = goal
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimum = minimum
  }

  /// Takes note of a metric and gives the rate to go on with.
  ///
  /// - Parameters:
  ///   - metric: a NaN counts as no improvement.
  ///   - current: the rate so far.
  /// - Returns: the rate so far, or a lower one.
  public mutating func rate(after metric: Double, current: Double) -> Double {
    if isImprovement(metric) {
      best = metric
      stale = 0
    } else {
      stale += 1
    }
    if cooling > 0 {
      cooling -= 1
      stale = 0
    }
    guard stale > patience else { return current }
    cooling = cooldown
    stale = 0
    let reduced = max(current * factor, minimum)
    // PyTorch leaves the rate alone where the difference would be lost in it.
    return current - reduced > 1e-8 ? reduced : current
  }

  private func isImprovement(_ metric: Double) -> Bool {
    // Nothing could be better than infinity, and JSON has no word for it.
    guard metric.isFinite else { return false }
    guard let best else { return true }
    return switch goal {
    case .minimum: metric < best * (1 - threshold)
    case .maximum: metric > best * (1 + threshold)
    }
  }
}
