import Datasets
import Figures
import Tensors
import Testing
import Training

@testable import Experiments

@Suite struct MultiLabelReportTests {
  private let set: ClassificationSet

  init() throws {
    set = try ClassificationSet(
      pixels: [0, 80, 160], height: 1, width: 1, channels: 1, targets: [1, 0, 0, 0, 1, 1],
      classNames: ["ant", "bee"], description: "three pixels")
  }

  private func section(_ logits: [Float]) throws -> String {
    let targets = Tensor(try #require(set.targets).map(Float.init), shape: [3, 2])
    var result = MultiLabelResult(labels: 2)
    result.add(logits: Tensor(logits, shape: [3, 2]), targets: targets)
    let report = Report(
      title: "", subtitle: "", keyFigures: [],
      sections: [MultiLabelReport.mistakes(result, on: set)], footer: "")
    return report.html()
  }

  @Test func countsAndMistakes() throws {
    // Wrong are bee of the second image and ant of the third.
    let text = try section([2, -2, -2, 2, -2, 2])
    #expect(text.contains("2 of 6 labels of 3 test images are answered wrongly"))
    // σ(2) = 0.88: two images have ant, one of them found; bee has one image, found, and a false alarm.
    #expect(text.contains("bee 88 %") && text.contains("ant 12 %"))
    #expect(text.contains("has none") && text.contains("has ant, bee"))
  }

  /// A network whose last step led too far: the weights are finite, what it says is not.
  @Test func notANumber() throws {
    let text = try section([Float](repeating: .nan, count: 6))
    #expect(text.contains("3 of 6 labels of 3 test images are answered wrongly"))
    #expect(text.contains("ant NaN") && !text.contains("NaN %"))
    #expect(ClassificationReport.percent(.nan) == "NaN")
    #expect(ClassificationReport.percent(0.996) == "100 %")
  }
}
