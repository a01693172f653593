import Checkpoints
import Figures
import Foundation

extension RunDirectory {
  /// Writes each figure of a report as an SVG file of its own, named by its section: `training-1.svg`; takes away those
  /// of an earlier report.
  public func write(figuresOf report: Report) throws {
    try OutputFolder.prepare(figures)
    // One that the report no longer has would look as if it did.
    try removeFigures()
    for section in report.sections {
      let drawn = section.blocks.flatMap { block -> [any Figure] in
        switch block {
        case .figure(let figure, _): [figure]
        case .row(let row): row.map(\.figure)
        default: []
        }
      }
      let words = section.title.lowercased().split { !$0.isLetter && !$0.isNumber }
      for (index, figure) in drawn.enumerated() {
        let name = "\(words.joined(separator: "-"))-\(index + 1).svg"
        try AtomicFile.write(Data(figure.svg().utf8), to: figures.appendingPathComponent(name))
      }
    }
  }
}

/// The parts of a report that every run has.
public enum RunReport {
  /// The loss of every step, the metrics of every epoch and the learning rate, as curves.
  ///
  /// - Parameters:
  ///   - history: what was measured.
  ///   - leftOut: measures of the epochs that are drawn elsewhere.
  ///   - end: what was measured where the run ended inside an epoch, and where in epochs that is; nil where it did not.
  public static func curves(
    of history: History, leavingOut leftOut: Set<Metric.Measure> = [],
    end: (epoch: Double, metrics: [String: Double])? = nil
  ) -> Report.Section {
    var blocks: [Report.Block] = []
    if history.losses.count > 1 { blocks.append(losses(of: history)) }
    let rows = [
      Metric.Measure.allCases.filter { !leftOut.contains($0) }.compactMap {
        byEpoch($0, of: history, end)
      },
      Metric.Measure.allCases.compactMap { byStep($0, of: history) },
    ]
    blocks += rows.filter { !$0.isEmpty }.map { .row($0) }
    if let rates = rates(of: history) { blocks.append(rates) }
    return Report.Section("Training", blocks)
  }

  private static func losses(of history: History) -> Report.Block {
    let count = history.losses.count
    let isSmoothed = count > 200
    // Over a twentieth of a short run, half of it on either side.
    let smoothing = isSmoothed ? min(0.98, 1 - 40 / Double(count)) : 0
    let scale = Axis.Scale.suiting(history.losses)
    return .figure(
      LinePlot(
        title: "Training loss", x: Axis(counting: "step"),
        y: Axis("loss", scale: scale),
        series: [
          Series(
            isSmoothed ? "each step, smoothed" : "each step", values: history.losses, start: 1)
        ], smoothing: smoothing, width: 900, height: 340),
      caption:
        "The loss of each of the \(ProgressDisplay.grouped(count)) batches"
        + (isSmoothed ? " (faint) and its running mean." : "."))
  }

  /// The learning rate of each step; nothing where it stays.
  private static func rates(of history: History) -> Report.Block? {
    let rates = history.learningRates.filter(\.isFinite)
    guard let first = rates.first, let last = rates.last, let greatest = rates.max(),
      let least = rates.min(), least < greatest
    else { return nil }
    // Only steps down over decades ask for ratios: a cosine would look level, with a cliff at its end.
    let isStepped = Set(rates).count * 5 <= rates.count
    let isLogarithmic = isStepped && least > 0 && greatest > 100 * least
    let words = Axis.words(for:)
    let caption =
      first == greatest
      ? "From \(words(first)), the highest, to \(words(last))."
      : last == greatest
        ? "From \(words(first)) to \(words(last)), the highest."
        : "From \(words(first)) to \(words(greatest)) at most, and to \(words(last)) in the end."
    return .figure(
      LinePlot(
        title: "Learning rate", x: Axis(counting: "step"),
        y: Axis("rate", scale: isLogarithmic ? .logarithmic : .linear),
        series: [Series("", values: history.learningRates, start: 1)], width: 900, height: 240),
      caption: caption)
  }

  private static func byEpoch(
    _ measure: Metric.Measure, of history: History,
    _ end: (epoch: Double, metrics: [String: Double])?
  ) -> (figure: any Figure, caption: String)? {
    let isError = measure == .loss || measure == .mse
    // Of training the epochs have running means, which the end has not.
    let last = end.map { end in
      (end.epoch, end.metrics.filter { Metric($0.key).part != .train })
    }
    return plot(
      measure, isError ? "\(measure.title) of each epoch" : measure.title, by: "epoch",
      history.epochs.map { (Double($0.epoch), $0.metrics) } + (last.map { [$0] } ?? [])
    ) { hasTraining, isAlone in
      let caption =
        switch measure {
        case .accuracy where hasTraining:
          "Training accuracy is the running one, of the weights as they change."
        case .loss where hasTraining:
          isAlone
            ? "Mean over the epoch." : "Mean over the epoch for training, after it for the others."
        case .auc: "Each class against the rest, mean over the classes, after each epoch."
        case .accuracy, .loss, .mse: "After each epoch."
        }
      guard let end else { return caption }
      let place = "after \(String(format: "%.2f", end.epoch)) epochs."
      return history.epochs.isEmpty
        ? "Where the run ended, \(place)" : "\(caption) The run ended \(place)"
    }
  }

  /// What was measured every so many steps.
  private static func byStep(
    _ measure: Metric.Measure, of history: History
  ) -> (figure: any Figure, caption: String)? {
    guard history.measures.count > 1 else { return nil }
    return plot(
      measure, "\(measure.title) by step", by: "step",
      history.measures.map { (Double($0.step), $0.metrics) }
    ) { hasTraining, _ in
      hasTraining
        ? "Training: the mean over the steps since the measure before." : "After these steps."
    }
  }

  /// A curve for each part that a measure was taken of, training first; nil where it was of none.
  ///
  /// - Parameter caption: what is said of the curves, by whether one is of training and whether it is the only one.
  private static func plot(
    _ measure: Metric.Measure, _ title: String, by counted: String,
    _ points: [(x: Double, metrics: [String: Double])],
    caption: (_ hasTraining: Bool, _ isAlone: Bool) -> String
  ) -> (figure: any Figure, caption: String)? {
    let metrics = Set(points.flatMap(\.metrics.keys)).map { Metric($0) }
      .filter { $0.measure == measure }
    guard !metrics.isEmpty else { return nil }
    let series = metrics.sorted { ($0.color, $0.name) < ($1.color, $1.name) }.map { metric in
      let own = points.compactMap { point in
        point.metrics[metric.name].map { (point.x, $0 * metric.scale) }
      }
      let label = metric.name.replacing("_\(measure)", with: "")
        .replacing("train", with: "training")
      return Series(label, x: own.map(\.0), y: own.map(\.1), color: metric.color)
    }
    return (
      LinePlot(
        title: title, x: Axis(counting: counted), y: Axis(measure.axis, unit: metrics[0].unit),
        series: series, width: 460, height: 300),
      caption(metrics.contains { $0.part == .train }, metrics.count == 1)
    )
  }
}

extension Metric.Measure {
  fileprivate var title: String {
    switch self {
    case .accuracy: "Accuracy"
    case .loss: "Loss"
    case .auc: "Area under the ROC curve"
    case .mse: "Mean squared error"
    }
  }

  /// The words at the axis.
  fileprivate var axis: String {
    switch self {
    case .accuracy: "accuracy"
    case .loss: "loss"
    case .auc: "AUC"
    case .mse: "mean squared error"
    }
  }
}
