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
      ">training<", ">validation<", ">test<", "The loss of each of the 12 batches.",
      "Mean over the epoch for training, after it for the others.",
      "From 1, the highest, to 0.333.",
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

  /// The third colour is the test part's where it stands beside training alone, too, and the second the validation
  /// part's where there is no training curve.
  @Test(arguments: [
    (["train_accuracy", "validation_accuracy", "test_accuracy"], ["s0", "s1", "s2"]),
    (["train_accuracy", "test_accuracy"], ["s0", "s2"]), (["validation_auc"], ["s1"]),
    (["validation_auc", "test_auc"], ["s1", "s2"]), (["test_mse"], ["s2"]),
    // Of no part.
    (["train_loss", "loss"], ["s0", "s3"]),
  ])
  func colorsOfTheParts(names: [String], colors: [String]) {
    var history = history(epochs: 2)
    let metrics = Dictionary(uniqueKeysWithValues: names.map { ($0, 0.5) })
    history.epochs = history.epochs.map { .init(epoch: $0.epoch, step: $0.step, metrics: metrics) }
    history.measures = [1, 2].map { .init(step: $0, metrics: metrics) }
    let plots = RunReport.curves(of: history).blocks.flatMap { block -> [any Figure] in
      guard case .row(let row) = block else { return [] }
      return row.map(\.figure)
    }
    #expect(plots.count == 2)
    for plot in plots {
      let drawn = plot.svg().matches(of: /class="line (s\d)"/).map { String($0.1) }
      // In the legend, then the curves.
      #expect(drawn == colors + colors, "\(names)")
    }
  }

  /// What the caption says is on the chart.
  @Test(arguments: [
    (["train_loss"], "Mean over the epoch."), (["test_loss"], "After each epoch."),
    (["train_loss", "test_loss"], "Mean over the epoch for training, after it for the others."),
  ])
  func captionOfTheEpochs(names: [String], caption: String) {
    var history = history(epochs: 2)
    history.epochs = history.epochs.map {
      let metrics = Dictionary(uniqueKeysWithValues: names.map { ($0, 1.0) })
      return .init(epoch: $0.epoch, step: $0.step, metrics: metrics)
    }
    let html = page(RunReport.curves(of: history))
    #expect(html.contains("<figcaption>\(caption)</figcaption>"))
  }

  /// What an experiment draws itself is not drawn twice.
  @Test func metricsLeftOut() {
    let history = history(epochs: 3)
    let html = page(RunReport.curves(of: history, leavingOut: [.loss]))
    #expect(!html.contains("Loss of each epoch") && html.contains("Accuracy"))
    #expect(html.contains("Training loss"))
  }

  private func losses(_ values: [Double], rates: [Double]? = nil) -> [LinePlot] {
    var history = History()
    history.losses = values
    history.learningRates = rates ?? values.map { _ in 1 }
    return RunReport.curves(of: history).blocks.compactMap { block in
      guard case .figure(let figure, _) = block else { return nil }
      return figure as? LinePlot
    }
  }

  /// Ratios where the losses cover more than a decade.
  @Test func scaleOfTheLosses() {
    let falling = (0..<500).map { 2.3 - 0.004 * Double($0) }
    #expect(losses(falling.map { $0 + 1 }).map(\.y.scale) == [.linear])
    #expect(losses(falling.map { $0 - 0.25 }).map(\.y.scale) == [.logarithmic])
    var history = History()
    history.losses = falling.map { $0 + 1 }
    #expect(
      page(RunReport.curves(of: history))
        .contains("The loss of each of the 500 batches (faint) and its running mean.<"))
  }

  /// A cosine on an axis of ratios would look level, with a cliff at its end.
  @Test func scaleOfTheRates() {
    let steps = (0..<400).map(Double.init)
    let cosine = steps.map { 0.003 * (1 + cos(.pi * $0 / 400)) / 2 }
    let stepped = steps.map { pow(0.1, ($0 / 100).rounded(.down)) }
    let mild = stepped.map { $0.squareRoot() }
    for (rates, scale) in [(cosine, Axis.Scale.linear), (stepped, .logarithmic), (mild, .linear)] {
      #expect(losses(steps.map { $0 + 1 }, rates: rates).last?.y.scale == scale)
    }
  }

  @Test(arguments: [
    ([0.01, 0.005, 0.0001], "From 0.01, the highest, to 0.0001."),
    ([0.01, 0.02, 0.1], "From 0.01 to 0.1, the highest."),
    ([0.02, 0.01, 0.1], "From 0.02 to 0.1, the highest."),
    ([0.01, 0.1, 0.05], "From 0.01 to 0.1 at most, and to 0.05 in the end."),
    ([0.002, 0.2, 0.05, 0], "From 0.002 to 0.2 at most, and to 0 in the end."),
  ])
  func captionOfTheRates(rates: [Double], caption: String) {
    var history = History()
    history.losses = rates.map { _ in 1 }
    history.learningRates = rates
    #expect(page(RunReport.curves(of: history)).contains("<figcaption>\(caption)</figcaption>"))
  }

  @Test func aRateThatStaysIsNotDrawn() {
    let html = page(RunReport.curves(of: history(epochs: 3)))
    #expect(html.contains("Loss of each epoch"))
    #expect(!html.contains("Learning rate"))
  }

  /// What one epoch came to is a point.
  @Test func oneEpochIsDrawn() throws {
    let html = page(RunReport.curves(of: history(epochs: 1)))
    #expect(html.contains("Training loss") && html.contains("Loss of each epoch"))
    let plots = plots(RunReport.curves(of: history(epochs: 1)))
    #expect(plots.map(\.title) == ["Accuracy", "Loss of each epoch"])
    #expect(plots[0].series.map(\.x) == [[1], [1], [1]])
    #expect(plots[0].svg().contains("class=\"dots"))
  }

  /// A run that ends inside an epoch has its last point there, which training has none of.
  @Test func theEndInsideAnEpoch() {
    let metrics = ["test_accuracy": 0.75, "validation_accuracy": 0.5, "train_accuracy": 1]
    let section = RunReport.curves(of: history(epochs: 2), end: (2.5, metrics))
    #expect(page(section).contains("as they change. The run ended after 2.50 epochs.<"))
    let plot = plots(section)[0]
    #expect(plot.series.map(\.name) == ["training", "validation", "test"])
    #expect(plot.series.map(\.x) == [[1, 2], [1, 2, 2.5], [1, 2, 2.5]])
    #expect(plot.series.map(\.y.last) == [50, 50, 75])
    var short = History()
    short.losses = [2, 1]
    let end = RunReport.curves(of: short, end: (0.25, metrics))
    #expect(page(end).contains("<figcaption>Where the run ended, after 0.25 epochs.<"))
    let alone = plots(end)
    #expect(alone.map(\.title) == ["Accuracy"])
    #expect(alone[0].series.map(\.x) == [[0.25], [0.25]])
  }

  private func plots(_ section: Report.Section) -> [LinePlot] {
    section.blocks.flatMap { block -> [LinePlot] in
      guard case .row(let row) = block else { return [] }
      return row.compactMap { $0.figure as? LinePlot }
    }
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
    environment.vectorTarget = "AVX3"
    environment.started = Date(timeIntervalSince1970: 1_782_909_240)
    let html = page(RunReport.provenance(environment, configuration: "{\n  \"hidden\": 5\n}"))
    #expect(html.contains("digits of &lt;nobody&gt;"))
    #expect(html.contains("<td>Processor X, AVX-512</td>"))
    #expect(html.contains("<td>2026-07-01 12:34 UTC</td>") && !html.contains("trained in"))
    #expect(html.contains("<td>\(environment.threads) of \(environment.cores) cores</td>"))
    #expect(html.contains("hidden"))
    for (seconds, words) in [(41.2, "0:42 min"), (3599.5, "1:00:00 h"), (3723, "1:02:03 h")] {
      let section = RunReport.provenance(environment, configuration: "", seconds: seconds)
      #expect(page(section).contains("<td>trained in</td><td>\(words)</td>"))
    }
  }
}
