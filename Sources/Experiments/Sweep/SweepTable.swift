import Foundation
import Training

/// The table of a sweep's trials, the best first, for people and for programs.
enum SweepTable {
  /// Header and rows as people read them.
  ///
  /// - Parameters:
  ///   - result: the trials.
  ///   - limit: at most so many rows.
  ///   - brief: only the metric that decides.
  static func shown(
    _ result: SweepResult, limit: Int = .max, brief: Bool = false
  ) -> (header: [String], rows: [[String]]) {
    let keys = result.space.varying.map(\.key)
    let metrics = metricNames(result)
    let others = brief ? [] : Array(metrics.dropFirst())
    let hasOutcomes = result.rows.contains { outcome($0, result) != "complete" }
    func cell(_ name: String, _ row: SweepResult.Row) -> String {
      row.metrics[name].map(Metric(name).text) ?? "–"
    }
    // What decides comes first: the table may be wider than the page.
    let header =
      ["trial"] + keys + metrics.prefix(1).map { Metric(column($0, besides: keys)).title }
      + ["steps", "seconds"] + (hasOutcomes ? ["outcome"] : [])
      + others.map { Metric(column($0, besides: keys)).title }
    let rows = result.rows.prefix(limit).map { row in
      ["\(row.trial)"] + keys.map { row.settings[$0] ?? "" }
        + metrics.prefix(1).map { cell($0, row) }
        + [ProgressDisplay.grouped(row.steps), String(format: "%.1f", row.seconds)]
        + (hasOutcomes ? [outcome(row, result)] : []) + others.map { cell($0, row) }
    }
    return (header, rows)
  }

  /// `table.md`
  static func markdown(_ result: SweepResult) -> String {
    let table = shown(result)
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }
    let rule = table.header.map { $0 == "outcome" ? "---" : "---:" }
    return line(table.header) + "|" + rule.joined(separator: "|") + "|\n"
      + table.rows.map(line).joined()
  }

  /// `table.csv`: every digit, as RFC 4180 wants it.
  static func csv(_ result: SweepResult) -> String {
    let keys = result.space.varying.map(\.key)
    let metrics = metricNames(result)
    let rows = result.rows.map { row in
      csvLine(
        ["\(row.trial)"] + keys.map { row.settings[$0] ?? "" }
          + metrics.map { name in row.metrics[name].map { "\($0)" } ?? "" }
          + ["\(row.steps)", "\(row.seconds)", outcome(row, result)])
    }
    let columns = metrics.map { column($0, besides: keys) }
    return csvLine(["trial"] + keys + columns + ["steps", "seconds", "outcome"]) + rows.joined()
  }

  /// The metric that decides, then the others. Those of the test part are left out: who sees them chooses by them.
  static func metricNames(_ result: SweepResult) -> [String] {
    let names = Set(result.rows.flatMap(\.metrics.keys)).filter { Metric($0).part != .test }
    let metric = result.request.metric
    return [metric] + names.subtracting([metric]).sorted()
  }

  /// The name of a metric's column, which may not be that of a setting's: `penalty` is both.
  private static func column(_ metric: String, besides settings: [String]) -> String {
    settings.contains(metric) ? "measured_\(metric)" : metric
  }

  /// `validation accuracy 97.12 %`
  static func measured(_ metric: Metric, _ metrics: [String: Double]) -> String {
    "\(metric.title) \(metric.text(metrics[metric.name] ?? .nan))"
  }

  private static func outcome(_ row: SweepResult.Row, _ result: SweepResult) -> String {
    // The trial's log has the advice that follows.
    if let error = row.error { return "failed: " + error.prefix { $0 != ";" } }
    if row.rung == result.request.rungs.count - 1 { return "complete" }
    return result.interrupted ? "not finished" : "stopped early"
  }
}

extension SweepResult {
  /// The ten best trials, for the terminal.
  public var shortTable: [[String]] {
    let table = SweepTable.shown(self, limit: 10, brief: true)
    return [table.header] + table.rows
  }
}
