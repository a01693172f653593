import Foundation
import Training

/// A figure that the source of an experiment gives for a run of its own.
public struct PublishedFigure: Sendable, Equatable {
  /// What it is of: `test_accuracy`.
  public let metric: String
  /// The figure.
  public let value: Double
  /// The preset that trains so; nil where all of them do.
  public let preset: String?

  /// A figure.
  public init(_ metric: String, _ value: Double, preset: String? = nil) {
    self.metric = metric
    self.value = value
    self.preset = preset
  }

  /// `test AUC 0.944`
  var words: String {
    let title = Metric(metric).title.replacing("auc", with: "AUC").replacing("mse", with: "MSE")
    return "\(title) \(value)"
  }

  /// Figures in a line, those of a preset with its name behind them.
  static func words(_ figures: [PublishedFigure]) -> String {
    let presets = figures.map(\.preset)
    let names = presets.indices.filter { !presets[..<$0].contains(presets[$0]) }.map { presets[$0] }
    return names.map { name in
      figures.filter { $0.preset == name }.map(\.words).joined(separator: ", ")
        + (name.map { " (preset=\($0))" } ?? "")
    }.joined(separator: "; ")
  }

  /// What stands below a run's own: `published: 95.18 %`.
  static func note(_ metric: String, _ value: Double) -> String {
    let metric = Metric(metric)
    return "published: " + String(format: "%.4g", value * metric.scale)
      + (metric.unit.map { " \($0)" } ?? "")
  }
}
