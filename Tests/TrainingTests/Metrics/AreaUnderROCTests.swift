import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct AreaUnderROCTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let classes: Int
    let labels: [Int32]
    let scores: [Float]
    let areas: [Double]
    var testDescription: String { name }
  }

  @Test(arguments: AreaUnderROCReference.cases)
  func isTheShareOfPairs(_ reference: Case) throws {
    let found = AreaUnderROC(
      scores: reference.scores, labels: reference.labels, classes: reference.classes)
    for (area, expected) in zip(found.ofClasses, reference.areas) {
      #expect(abs(try #require(area) - expected) < 1e-15)
    }
    let mean =
      reference.classes == 2
      ? reference.areas[1] : reference.areas.reduce(0, +) / Double(reference.classes)
    #expect(abs(try #require(found.mean) - mean) < 1e-15)
    #expect(found.warning() == nil)
  }

  /// A class against the rest is a label with and without it; of two labels both count.
  @Test(arguments: AreaUnderROCReference.cases)
  func ofLabels(_ reference: Case) throws {
    let targets = reference.labels.flatMap { label in
      (0..<reference.classes).map { UInt8(Int(label) == $0 ? 1 : 0) }
    }
    let found = AreaUnderROC(scores: reference.scores, targets: targets, labels: reference.classes)
    for (area, expected) in zip(found.ofClasses, reference.areas) {
      #expect(abs(try #require(area) - expected) < 1e-15)
    }
    let mean = reference.areas.reduce(0, +) / Double(reference.classes)
    #expect(abs(try #require(found.mean) - mean) < 1e-15)
    #expect(found.warning() == nil)
  }

  @Test func labelsThatTellNothingApart() {
    // The first label is had by all, the second by none, the third by one of two.
    let scores: [Float] = [0.5, 0.25, 0.75, 0.5, 0.5, 0.25]
    let found = AreaUnderROC(scores: scores, targets: [1, 0, 1, 1, 0, 0], labels: 3)
    #expect(found.ofClasses == [nil, nil, 1] && found.mean == 1)
    #expect(
      found.warning(classNames: ["a", "b", "c"])
        == "AUC: all samples or none have label 0 (a), 1 (b); the mean is that of the other label"
    )
    let none = AreaUnderROC(scores: [0.5, 0.25], targets: [1, 1], labels: 1)
    #expect(none.mean == nil)
    #expect(none.warning() == "AUC: all samples or none have label 0; there is no mean")
    #expect(
      AreaUnderROC(scores: [], targets: [], labels: 2).warning()
        == "AUC: not computed, for there are no samples")
    #expect(
      AreaUnderROC(scores: [.nan], targets: [1], labels: 1).warning()
        == "AUC: not computed, for scores are NaN")
  }

  /// Columns that do not sum to one, as scores need not: of two classes the second counts, not the mean.
  @Test func ofTwoClassesTheSecondCounts() {
    let found = AreaUnderROC(
      scores: [0, 0, 0, 0, 0, 1, 0, 1], labels: [0, 0, 1, 1], classes: 2)
    #expect(found.ofClasses == [0.5, 1])
    #expect(found.mean == 1)
  }

  @Test(
    arguments: [
      ([0.1, 0.2, 0.3, 0.4], 1.0), ([0.4, 0.3, 0.2, 0.1], 0), ([0.5, 0.5, 0.5, 0.5], 0.5),
      ([-Float.infinity, 0, 0, .infinity], 0.875),
    ] as [([Float], Double)])
  func closedForms(second: [Float], expected: Double) {
    let scores = second.flatMap { [-$0, $0] }
    let found = AreaUnderROC(scores: scores, labels: [0, 0, 1, 1], classes: 2)
    #expect(found.ofClasses == [expected, expected])
  }

  @Test func aClassWithoutSamplesIsLeftOutInWords() {
    let found = AreaUnderROC(
      scores: [1, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0.5], labels: [0, 3, 3], classes: 4)
    #expect(found.ofClasses == [1, nil, nil, 1])
    #expect(found.mean == 1)
    #expect(
      found.warning()
        == "AUC: no sample is of class 1, 2; the mean is that of the other 2 classes")
    #expect(
      found.warning(classNames: ["fat", "void", "debris", "mucus"])
        == "AUC: no sample is of class 1 (void), 2 (debris); the mean is that of the other 2 classes"
    )
  }

  @Test func noAreaAtAll() {
    let one = AreaUnderROC(scores: [0, 1, 1, 0], labels: [1, 1], classes: 2)
    #expect(one.mean == nil)
    #expect(
      one.warning(classNames: ["a", "b"])
        == "AUC: not computed, for all samples are of class 1 (b)")
    let none = AreaUnderROC(scores: [], labels: [], classes: 3)
    #expect(none.mean == nil)
    #expect(none.warning() == "AUC: not computed, for there are no samples")
    let spoilt = AreaUnderROC(scores: [0, 1, .nan, 0], labels: [0, 1], classes: 2)
    #expect(spoilt.mean == nil && spoilt.ofClasses == [nil, nil])
    #expect(spoilt.warning() == "AUC: not computed, for scores are NaN")
  }

  @Test func stopsAtScoresThatDoNotFit() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = AreaUnderROC(scores: [0, 1, 2], labels: [0, 1], classes: 2) }
    expectStop(
      result,
      "AreaUnderROC: 3 scores for 2 samples of 2 classes; there has to be one for each sample and "
        + "class, and at least two classes")
    let label = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = AreaUnderROC(scores: [0, 1], labels: [2], classes: 2) }
    expectStop(label, "AreaUnderROC: label 2 of 2 classes")
  }
}
