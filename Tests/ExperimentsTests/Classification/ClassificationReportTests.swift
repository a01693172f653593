import Datasets
import Figures
import Tensors
import Testing

@testable import Experiments

@Suite struct ClassificationReportTests {
  private func page(units: Int, channels: Int) throws -> String {
    let set = try ClassificationSet(
      pixels: [UInt8](repeating: 9, count: 4 * channels), height: 2, width: 2, channels: channels,
      labels: [0], classNames: ["ant", "bee"], description: "one image")
    let section = ClassificationReport.firstLayer(.ones([units, 4 * channels]), of: set)
    return Report(title: "", sections: [try #require(section)]).html()
  }

  /// How many units are shown is said where those are not all.
  @Test(arguments: [1, 3])
  func firstUnitsOfMany(channels: Int) throws {
    let many = try page(units: 1256, channels: channels)
    #expect(many.contains("The first 100 of 1,256 hidden units. Each square holds the weights"))
    #expect(many.components(separatedBy: "<image").count == 101)
    #expect(try !page(units: 100, channels: channels).contains("The first"))
  }

  /// A figure stands beside the metric that it is of.
  @Test func publishedAccuracies() {
    func notes(_ published: [String: String]) -> [String?] {
      ClassificationReport.keyFigures(
        ["test_accuracy": 0.5, "train_accuracy": 0.6], [], published: published
      ).map(\.note)
    }
    #expect(notes(["test_accuracy": "published: 1 %"]) == ["published: 1 %", nil, nil])
    #expect(notes(["train_accuracy": "a", "test_auc": "b"]) == [nil, "a", nil])
    #expect(notes([:]) == [nil, nil, nil])
  }

  /// Of 9 weights, 3 of which are frozen.
  @Test func trainedParameters() {
    let parameters = [Parameter(.ones([2, 3])), Parameter(.ones([3]))]
    func figure() -> Report.KeyFigure? { ClassificationReport.keyFigures([:], parameters).last }
    #expect(figure() == .init("Parameters", "9"))
    parameters[1].isFrozen = true
    #expect(figure() == .init("Parameters", "9", note: "trained: 6"))
  }
}
