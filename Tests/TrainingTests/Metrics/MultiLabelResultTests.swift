import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct MultiLabelResultTests {
  /// Logits ln(p / (1 − p)): the probabilities are the numbers themselves.
  private func logits(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.joined().map { log($0 / (1 - $0)) }, shape: [rows.count, 2], dtype: .float64)
  }

  private func targets(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.flatMap { $0 }, shape: [rows.count, 2], dtype: .float32)
  }

  @Test func resultOverBatches() throws {
    var result = MultiLabelResult(labels: 2)
    #expect(result.accuracy == 0 && result.count == 0 && result.areaUnderROC().mean == nil)
    result.add(
      logits: logits([[0.75, 0.25], [0.625, 0.875]]), targets: targets([[1, 0], [0, 1]]))
    result.add(logits: logits([[0.25, 0.375]]), targets: targets([[1, 1]]))
    #expect(result.count == 3 && result.targets == [1, 0, 0, 1, 1, 1])
    for (score, expected) in zip(result.scores, [0.75, 0.25, 0.625, 0.875, 0.25, 0.375] as [Float])
    {
      #expect(abs(score - expected) <= 1e-7)
    }
    // Right are 0.75, 0.25 and 0.875.
    #expect(result.accuracy == 0.5)
    let expected = -(log(0.75) + log(0.75) + log(0.375) + log(0.875) + log(0.25) + log(0.375)) / 6
    #expect(abs(result.loss - expected) < 1e-15)
    #expect((0..<3).map(result.surestLabel) == [0, 1, 1])
    // Label 0: 0.75 above 0.625, 0.25 not. Label 1: both above 0.25.
    #expect(result.areaUnderROC().ofClasses == [0.5, 1])
    let metrics = result.metrics(of: "test")
    #expect(metrics == ["test_loss": result.loss, "test_accuracy": 0.5, "test_auc": 0.75])
  }

  /// A probability of one half says no.
  @Test func theThreshold() {
    var result = MultiLabelResult(labels: 2)
    result.add(logits: logits([[0.5, 0.5]]), targets: targets([[0, 0]]))
    #expect(result.accuracy == 1 && result.surestLabel(of: 0) == 0)
  }

  @Test func stopsAtOtherShapes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var result = MultiLabelResult(labels: 3)
      result.add(logits: .zeros([2, 3]), targets: .zeros([2, 2]))
    }
    expectStop(
      result,
      "MultiLabelResult.add: logits of shape [2, 3] and targets of shape [2, 2]; both have to be [batch, 3]"
    )
  }
}
