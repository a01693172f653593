import Datasets
import Derivations
import Figures
import Foundation
import Layers
import Optimizers
import Tensors
import Training

/// Forecasts of the hourly transformer series ETTh1 by two perceptrons, one for the trend and one for the seasonal
/// part, which is what the trend leaves.
final class ETTForecasting: ForecastingExperiment {
  static let information = ExperimentInformation(
    name: "etth1",
    summary:
      "forecasts by trend and seasonal part, a 96-256-96 perceptron for each, mean squared error",
    data: "ETTh1; a series drawn by the program where there is none",
    target: "test MSE ≤ 0.39, aim at 0.375 (0.6 asked)",
    source:
      "course assignment on forecasting with perceptrons, which leaves history and horizon open: 96 and 96, as "
      + "published",
    figures: [PublishedFigure("test_mse", 0.386)],
    published: "(DLinear), 0.3752 (CycleNet with a perceptron), 0.374 (the best at this history)",
    reached: "test MSE 0.3670 (seeds 0–2: mean 0.3691)")

  static let presets = [
    "default": ForecastingConfiguration(), "document": ForecastingConfiguration.document,
    "normalized": ForecastingConfiguration.normalized, "tuned": ForecastingConfiguration.tuned,
  ]
  static let searchMetric = "validation_mse"

  let summary: String
  let dataDescription: String
  let dataFiles: [RunEnvironment.DataFile]
  let plan: TrainingPlan
  let forecaster: ForecastingTask
  private let published: [String: String]

  init(
    _ configuration: ForecastingConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    let series = try ForecastingSeries(configuration, from: data, note: note)
    let widths = [configuration.history, configuration.hidden, configuration.horizon]
    summary =
      "forecasts by trend and seasonal part, a \(widths.map(String.init).joined(separator: "-")) perceptron "
      + "for each, mean squared error"
    dataDescription = series.description
    dataFiles = series.files
    published = series.files.isEmpty ? [:] : Self.publishedNotes(for: configuration)
    let set = configuration.dailyCycle ? series.set.withoutDailyCycle() : series.set
    let parts = try ForecastingParts(
      set, history: configuration.history, horizon: configuration.horizon)
    let model = ForecastingModel(configuration)
    let network = model.network
    forecaster = ForecastingTask(
      model: model,
      step: ForecastingStep(
        network, optimizer: configuration.makeOptimizer(of: network.parameters),
        isByHand: configuration.gradients == .byHand, dropout: configuration.dropout,
        seed: configuration.seed),
      parts: parts, batchSize: configuration.batchSize, seed: configuration.seed,
      dtype: configuration.precision)
    plan = configuration.plan(stepsPerEpoch: forecaster.stepsPerEpoch)
  }

  var task: any TrainingTask { forecaster }

  func forecast(_ table: HourlyTable, source: String) throws -> HourlyTable {
    try forecaster.forecast(table, source: source)
  }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func figure(_ name: String) -> String {
      metrics[name].map { String(format: "%.4f", $0) } ?? "–"
    }
    let weights = forecaster.step.network.parameters.reduce(0) { $0 + $1.count }
    return [
      .init("Test MSE", figure("test_mse"), note: published["test_mse"]),
      .init("Test MAE", figure("test_mae")),
      .init("Validation MSE", figure("validation_mse")),
      .init("Training MSE", figure("train_mse")),
      .init("Parameters", ProgressDisplay.grouped(weights)),
    ]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    [
      ForecastingReport.forecasts(forecaster), ForecastingReport.errors(forecaster),
      ForecastingReport.gradients(forecaster),
    ]
  }
}

/// ETTh1 where it can be found, else series that the program draws.
private struct ForecastingSeries {
  let set: SeriesSet
  let description: String
  let files: [RunEnvironment.DataFile]

  init(
    _ configuration: ForecastingConfiguration, from data: DataDirectory, note: (String) -> Void
  ) throws {
    if let found = try FoundData(DataCatalogue.ett, called: "ETTh1", in: data, note: note) {
      set = try ETT.load(from: found.folder)
      description = "ETTh1"
      files = found.files
    } else {
      let rows = ProgressDisplay.grouped(configuration.drawnRows)
      note(
        "data: \(rows) hours of three series drawn by the program, for there is no ETTh1 in "
          + "$ADJOINT_DATA or the cache (adjoint data fetch ett)")
      set = DrawnSeries.load(rowCount: configuration.drawnRows, seed: configuration.seed)
      description = "\(rows) hours of three series drawn by the program, seed \(configuration.seed)"
      files = []
    }
  }
}

extension ForecastingConfiguration {
  /// The optimiser it names, over these parameters.
  func makeOptimizer(of parameters: [Parameter]) -> any Optimizer {
    optimizer.optimizer(
      of: parameters, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
  }

  /// How long and at which rates.
  func plan(stepsPerEpoch: Int) -> TrainingPlan {
    let schedule: Schedule =
      switch decay {
      case .constant: .constant
      case .cosine: .cosine(total: totalSteps(stepsPerEpoch: stepsPerEpoch))
      case .halving: .exponential(factor: 0.5)
      }
    return plan(
      schedule, unit: decay == .cosine ? .step : .epoch,
      keepBest: keepBest
        ? BestEpoch("validation_mse", patience: patience > 0 ? patience : nil) : nil)
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(ETTForecasting.self) }
