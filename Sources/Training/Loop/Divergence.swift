import Tensors

/// What is said of a training whose numbers are lost.
enum Divergence {
  static let advice = "a lower --learning-rate usually helps"

  /// Throws bad data where a loss that was measured is no number: of weights that are still finite, with which steps
  /// may have had finite losses.
  ///
  /// - Parameters:
  ///   - metrics: by plain names; those that end in `loss` or `mse` are looked at.
  ///   - place: the last step.
  static func check(_ metrics: [String: Double], after place: String) throws {
    let losses = metrics.filter { $0.key.hasSuffix("loss") || $0.key.hasSuffix("mse") }
    guard let (name, value) = losses.filter({ !$0.value.isFinite }).min(by: { $0.key < $1.key })
    else { return }
    throw AdjointError(
      .badData,
      "the \(ProgressDisplay.words(ofMetric: name)) is \(value.isNaN ? "nan" : "\(value)") after \(place); \(advice)"
    )
  }
}
