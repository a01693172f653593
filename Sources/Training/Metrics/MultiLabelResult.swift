import Tensors

/// What a classifier does on a whole set whose samples can have several labels at once, in inference mode.
///
/// Each label is a question of its own, answered yes where its probability, the sigmoid of its logit, is above ½.
public struct MultiLabelResult: Sendable {
  /// Mean binary cross-entropy of samples and labels.
  public private(set) var loss = 0.0
  /// How many samples.
  public private(set) var count = 0
  /// How many labels there are.
  public let labels: Int
  /// The probabilities of the labels, `[samples, labels]` row after row, in single precision.
  public private(set) var scores: [Float] = []
  /// The true ones, in the same places: 1 for those that a sample has, else 0.
  public private(set) var targets: [UInt8] = []

  /// An empty result for that many labels, at least one.
  public init(labels: Int) {
    require(labels > 0, "MultiLabelResult: \(labels) labels; there has to be at least one")
    self.labels = labels
  }

  /// The share of samples and labels that were answered rightly, which is the mean of the labels' own shares.
  public var accuracy: Double {
    let right = zip(scores, targets).count { ($0 > 0.5) == ($1 == 1) }
    return Double(right) / Double(max(scores.count, 1))
  }

  /// The label with the highest probability for a sample, the first of equal ones.
  public func surestLabel(of sample: Int) -> Int {
    let own = scores[sample * labels..<(sample + 1) * labels]
    return own.indices.reduce(own.startIndex) { own[$1] > own[$0] ? $1 : $0 } - own.startIndex
  }

  /// The areas under the curves, each label with and without it.
  public func areaUnderROC() -> AreaUnderROC {
    AreaUnderROC(scores: scores, targets: targets, labels: labels)
  }

  /// Loss, accuracy and the mean AUC, named for a part of the data: `test_loss`, `test_accuracy`, `test_auc`; NaN
  /// where there is none.
  ///
  /// As the evaluator of MedMNIST computes them. Yang et al., "MedMNIST v2", Scientific Data 10 (2023).
  public func metrics(of part: String) -> [String: Double] {
    [
      "\(part)_loss": loss, "\(part)_accuracy": accuracy,
      "\(part)_auc": areaUnderROC().mean ?? .nan,
    ]
  }

  /// Adds a batch: logits and targets, each `[batch, labels]`.
  public mutating func add(logits: Tensor, targets: Tensor) {
    require(
      logits.shape == targets.shape && logits.rank == 2 && logits.shape[1] == labels,
      "MultiLabelResult.add: logits of shape \(logits.shape) and targets of shape \(targets.shape); both have to be "
        + "[batch, \(labels)]")
    let rows = logits.shape[0]
    let sum = bernoulliNegativeLogLikelihood(targets.converted(to: logits.dtype), logits: logits)
    let total = loss * Double(count) + sum.item / Double(labels) * Double(rows)
    count += rows
    loss = total / Double(count)
    scores += sigmoid(logits).floats
    self.targets += targets.floats.map { $0 == 1 ? 1 : 0 }
  }
}
