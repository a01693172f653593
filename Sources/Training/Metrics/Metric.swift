import Foundation

/// What the name of a metric, such as `validation_accuracy`, tells of it.
///
/// A name is words with underscores between them: first the part of the data, where it was measured on one, last what
/// was measured.
public struct Metric: Hashable, Sendable {
  /// A part of the data, in the order in which they are shown.
  public enum Part: String, CaseIterable, Sendable {
    /// What is learned from.
    case train
    /// What is held back to choose by.
    case validation
    /// What nothing was chosen by.
    case test
  }

  /// What the curves of every report show, in their order.
  public enum Measure: String, CaseIterable, Sendable {
    /// The share that is classified rightly.
    case accuracy
    /// What is minimised, or its part without penalties.
    case loss
    /// The area under the ROC curve.
    case auc
    /// The mean squared error.
    case mse
  }

  /// As in logs and results: `validation_accuracy`.
  public let name: String
  private let words: [String]

  /// The metric of that name.
  public init(_ name: String) {
    self.name = name
    words = name.split(separator: "_").map(String.init)
  }

  /// A measure of a part.
  init(_ part: Part, _ measure: Measure) { self.init("\(part)_\(measure)") }

  /// The part that it was measured on; nil where it was on none.
  public var part: Part? { words.first.flatMap(Part.init(rawValue:)) }

  /// The number of the colour in which plots draw it: each part has its own, whichever others are beside it.
  public var color: Int {
    part.flatMap { Part.allCases.firstIndex(of: $0) } ?? Part.allCases.count
  }

  /// The measure in which its name ends; nil for another, or one of some kind, such as `test_mse_alone`.
  public var measure: Measure? { words.last.flatMap(Measure.init(rawValue:)) }

  /// Whether it has to be finite for training to go on.
  var isLoss: Bool { measure == .loss || measure == .mse }

  private static let lowerIsBetter: Set = [
    "loss", "mse", "mae", "rmse", "error", "distance", "nll", "negative", "reconstruction",
    "divergence", "wasserstein", "mmd",
  ]
  private static let higherIsBetter: Set = ["accuracy", "auc", "elbo"]

  /// A loss, an error or a distance has to be small, an accuracy large; nil for what the name does not tell.
  public var isHigherBetter: Bool? {
    // First: the negative of what has to be large has to be small.
    if !Self.lowerIsBetter.isDisjoint(with: words) { return false }
    return Self.higherIsBetter.isDisjoint(with: words) ? nil : true
  }

  private var isShare: Bool { words.contains("accuracy") }

  /// What a value is multiplied by where it is shown: accuracies are in per cent.
  public var scale: Double { isShare ? 100 : 1 }

  /// The unit of what is shown; nil for none.
  public var unit: String? { isShare ? "%" : nil }

  /// Its name as people are shown it: `validation accuracy`.
  public var title: String { name.replacing("_", with: " ") }

  /// A value of it in few characters; accuracies in per cent.
  public func text(_ value: Double) -> String {
    isShare && value.isFinite
      ? String(format: "%.2f %%", value * scale) : ProgressDisplay.format(value)
  }
}
