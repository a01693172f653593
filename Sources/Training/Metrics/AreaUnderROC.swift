import Tensors

/// Areas under the curves of the receiver's operating characteristic, each class against the rest.
///
/// The area of a class is the share of pairs, a sample of the class and one of another, in which the first
/// has the higher score; a tie counts half. With r the ranks of all scores, tied ones averaged,
/// A = (Σ r over the class − n₊ (n₊ + 1)/2) / (n₊ n₋). It is what scikit-learn's `roc_auc_score` gives.
///
/// Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
/// curve", Radiology 143 (1982).
public struct AreaUnderROC: Sendable, Equatable {
  /// That of each class; nil where the class has no sample, or all of them, or a score is NaN.
  public let ofClasses: [Double?]
  private let counts: [Int]
  private let hasNaN: Bool

  /// The areas of the classes' scores.
  ///
  /// - Parameters:
  ///   - scores: `[samples, classes]`, row after row; the higher, the likelier the class.
  ///   - labels: the true class of each sample.
  ///   - classes: how many there are, at least two.
  public init(scores: [Float], labels: [Int32], classes: Int) {
    require(
      classes >= 2 && scores.count == labels.count * classes,
      "AreaUnderROC: \(scores.count) scores for \(labels.count) samples of \(classes) classes; "
        + "there has to be one for each sample and class, and at least two classes")
    var counts = [Int](repeating: 0, count: classes)
    for label in labels {
      require(
        label >= 0 && label < classes, "AreaUnderROC: label \(label) of \(classes) classes")
      counts[Int(label)] += 1
    }
    self.counts = counts
    let hasNaN = scores.contains(where: \.isNaN)
    self.hasNaN = hasNaN
    ofClasses = (0..<classes).map { one in
      guard !hasNaN, counts[one] > 0, counts[one] < labels.count else { return nil }
      return AreaUnderROC.area(
        labels.indices.map { (scores[$0 * classes + one], labels[$0] == one) })
    }
  }

  /// One number for all: the mean of the classes that have an area, and of two classes the second one's.
  ///
  /// As the evaluator of MedMNIST computes it, which stops at a class without samples. Yang et al.,
  /// "MedMNIST v2", Scientific Data 10 (2023). nil where no class has an area.
  public var mean: Double? {
    if ofClasses.count == 2 { return ofClasses[1] }
    let areas = ofClasses.compactMap { $0 }
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }

  /// What is missing from ``mean``, in a sentence; nil if nothing is.
  ///
  /// - Parameter names: those of the classes, in order; their numbers where there are none.
  public func warning(classNames names: [String] = []) -> String? {
    if hasNaN { return "AUC: not computed, for scores are NaN" }
    let absent = counts.indices.filter { counts[$0] == 0 }
    guard !absent.isEmpty else { return nil }
    func name(_ index: Int) -> String {
      names.indices.contains(index) ? "\(index) (\(names[index]))" : "\(index)"
    }
    let present = counts.indices.filter { counts[$0] > 0 }
    guard present.count > 1 else {
      return present.first.map { "AUC: not computed, for all samples are of class \(name($0))" }
        ?? "AUC: not computed, for there are no samples"
    }
    return
      "AUC: no sample is of class \(absent.map(name).joined(separator: ", ")); the mean is that of "
      + "the other \(present.count) classes"
  }

  /// That of scores with whether each sample is of the class; both kinds are there, no score is NaN.
  private static func area(_ samples: [(score: Float, isPositive: Bool)]) -> Double {
    let sorted = samples.sorted { $0.score < $1.score }
    let positives = sorted.count { $0.isPositive }
    // Twice the sum, so that averaged ranks are whole numbers and nothing is rounded.
    var twiceRanks = 0
    var first = 0
    while first < sorted.count {
      var (end, tied) = (first, 0)
      while end < sorted.count && sorted[end].score == sorted[first].score {
        if sorted[end].isPositive { tied += 1 }
        end += 1
      }
      // Ranks count from 1: those of first ..< end have the mean (first + 1 + end) / 2.
      twiceRanks += tied * (first + 1 + end)
      first = end
    }
    let twiceWins = twiceRanks - positives * (positives + 1)
    return Double(twiceWins) / (2 * Double(positives) * Double(sorted.count - positives))
  }
}
