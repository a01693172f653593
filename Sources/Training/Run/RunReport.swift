import Checkpoints
import Figures
import Foundation

extension RunDirectory {
  /// Writes each figure of a report as an SVG file of its own, named by its section: `training-1.svg`.
  public func write(figuresOf report: Report) throws {
    try OutputFolder.prepare(figures)
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
  public static func curves(of history: History) -> Report.Section {
    var blocks: [Report.Block] = []
    if history.losses.count > 1 {
      let isPositive = history.losses.allSatisfy { $0 > 0 }
      let count = history.losses.count
      let isSmoothed = count > 200
      // Over a twentieth of a short run: a longer memory would trail behind the data.
      let smoothing = isSmoothed ? min(0.99, 1 - 20 / Double(count)) : 0
      blocks.append(
        .figure(
          LinePlot(
            title: "Training loss",
            x: Axis(counting: "step"),
            y: Axis("loss", scale: isPositive ? .logarithmic : .linear),
            series: [
              Series(
                isSmoothed ? "each step, smoothed" : "each step", values: history.losses, start: 1)
            ],
            smoothing: smoothing, width: 900, height: 340),
          caption:
            "The loss of each of the \(ProgressDisplay.grouped(count)) batches"
            + (isSmoothed ? " (faint) and its exponential moving average." : ".")))
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
      row.append((losses, "Mean over the epoch for training, after it for the others."))
    }
    if let areas {
      row.append((areas, "Each class against the rest, mean over the classes, after each epoch."))
    }
    if let errors { row.append((errors, "After each epoch.")) }
    if !row.isEmpty { blocks.append(.row(row)) }
    let measured = measures(of: history)
    if !measured.isEmpty { blocks.append(.row(measured)) }
    let rates = history.learningRates.filter { $0.isFinite && $0 > 0 }
    if let least = rates.min(), let greatest = rates.max(), least < greatest {
      blocks.append(
        .figure(
          LinePlot(
            title: "Learning rate", x: Axis(counting: "step"),
            y: Axis("rate", scale: .logarithmic, range: (least / 1.5)...(greatest * 1.5)),
            series: [Series("", values: history.learningRates, start: 1)], width: 900, height: 240),
          caption: "The schedule."))
    }
    return Report.Section("Training", blocks)
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

  /// What determined the run, and where it ran.
  public static func provenance(
    _ environment: RunEnvironment, configuration: String
  ) -> Report.Section {
    Report.Section(
      "How it was made",
      [
        .table(
          .init(
            rows: rows(of: environment) + resumptions(of: environment))),
        .preformatted(configuration),
      ])
  }

  private static func rows(of environment: RunEnvironment) -> [[String]] {
    [
      ["data", environment.data],
      ["processor", "\(environment.processor), \(environment.vectorTarget)"],
      ["threads", "\(environment.threads) of \(environment.cores) cores"],
      ["Adjoint", environment.version], ["oneDNN", environment.onednn],
      ["system", environment.system], ["compiler", environment.compiler ?? "–"],
    ]
  }

  /// After how many steps the run was gone on with, and where that was otherwise than before.
  private static func resumptions(of environment: RunEnvironment) -> [[String]] {
    let all = environment.resumptions ?? []
    guard !all.isEmpty else { return [] }
    var before = environment.asBegun
    let differences = all.compactMap { one -> String? in
      defer { before = one }
      let changes = before.changes(in: one)
      return changes.isEmpty ? nil : "step \(one.step): \(changes.joined(separator: ", "))"
    }
    let shown = all.prefix(10).map { "\($0.step)" } + (all.count > 10 ? ["…"] : [])
    return [["gone on with after steps", shown.joined(separator: ", ")]]
      + (differences.isEmpty
        ? [] : [["otherwise than before", differences.joined(separator: "; ")]])
  }
}
