import Tensors

/// Areas under the curves of the receiver's operating characteristic, each class against the rest, or each label with
/// and without it.
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
  /// Samples of each class.
  private let counts: [Int]
  /// Samples in all.
  private let samples: Int
  private let hasNaN: Bool
  /// Whether a sample can be of several classes at once.
  private let hasSeveralLabels: Bool

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
    for label in labels {
      require(
        label >= 0 && label < classes, "AreaUnderROC: label \(label) of \(classes) classes")
    }
    self.init(scores, samples: labels.count, classes: classes, hasSeveralLabels: false) {
      sample, one in
      labels[sample] == one
    }
  }

  /// The areas of the labels' scores, where a sample can have several labels, or none.
  ///
  /// - Parameters:
  ///   - scores: `[samples, labels]`, row after row; the higher, the likelier the label.
  ///   - targets: the same shape: 1 for the labels that a sample has, else 0.
  ///   - labels: how many there are, at least one.
  public init(scores: [Float], targets: [UInt8], labels: Int) {
    require(
      labels >= 1 && scores.count == targets.count && scores.count % labels == 0,
      "AreaUnderROC: \(scores.count) scores and \(targets.count) targets of \(labels) labels; there has to be one "
        + "of each for each sample and label, and at least one label")
    self.init(scores, samples: scores.count / labels, classes: labels, hasSeveralLabels: true) {
      targets[$0 * labels + $1] == 1
    }
  }

  private init(
    _ scores: [Float], samples: Int, classes: Int, hasSeveralLabels: Bool,
    isPositive: (_ sample: Int, _ one: Int) -> Bool
  ) {
    let hasNaN = scores.contains(where: \.isNaN)
    let counts = (0..<classes).map { one in (0..<samples).count { isPositive($0, one) } }
    (self.counts, self.samples) = (counts, samples)
    (self.hasNaN, self.hasSeveralLabels) = (hasNaN, hasSeveralLabels)
    ofClasses = (0..<classes).map { one in
      guard !hasNaN, counts[one] > 0, counts[one] < samples else { return nil }
      return AreaUnderROC.area(
        (0..<samples).map { (scores[$0 * classes + one], isPositive($0, one)) })
    }
  }

  /// One number for all: the mean of the classes or labels that have an area, and of two classes the second one's.
  ///
  /// As the evaluator of MedMNIST computes it, which stops at a class without samples. Yang et al.,
  /// "MedMNIST v2", Scientific Data 10 (2023). nil where no class has an area.
  public var mean: Double? {
    if ofClasses.count == 2 && !hasSeveralLabels { return ofClasses[1] }
    let areas = ofClasses.compactMap { $0 }
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }

  /// What is missing from ``mean``, in a sentence; nil if nothing is.
  ///
  /// - Parameter names: those of the classes, in order; their numbers where there are none.
  public func warning(classNames names: [String] = []) -> String? {
    if hasNaN { return "AUC: not computed, for scores are NaN" }
    if hasSeveralLabels { return warningOfLabels(names) }
    let absent = counts.indices.filter { counts[$0] == 0 }
    guard !absent.isEmpty else { return nil }
    func name(_ index: Int) -> String { Self.name(index, names) }
    let present = counts.indices.filter { counts[$0] > 0 }
    guard present.count > 1 else {
      return present.first.map { "AUC: not computed, for all samples are of class \(name($0))" }
        ?? "AUC: not computed, for there are no samples"
    }
    return
      "AUC: no sample is of class \(absent.map(name).joined(separator: ", ")); the mean is that of "
      + "the other \(present.count) classes"
  }

  /// A label that all samples have, or none, tells nothing apart.
  private func warningOfLabels(_ names: [String]) -> String? {
    guard samples > 0 else { return "AUC: not computed, for there are no samples" }
    let without = ofClasses.indices.filter { ofClasses[$0] == nil }
    guard !without.isEmpty else { return nil }
    let list = without.map { Self.name($0, names) }.joined(separator: ", ")
    let rest = ofClasses.count - without.count
    return "AUC: all samples or none have label \(list); "
      + (rest > 0
        ? "the mean is that of the other \(rest == 1 ? "label" : "\(rest) labels")"
        : "there is no mean")
  }

  private static func name(_ index: Int, _ names: [String]) -> String {
    names.indices.contains(index) ? "\(index) (\(names[index]))" : "\(index)"
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
