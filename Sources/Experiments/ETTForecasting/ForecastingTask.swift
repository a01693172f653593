import Datasets
import Layers
import Optimizers
import Tensors
import Training

/// The windows of each part.
struct ForecastingParts {
  let train, validation, test: SeriesWindows

  init(_ set: SeriesSet, history: Int, horizon: Int) throws {
    train = try set.windows(.train, history: history, horizon: horizon)
    validation = try set.windows(.validation, history: history, horizon: horizon)
    test = try set.windows(.test, history: history, horizon: horizon)
  }
}

/// Errors over all windows of a part.
struct ForecastingErrors {
  /// Mean squared error of each step ahead and variate, `horizon × variates`.
  private(set) var squared: [Double]
  /// Mean absolute error of each step ahead and variate.
  private(set) var absolute: [Double]
  let variates: Int

  /// - Parameters:
  ///   - squared: sums over windows, `horizon × variates`.
  ///   - absolute: sums over windows.
  ///   - windows: how many there were.
  init(squared: [Double], absolute: [Double], windows: Int, variates: Int) {
    self.squared = squared.map { $0 / Double(windows) }
    self.absolute = absolute.map { $0 / Double(windows) }
    self.variates = variates
  }

  /// Over everything.
  var mse: Double { squared.reduce(0, +) / Double(squared.count) }
  /// Over everything.
  var mae: Double { absolute.reduce(0, +) / Double(absolute.count) }

  /// Mean over variates, for each step ahead.
  static func byStep(_ errors: [Double], variates: Int) -> [Double] {
    stride(from: 0, to: errors.count, by: variates).map {
      errors[$0..<($0 + variates)].reduce(0, +) / Double(variates)
    }
  }

  /// Mean over the steps ahead, for each variate.
  static func byVariate(_ errors: [Double], variates: Int) -> [Double] {
    (0..<variates).map { variate in
      let own = stride(from: variate, to: errors.count, by: variates).map { errors[$0] }
      return own.reduce(0, +) / Double(own.count)
    }
  }
}

/// A training task of windows of series: shuffled batches, one ``ForecastingStep`` each.
final class ForecastingTask: TrainingTask {
  let model: ForecastingModel
  let parts: ForecastingParts
  let step: ForecastingStep
  private let dtype: DType
  private var order: ShuffledRows
  /// Windows of a batch in inference.
  private static let evaluationBatch = 256

  init(
    model: ForecastingModel, step: ForecastingStep, parts: ForecastingParts, batchSize: Int,
    seed: UInt64, dtype: DType
  ) {
    self.model = model
    self.step = step
    self.parts = parts
    self.dtype = dtype
    order = ShuffledRows(count: parts.train.count, batchSize: batchSize, seed: seed)
  }

  var stepsPerEpoch: Int { order.batchesPerEpoch }
  var samplesPerEpoch: Int { parts.train.count }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: model)
  }

  func seek(epoch: Int, batch: Int) throws {
    try order.seek(to: .init(epoch: epoch, batch: batch))
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    let (x, y) = windows(parts.train, order.next())
    return try step(x, y, step: number, checkFinite: checkFinite)
  }

  private func windows(
    _ part: SeriesWindows, _ numbers: some Collection<Int32>
  ) -> (Tensor, Tensor) {
    let (x, y) = part.batch(numbers)
    return (x.converted(to: dtype), y.converted(to: dtype))
  }

  func epochMetrics() throws -> [String: Double] {
    ["validation_mse": evaluate(parts.validation).mse]
  }

  func finalMetrics() throws -> [String: Double] {
    let test = evaluate(parts.test)
    return [
      "test_mse": test.mse, "test_mae": test.mae, "train_mse": evaluate(parts.train).mse,
      "validation_mse": evaluate(parts.validation).mse,
    ]
  }

  /// The errors over every window of a part, the last ones too.
  func evaluate(_ part: SeriesWindows) -> ForecastingErrors {
    let variates = part.set.variateCount
    var squared = [Double](repeating: 0, count: part.horizon * variates)
    var absolute = squared
    for first in stride(from: 0, to: part.count, by: Self.evaluationBatch) {
      let numbers = (first..<min(first + Self.evaluationBatch, part.count)).map { Int32($0) }
      let (x, y) = windows(part, numbers)
      let error = model(x, .inference) - y
      let magnitude = relu(error) + relu(-error)
      for (index, value) in sum(error * error, axis: 0).doubles.enumerated() {
        squared[index] += value
      }
      for (index, value) in sum(magnitude, axis: 0).doubles.enumerated() {
        absolute[index] += value
      }
    }
    return ForecastingErrors(
      squared: squared, absolute: absolute, windows: part.count, variates: variates)
  }

  /// The hours that follow a table's, in its units.
  func forecast(_ table: HourlyTable, source: String) throws -> HourlyTable {
    let set = parts.test.set
    let x = try set.scaled(lastRowsOf: table, count: parts.test.history, source: source)
    let y = model(x.converted(to: dtype), .inference).floats
    let first = table.firstHour + table.rowCount
    return HourlyTable(
      after: table,
      values: y.enumerated().map { index, value in
        set.original(
          value, variate: index % set.variateCount, hour: first + index / set.variateCount)
      })
  }

  /// The forecast for one window, `horizon × variates`.
  func forecast(_ part: SeriesWindows, window: Int) -> [Float] {
    model(windows(part, [Int32(window)]).0, .inference).floats
  }
}
