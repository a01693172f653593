import Figures
import Foundation
import Tensors
import Training

/// `sweep.html`
enum SweepReport {
  /// The page of a sweep.
  static func report(of result: SweepResult) -> Report {
    let request = result.request
    let metric = Metric(request.metric)
    let count = ProgressDisplay.grouped(result.rows.count)
    let direction = request.minimize ? "the lowest" : "the highest"
    return Report(
      title: "\(request.experiment): \(count) trials",
      subtitle: "\(methodName(request)), compared by \(metric.title), \(direction) first. "
        + "Data: \(request.data).",
      keyFigures: keyFigures(result),
      sections: [bestSection(result), figureSection(result), curveSection(result)].compactMap(
        \.self)
        + [tableSection(result), provenance(result)],
      footer: "Adjoint \(adjointVersion)")
  }

  private static func methodName(_ request: SweepRequest) -> String {
    switch request.method {
    case .grid: "Every combination"
    case .random: drawn(request)
    case .halving: "\(drawn(request)), successive halving"
    }
  }

  private static func drawn(_ request: SweepRequest) -> String {
    request.drawing == nil ? "Drawn at random" : "Drawn at random, none twice"
  }

  private static func keyFigures(_ result: SweepResult) -> [Report.KeyFigure] {
    let request = result.request
    let metric = Metric(request.metric)
    let seconds = result.rows.reduce(0) { $0 + $1.seconds }
    let stopped = result.rows.count { $0.error == nil && $0.rung < request.rungs.count - 1 }
    let notes = [
      stopped > 0 ? "\(stopped) \(result.interrupted ? "not finished" : "stopped early")" : nil,
      result.failures > 0 ? "\(result.failures) failed" : nil,
    ].compactMap(\.self)
    return [
      .init(
        "Best \(metric.title)",
        result.best.map { metric.text($0.value(metric.name)) } ?? "–",
        note: result.best.map { "trial \($0.trial)" }),
      .init(
        "Trials", ProgressDisplay.grouped(result.rows.count),
        note: notes.isEmpty ? nil : notes.joined(separator: ", ")),
      .init(
        "Steps in all", ProgressDisplay.grouped(result.rows.reduce(0) { $0 + $1.steps })),
      .init("Training time", RunReport.duration(seconds), note: "of all trials together"),
    ]
  }

  private static func bestSection(_ result: SweepResult) -> Report.Section? {
    guard let best = result.best else { return nil }
    let rows = result.space.varying.map { [$0.key, best.settings[$0.key] ?? "", $0.text] }
    return Report.Section(
      "The best",
      [
        .table(
          .init(
            header: ["setting", "value", "tried"],
            rows: rows.map { [$0[0], $0[1], String($0[2].dropFirst($0[0].count + 1))] })),
        .paragraph("best.json in this folder is its whole configuration; to train it again:"),
        .preformatted(result.request.trainingOfTheBest),
      ])
  }

  // MARK: - Parallel coordinates

  private static func figureSection(_ result: SweepResult) -> Report.Section? {
    let rows = result.rows
    let metric = Metric(result.request.metric)
    guard !rows.isEmpty else { return nil }
    let values = rows.map { $0.error == nil ? $0.value(metric.name) : .nan }
    let finite = values.filter(\.isFinite)
    let isWide = (finite.min() ?? 0) > 0 && (finite.max() ?? 0) > 30 * (finite.min() ?? 0)
    let last = ParallelCoordinates.Dimension(
      axis(of: metric, scale: isWide ? .logarithmic : .linear),
      numbers: values.map { drawn($0, metric) })
    let figure = ParallelCoordinates(
      dimensions: result.space.varying.map { dimension($0, rows) } + [last],
      notes: rows.map { row in
        let settings = result.space.varying.map { "\($0.key)=\(row.settings[$0.key] ?? "")" }
        let outcome = row.error.map { "failed: \($0)" } ?? SweepTable.measured(metric, row.metrics)
        return "trial \(row.trial): \(settings.joined(separator: " ")); \(outcome)"
      },
      lowIsGood: result.request.minimize, highlighted: result.best == nil ? nil : 0)
    let failures =
      result.failures > 0 ? " A cross is where the line of a trial that failed ends." : ""
    let early =
      rows.contains { $0.error == nil && $0.rung < result.request.rungs.count - 1 }
      ? " Trials that were stopped early show what they had reached by then." : ""
    return Report.Section(
      "Every trial",
      [
        .figure(
          figure,
          caption:
            "A line is a trial: it crosses each axis at its value, and the last at what it measured, "
            + "which gives it its colour. The best is bold." + failures + early)
      ])
  }

  private static func dimension(
    _ dimension: SearchSpace.Dimension, _ rows: [SweepResult.Row]
  ) -> ParallelCoordinates.Dimension {
    let texts = rows.map { $0.settings[dimension.key] ?? "" }
    if let list = dimension.list.map(upwards) {
      return .init(dimension.key, places: texts.map { list.firstIndex(of: $0) ?? 0 }, names: list)
    }
    var scale = Axis.Scale.linear
    if case .logarithmic = dimension.values { scale = .logarithmic }
    return .init(
      Axis(dimension.key, scale: scale), numbers: texts.map { Double($0) ?? .nan })
  }

