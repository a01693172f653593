/// Which epoch's weights a run ends with: those of the best so far by a metric, and not the last ones. Epochs are
/// measured when they are whole; one that the last step cuts short is not among them.
public struct BestEpoch: Sendable, Equatable {
  /// The name of a metric that the task measures after each epoch, such as `validation_mse`.
  public var metric: String
  /// Whether more is better, as for an accuracy.
  public var isHigherBetter: Bool
  /// After so many epochs without a better one training stops; nil for never.
  public var patience: Int?

  /// A rule.
  public init(_ metric: String, isHigherBetter: Bool = false, patience: Int? = nil) {
    self.metric = metric
    self.isHigherBetter = isHigherBetter
    self.patience = patience
  }

  /// The best epoch so far, as a checkpoint keeps it.
  struct Found: Codable, Sendable, Equatable {
    /// How many epochs were over when it was.
    var epoch: Int
    var value: Double
  }

  /// The first of the best epochs; nil where none is over.
  public func best(of epochs: [History.Epoch]) -> History.Epoch? {
    var found: (epoch: History.Epoch, kept: Found)?
    for epoch in epochs {
      guard let value = epoch.metrics[metric], isBetter(value, than: found?.kept) else { continue }
      found = (epoch, Found(epoch: epoch.epoch, value: value))
    }
    return found?.epoch
  }

  func isBetter(_ value: Double, than found: Found?) -> Bool {
    guard let found else { return true }
    if found.value.isNaN { return !value.isNaN }
    return isHigherBetter ? value > found.value : value < found.value
  }

  /// Whether patience has run out at the end of that many epochs.
  func isOver(_ found: Found?, after epochs: Int) -> Bool {
    guard let found, let patience else { return false }
    return epochs - found.epoch >= patience
  }
}
