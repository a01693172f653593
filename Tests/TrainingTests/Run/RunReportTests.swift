import Figures
import Foundation
import Testing

@testable import Training

@Suite struct RunReportTests {
  private func history(epochs: Int, steps: Int = 4, falling rate: Bool = false) -> History {
    var history = History()
    for epoch in 1...max(epochs, 1) {
      for step in 0..<steps {
        history.losses.append(1 / Double(epoch * steps + step))
        history.learningRates.append(rate ? 1 / Double(epoch) : 1)
      }
      guard epoch <= epochs else { continue }
      history.epochs.append(
        .init(
          epoch: epoch, step: epoch * steps,
          metrics: [
            "train_loss": 1, "test_loss": 2, "train_accuracy": 0.5, "test_accuracy": 0.25,
            "validation_accuracy": 0.125,
          ]))
    }
    return history
  }

  private func page(_ section: Report.Section) -> String {
    Report(title: "t", sections: [section]).html()
  }

  @Test func curvesOfLossAccuracyAndRate() {
    let html = page(RunReport.curves(of: history(epochs: 3, falling: true)))
    for words in [
      "<h2>Training</h2>", "Training loss", "Accuracy", "Loss of each epoch", "Learning rate",
      ">training<", ">validation<", ">test<", "The loss of each of the 12 batches",
    ] {
      #expect(html.contains(words), "\(words)")
    }
  }

  @Test func curvesOfAreas() {
    var history = history(epochs: 3)
    #expect(!page(RunReport.curves(of: history)).contains("ROC"))
    history.epochs = history.epochs.map {
      .init(
        epoch: $0.epoch, step: $0.step,
        metrics: ["validation_auc": 0.8 + 0.05 * Double($0.epoch), "test_auc": 0.9])
    }
    let html = page(RunReport.curves(of: history))
    for words in ["Area under the ROC curve", ">validation<", ">test<", ">AUC<"] {
      #expect(html.contains(words), "\(words)")
    }
  }

  @Test func aRateThatStaysIsNotDrawn() {
    let html = page(RunReport.curves(of: history(epochs: 3)))
    #expect(html.contains("Loss of each epoch"))
    #expect(!html.contains("Learning rate"))
  }

  @Test func oneEpochMakesNoCurve() {
    let html = page(RunReport.curves(of: history(epochs: 1)))
    #expect(html.contains("Training loss"))
    #expect(!html.contains("Loss of each epoch"))
  }

  @Test func nothingMeasured() {
    #expect(RunReport.curves(of: History()).blocks.isEmpty)
    #expect(RunReport.curves(of: history(epochs: 0, steps: 1)).blocks.isEmpty)
  }

  /// A loss of zero or below has no logarithm.
  @Test func lossesBelowZeroAreDrawn() {
    var history = History()
    history.losses = [1, 0, -1]
    history.learningRates = [1, 1, 1]
    let html = page(RunReport.curves(of: history))
    #expect(html.contains("Training loss") && !html.contains("nan"))
  }

  @Test func provenance() {
    var environment = RunEnvironment.current(data: "digits of <nobody>")
    environment.processor = "Processor X"
    let html = page(RunReport.provenance(environment, configuration: "{\n  \"hidden\": 5\n}"))
    #expect(html.contains("digits of &lt;nobody&gt;"))
    #expect(html.contains("Processor X, "))
    #expect(html.contains("<td>\(environment.threads) of \(environment.cores) cores</td>"))
    #expect(html.contains("hidden"))
  }
}