  /// Numbers from the least to the greatest, as on any axis, in whichever order they were given; words stay as they
  /// are.
  private static func upwards(_ list: [String]) -> [String] {
    let numbers = list.compactMap(Double.init).filter(\.isFinite)
    guard numbers.count == list.count else { return list }
    return zip(numbers, list).sorted { $0.0 < $1.0 }.map(\.1)
  }

  private static func axis(of metric: Metric, scale: Axis.Scale = .linear) -> Axis {
    Axis(metric.title, unit: metric.unit, scale: scale)
  }

  /// A value on the axis of its metric.
  private static func drawn(_ value: Double, _ metric: Metric) -> Double {
    value * metric.scale
  }

  // MARK: - Curves

  private static func curveSection(_ result: SweepResult) -> Report.Section? {
    let metric = Metric(result.request.metric)
    let best = result.rows.filter { $0.error == nil }.prefix(10)
    let histories = best.compactMap { row -> (name: String, history: History)? in
      let folder = Sweep.trialFolder(row.trial, in: result.folder)
      let file = folder.appendingPathComponent("metrics.jsonl")
      return (try? History(reading: file)).map { ("trial \(row.trial)", $0) }
    }
    let measured = histories.compactMap { name, history -> Series? in
      let epochs = history.epochs.filter { $0.metrics[metric.name] != nil }
      guard !epochs.isEmpty else { return nil }
      return Series(
        name, x: epochs.map { Double($0.epoch) },
        y: epochs.map { drawn($0.metrics[metric.name] ?? .nan, metric) },
        hasMarkers: epochs.count < 20)
    }
    let losses = histories.filter { !$0.history.losses.isEmpty }.map { name, history in
      averaged(history.losses, name)
    }
    var figures: [(any Figure, caption: String)] = []
    if measured.contains(where: { $0.x.count > 1 }) {
      figures.append(
        (
          LinePlot(
            title: metric.title, x: Axis(counting: "epoch"), y: axis(of: metric),
            series: measured, width: 460, height: 360),
          "After each epoch."
        ))
    }
    if losses.contains(where: { $0.x.count > 1 }) {
      figures.append(
        (
          LinePlot(
            title: "Training loss", x: Axis(counting: "step"),
            y: Axis("loss", scale: .suiting(losses.flatMap(\.y))), series: losses, width: 460,
            height: 360),
          "Means over stretches of steps."
        ))
    }
    guard !figures.isEmpty else { return nil }
    let title = best.count == 1 ? "How the best learned" : "How the best \(best.count) learned"
    return Report.Section(title, [.row(figures)])
  }

  /// At most 40 means, so that ten curves can be told apart.
  private static func averaged(_ losses: [Double], _ name: String) -> Series {
    let stretch = max(1, (losses.count + 39) / 40)
    let starts = stride(from: 0, to: losses.count, by: stretch)
    let means = starts.map { start in
      let part = losses[start..<min(start + stretch, losses.count)]
      return part.reduce(0, +) / Double(part.count)
    }
    return Series(name, x: starts.map { Double($0 + stretch / 2 + 1) }, y: means)
  }

  // MARK: - Table

  private static func tableSection(_ result: SweepResult) -> Report.Section {
    let table = SweepTable.shown(result)
    // Two words in a narrow column would make every row twice as high.
    let rows = table.rows.map { row in
      row.map { $0 == "stopped early" ? "stopped\u{a0}early" : $0 }
    }
    var caption = "The best first."
    if result.request.rungs.count > 1 {
      caption += " Trials that went further stand above those that were stopped before."
    }
    if result.rows.contains(where: { $0.metrics.keys.contains { Metric($0).part == .test } }) {
      caption +=
        " What was measured on the test part is left out: it must not choose among trials."
    }
    return Report.Section(
      "Table", [.table(.init(header: table.header, rows: rows, caption: caption))])
  }

  private static func provenance(_ result: SweepResult) -> Report.Section {
    let request = result.request
    var blocks: [Report.Block] = [.preformatted(request.command)]
    if request.rungs.count > 1 {
      let rungs = request.rungs.map { rung in
        let length = rung.budget.map { "for " + counted($0, request.unit) } ?? "to the end"
        return "\(counted(rung.trials, "trials")) \(length)"
      }
      blocks.append(
        .paragraph(
          "Successive halving (Jamieson and Talwalkar, 2016), one of three goes on: "
            + rungs.joined(separator: ", ")
            + ". A trial that goes on is resumed from its own checkpoint; "
            + "its learning-rate schedule is that of the whole run from the beginning."))
    }
    return Report.Section("How it was made", blocks)
  }

  /// `1 epoch`, `1,500 steps`
  private static func counted(_ count: Int, _ things: String) -> String {
    "\(ProgressDisplay.grouped(count)) \(count == 1 ? String(things.dropLast()) : things)"
  }
}
