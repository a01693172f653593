import Tensors

/// What is said of a training whose numbers are lost.
enum Divergence {
  static let advice = "a lower --learning-rate usually helps"
  /// The first loss is that of weights that no step has changed.
  static let adviceAtFirst =
    "no step had been taken: look at the data and the weights it begins with"

  /// Throws bad data where a loss that was measured is no number: of weights that are still finite, with which steps
  /// may have had finite losses.
  ///
  /// - Parameters:
  ///   - metrics: by plain names; those of losses are looked at.
  ///   - place: the last step.
  static func check(_ metrics: [String: Double], after place: String) throws {
    let losses = metrics.filter { Metric($0.key).isLoss }
    guard let (name, value) = losses.filter({ !$0.value.isFinite }).min(by: { $0.key < $1.key })
    else { return }
    throw AdjointError(
      .badData,
      "the \(Metric(name).title) is \(value.isNaN ? "nan" : "\(value)") after \(place); \(advice)"
    )
  }

  /// What to say of a loss that stayed finite and grew a hundredfold and more; nil of any other. A loss that may be
  /// negative, as a likelihood's, grows from no number in particular.
  static func remark(on losses: [Double]) -> String? {
    let latest = losses.suffix(100)
    let mean = latest.reduce(0, +) / Double(latest.count)
    guard let first = losses.first, first > 0, mean > 100, mean > 100 * first else { return nil }
    return "the loss rose from \(ProgressDisplay.format(first)) at the first step to "
      + "\(ProgressDisplay.format(mean)) over the last \(latest.count); \(advice)"
  }
}
