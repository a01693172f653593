import Tensors

/// What a classifier does on a whole set, in inference mode.
public struct ClassificationResult: Sendable {
  /// Mean cross-entropy.
  public private(set) var loss = 0.0
  /// How many samples.
  public private(set) var count = 0
  /// `counts[truth][prediction]`
  public private(set) var confusion: [[Int]]
  /// The predicted class of each sample, in order.
  public private(set) var predictions: [Int32] = []
  /// The probability of the predicted class of each sample, in order.
  public private(set) var confidences: [Float] = []
  /// The probabilities of all classes, `[samples, classes]` row after row, in single precision; nil if they
  /// are not kept.
  public private(set) var scores: [Float]?
  private var labels: [Int32] = []

  /// An empty result for that many classes.
  ///
  /// - Parameters:
  ///   - classes: how many there are.
  ///   - keepingScores: whether to keep the probabilities of all classes, which ``areaUnderROC()`` needs: four
  ///     bytes for each sample and class.
  public init(classes: Int, keepingScores: Bool = false) {
    confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    if keepingScores { scores = [] }
  }

  /// The share of samples that were classified rightly.
  public var accuracy: Double {
    let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
    return Double(right) / Double(max(count, 1))
  }

  /// For each class the share of its samples that were classified rightly; nil for a class without any.
  public var recalls: [Double?] {
    confusion.indices.map { truth in
      let samples = confusion[truth].reduce(0, +)
      return samples > 0 ? Double(confusion[truth][truth]) / Double(samples) : nil
    }
  }

  /// The areas under the curves, each class against the rest; stops if the scores were not kept.
  public func areaUnderROC() -> AreaUnderROC {
    guard let scores else {
      stop(
        "ClassificationResult.areaUnderROC: the scores were not kept; make the result with "
          + "keepingScores: true")
    }
    return AreaUnderROC(scores: scores, labels: labels, classes: confusion.count)
  }

  /// Loss, accuracy and, where the scores were kept, the AUC, named for a part of the data: `test_loss`,
  /// `test_accuracy`, `test_auc`; NaN where there is none.
  public func metrics(of part: String) -> [String: Double] {
    var metrics = ["\(part)_loss": loss, "\(part)_accuracy": accuracy]
    if scores != nil { metrics["\(part)_auc"] = areaUnderROC().mean ?? .nan }
    return metrics
  }

  /// Adds a batch: logits `[batch, classes]` and labels `[batch]`; stops if there are other than so many classes.
  public mutating func add(logits: Tensor, labels: IndexTensor) {
    require(
      logits.rank == 2 && logits.shape[1] == confusion.count,
      "ClassificationResult.add: logits of shape \(logits.shape) for \(confusion.count) classes")
    let (batchLoss, probabilities) = softmaxCrossEntropyWithProbabilities(logits, labels: labels)
    let total = loss * Double(count) + batchLoss.item * Double(labels.count)
    count += labels.count
    loss = total / Double(count)
    let best = argmax(probabilities, axis: 1).values
    confidences += maximum(probabilities, axis: 1).floats
    predictions += best
    for (truth, prediction) in zip(labels.values, best) {
      confusion[Int(truth)][Int(prediction)] += 1
    }
    if scores != nil {
      scores? += probabilities.floats
      self.labels += labels.values
    }
  }
}
