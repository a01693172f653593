import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct ClassificationResultTests {
  private func logits(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.joined().map { log($0) }, shape: [rows.count, 3], dtype: .float64)
  }

  /// Logits that are logarithms: the probabilities are the numbers themselves.
  @Test func resultOverBatches() {
    var result = ClassificationResult(classes: 3)
    #expect(result.accuracy == 0 && result.count == 0)
    result.add(
      logits: logits([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5]]),
      labels: IndexTensor([0, 1, 1]))
    result.add(logits: logits([[0.5, 0.25, 0.25]]), labels: IndexTensor([2]))
    #expect(result.count == 4)
    #expect(result.predictions == [0, 1, 2, 0])
    #expect(result.confusion == [[1, 0, 0], [0, 1, 1], [1, 0, 0]])
    #expect(result.accuracy == 0.5)
    #expect(result.recalls == [1, 0.5, 0])
    #expect(result.scores == nil)
    #expect(result.metrics(of: "test").keys.sorted() == ["test_accuracy", "test_loss"])
    let expected = -(log(0.5) + log(0.75) + log(0.25) + log(0.25)) / 4
    #expect(abs(result.loss - expected) < 1e-15)
    for (confidence, probability) in zip(result.confidences, [0.5, 0.75, 0.5, 0.5]) {
      #expect(abs(Double(confidence) - probability) < 1e-7)
    }
  }

  @Test(arguments: [2, 4])
  func stopsAtOtherClasses(columns: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [columns] in
      var result = ClassificationResult(classes: 3)
      result.add(logits: .ones([1, columns]), labels: IndexTensor([1]))
    }
    expectStop(
      result, "ClassificationResult.add: logits of shape [1, \(columns)] for 3 classes")
  }

  /// Class 0 has one of two samples above both others and one tied with one of them: (2 + 1.5)/4.
  @Test func areaOverBatches() {
    var result = ClassificationResult(classes: 3, keepingScores: true)
    result.add(
      logits: logits([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]), labels: IndexTensor([0, 1]))
    result.add(
      logits: logits([[0.25, 0.125, 0.625], [0.125, 0.25, 0.625]]), labels: IndexTensor([0, 1]))
    #expect(result.scores?.count == 12)
    #expect(result.areaUnderROC().ofClasses == [0.875, 0.875, nil])
    #expect(result.metrics(of: "validation")["validation_auc"] == 0.875)
    #expect(result.recalls == [0.5, 0.5, nil])
  }

  /// The metric is there all the same: a plan that keeps the best epoch by it finds it.
  @Test(arguments: [(Float.nan, Int32(1)), (0.5, 0)])
  func whereThereIsNoArea(score: Float, second: Int32) throws {
    var result = ClassificationResult(classes: 2, keepingScores: true)
    result.add(
      logits: Tensor([score, 0.5, 0.25, 0.75], shape: [2, 2]), labels: IndexTensor([0, second]))
    #expect(try #require(result.metrics(of: "validation")["validation_auc"]).isNaN)
  }

  @Test func stopsWhereScoresWereNotKept() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ClassificationResult(classes: 2).areaUnderROC() }
    expectStop(
      result,
      "ClassificationResult.areaUnderROC: the scores were not kept; make the result with "
        + "keepingScores: true")
  }
}
