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
  ///   - leftOut: endings of the epochs' metrics, such as `mse`, that are drawn elsewhere.
  public static func curves(
    of history: History, leavingOut leftOut: Set<String> = []
  ) -> Report.Section {
    var blocks: [Report.Block] = []
    if history.losses.count > 1 { blocks.append(losses(of: history)) }
    func plot(
      _ history: History, suffix: String, title: String, axis: Axis, scale: Double
    ) -> LinePlot? {
      leftOut.contains(suffix)
        ? nil : Self.plot(history, suffix: suffix, title: title, axis: axis, scale: scale)
    }
    let accuracies = plot(
      history, suffix: "accuracy", title: "Accuracy", axis: Axis("accuracy", unit: "%"), scale: 100)
    let losses = plot(
      history, suffix: "loss", title: "Loss of each epoch", axis: Axis("loss"), scale: 1)
    let areas = plot(
      history, suffix: "auc", title: "Area under the ROC curve", axis: Axis("AUC"), scale: 1)
    let errors = plot(
      history, suffix: "mse", title: "Mean squared error of each epoch",
      axis: Axis("mean squared error"), scale: 1)
    var row: [(any Figure, caption: String)] = []
    if let accuracies {
      row.append(
        (
          accuracies,
          history.metricNames.contains("train_accuracy")
            ? "Training accuracy is the running one, of the weights as they change."
            : "After each epoch."
        ))
    }
    if let losses {
      let parts = history.metricNames.filter { $0.hasSuffix("loss") }
      let caption =
        !parts.contains("train_loss")
        ? "After each epoch."
        : parts.count == 1
          ? "Mean over the epoch." : "Mean over the epoch for training, after it for the others."
      row.append((losses, caption))
    }
    if let areas {
      row.append((areas, "Each class against the rest, mean over the classes, after each epoch."))
    }
    if let errors { row.append((errors, "After each epoch.")) }
    if !row.isEmpty { blocks.append(.row(row)) }
    let measured = measures(of: history)
    if !measured.isEmpty { blocks.append(.row(measured)) }
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

  private static func plot(
    _ history: History, suffix: String, title: String, axis: Axis, scale: Double
  ) -> LinePlot? {
    let names = history.metricNames.filter { $0.hasSuffix(suffix) }
    guard !names.isEmpty, history.epochs.count > 1 else { return nil }
    let points = history.epochs.map { (Double($0.epoch), $0.metrics) }
    return LinePlot(
      title: title, x: Axis(counting: "epoch"), y: axis,
      series: series(names, suffix, points, scale), width: 460, height: 300)
  }

  /// One for each part that a figure was measured on, training first.
  private static func series(
    _ names: [String], _ suffix: String, _ points: [(x: Double, metrics: [String: Double])],
    _ scale: Double
  ) -> [Series] {
    let order = ["train", "validation", "test"]
    func rank(_ name: String) -> Int { order.firstIndex { name.hasPrefix($0) } ?? order.count }
    return names.sorted { (rank($0), $0) < (rank($1), $1) }.map { name in
      let own = points.compactMap { point in point.metrics[name].map { (point.x, $0 * scale) } }
      let label = name.replacing("_\(suffix)", with: "").replacing("train", with: "training")
      return Series(label, x: own.map(\.0), y: own.map(\.1))
    }
  }

  /// What was measured every so many steps, by step.
  private static func measures(
    of history: History
  ) -> [(figure: any Figure, caption: String)] {
    guard history.measures.count > 1 else { return [] }
    let points = history.measures.map { (Double($0.step), $0.metrics) }
    let all = Set(history.measures.flatMap(\.metrics.keys)).sorted()
    return [
      ("accuracy", "Accuracy by step", Axis("accuracy", unit: "%"), 100.0),
      ("loss", "Loss by step", Axis("loss"), 1),
      ("auc", "Area under the ROC curve by step", Axis("AUC"), 1),
      ("mse", "Mean squared error by step", Axis("mean squared error"), 1),
    ].compactMap { suffix, title, axis, scale in
      let names = all.filter { $0.hasSuffix(suffix) }
      guard !names.isEmpty else { return nil }
      let plot = LinePlot(
        title: title, x: Axis(counting: "step"), y: axis,
        series: series(names, suffix, points, scale), width: 460, height: 300)
      return (
        plot,
        names.contains { $0.hasPrefix("train") }
          ? "Training: the mean over the steps since the measure before." : "After these steps."
      )
    }
  }
}
