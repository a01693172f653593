import Foundation
import Tensors
import Training

/// What a sweep came to: its trials, the best first.
public struct SweepResult: Sendable {
  /// What it was asked.
  public let request: SweepRequest
  /// Where everything lies.
  public let folder: URL
  /// Whether it was stopped before its end.
  public let interrupted: Bool
  let space: SearchSpace
  let rows: [Row]

  /// A trial.
  struct Row: Sendable, Equatable {
    let trial: Int
    let settings: [String: String]
    /// The last rung that it came to the end of.
    let rung: Int
    let steps: Int
    /// In all rungs.
    let seconds: Double
    let metrics: [String: Double]
    let error: String?

    func value(_ metric: String) -> Double { metrics[metric] ?? .nan }
  }

  init(
    _ request: SweepRequest, _ space: SearchSpace, folder: URL, records: [SweepLedger.Record],
    interrupted: Bool
  ) {
    self.request = request
    self.space = space
    self.folder = folder
    self.interrupted = interrupted
    rows = Dictionary(grouping: records, by: \.trial).compactMap { trial, records -> Row? in
      records.max { $0.rung < $1.rung }.map { last in
        Row(
          trial: trial, settings: last.settings, rung: last.rung, steps: last.steps,
          seconds: records.sorted { $0.rung < $1.rung }.reduce(0) { $0 + $1.seconds },
          metrics: last.metrics, error: last.error)
      }
    }.sorted { SweepResult.isBetter($0, $1, by: request) }
  }

  /// Those that failed come last; of the others those that went further, then those that measured better, then those
  /// that came first.
  static func isBetter(_ one: Row, _ other: Row, by request: SweepRequest) -> Bool {
    if (one.error == nil) != (other.error == nil) { return one.error == nil }
    if one.error != nil { return one.trial < other.trial }
    if one.rung != other.rung { return one.rung > other.rung }
    let (mine, its) = (one.value(request.metric), other.value(request.metric))
    if mine != its { return request.minimize ? mine < its : mine > its }
    return one.trial < other.trial
  }

  /// The best trial; nil if all failed.
  var best: Row? { rows.first { $0.error == nil } }

  /// Trials that failed.
  public var failures: Int { rows.count { $0.error != nil } }

  /// Throws `AdjointError` of bad data if no trial succeeded.
  public func requireBest() throws {
    guard best == nil, !interrupted, let first = rows.first else { return }
    throw AdjointError(
      .badData,
      "all \(rows.count) trials failed; trial \(first.trial): \(first.error ?? "")")
  }

  /// `best: trial 4, validation accuracy 97.12 %: hidden=100 learning_rate=0.1`
  public var bestLine: String? {
    best.map { row in
      let settings = space.varying.map { "\($0.key)=\(row.settings[$0.key] ?? "")" }
      return
        "best: trial \(row.trial), \(SweepTable.measured(Metric(request.metric), row.metrics)): "
        + settings.joined(separator: " ")
    }
  }

  /// What `--json` prints.
  public struct Summary: Encodable, Sendable {
    /// A trial.
    public struct Trial: Encodable, Sendable {
      /// From 0.
      public let trial: Int
      /// The settings that the sweep gave it.
      public let settings: [String: String]
      /// By name, without those of the test part.
      public let metrics: [String: Double]
      /// Steps it took.
      public let steps: Int
    }
    /// The experiment's name.
    public let experiment: String
    /// How trials were chosen.
    public let method: SweepMethod
    /// What they were compared by.
    public let metric: String
    /// The best; nil if all failed.
    public let best: Trial?
    /// How many have come to the end of a rung, or failed; of a sweep that was stopped some of them are paused.
    public let trials: Int
    /// How many of them failed.
    public let failed: Int
    /// The folder.
    public let output: String
    /// Whether it was stopped before its end.
    public let interrupted: Bool
  }

  /// What `--json` prints.
  public var summary: Summary {
    Summary(
      experiment: request.experiment, method: request.method, metric: request.metric,
      best: best.map {
        .init(
          trial: $0.trial, settings: $0.settings,
          metrics: $0.metrics.filter { Metric($0.key).part != .test }, steps: $0.steps)
      }, trials: rows.count, failed: failures, output: folder.path, interrupted: interrupted)
  }
}
