import Tensors

/// How long trials train before they are compared, and how many of them go on.
struct Rung: Codable, Equatable, Sendable {
  /// The most trials that train so long.
  var trials: Int
  /// Epochs or steps since the trial's beginning; nil for all of the trial's own.
  var budget: Int?
}

/// Successive halving: all trials train a little, the best third goes on for three times as long, and so on, until
/// few train to the end.
///
/// Source: K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
/// AISTATS 2016, with the elimination rate 3 of L. Li et al., "Hyperband", JMLR 18, 2018.
enum Halving {
  /// One of so many goes on.
  static let eta = 3

  /// The rungs for so many trials, the last of `budget` epochs or steps.
  ///
  /// - Throws: `AdjointError` if there are too few trials or too short ones to stop any early.
  static func rungs(trials: Int, budget: Int, unit: String) throws -> [Rung] {
    var stops = 0
    var factor = 1
    while trials / (factor * eta) >= 1 && budget / (factor * eta) >= 1 {
      stops += 1
      factor *= eta
    }
    guard stops > 0 else {
      throw AdjointError(
        .usage,
        "--method halving: takes at least 3 trials of at least 3 \(unit), found \(trials) of \(budget)"
      )
    }
    var (count, divisor) = (trials, factor)
    return (0...stops).map { stop in
      defer { (count, divisor) = (max(count / eta, 1), divisor / eta) }
      let isLast = stop == stops
      let share = Int((Double(budget) / Double(divisor)).rounded())
      return Rung(trials: count, budget: isLast ? nil : share)
    }
  }
}
