import Datasets
import Derivations
import Figures
import Foundation
import Tensors
import Training

/// The sections of a forecaster's report.
enum ForecastingReport {
  /// Forecasts over the truth: three windows of the test part, two variates.
  static func forecasts(_ task: ForecastingTask) -> Report.Section {
    let windows = task.parts.test
    let set = windows.set
    // The last variate is the one the series are about; the first stands beside it.
    let variates = Set([set.variateCount - 1, 0]).sorted(by: >)
    let numbers = Set([1, 3, 5].map { windows.count * $0 / 6 }).sorted()
    var blocks: [Report.Block] = [
      .paragraph(
        "\(windows.history) hours behind and \(windows.horizon) ahead, in the units of the data. Of the "
          + "\(ProgressDisplay.grouped(windows.count)) windows of the test part these lie at one, three "
          + "and five sixths; they were not picked.")
    ]
    for number in numbers {
      let forecast = task.forecast(windows, window: number)
      blocks.append(
        .row(
          variates.map { variate in
            (plot(windows, number, variate, forecast), "")
          }))
    }
    return Report.Section("Forecasts", blocks)
  }

  private static func plot(
    _ windows: SeriesWindows, _ number: Int, _ variate: Int, _ forecast: [Float]
  ) -> LinePlot {
    let set = windows.set
    let start = windows.starts.lowerBound + number
    func value(_ row: Int) -> Double {
      set.original(set.values[row * set.variateCount + variate], variate: variate, row: row)
    }
    let (history, horizon) = (windows.history, windows.horizon)
    let past = (0..<history).map { value(start + $0) }
    let truth = (0..<horizon).map { value(start + history + $0) }
    let predicted = (0..<horizon).map { step in
      set.original(
        forecast[step * set.variateCount + variate], variate: variate, row: start + history + step)
    }
    let hours = (0..<horizon).map { Double($0 + 1) }
    return LinePlot(
      title: "\(set.names[variate]), test window \(number + 1)", x: Axis("hours from now"),
      y: Axis(set.names[variate]),
      series: [
        Series("history", x: (0..<history).map { Double($0 - history + 1) }, y: past),
        Series("forecast", x: hours, y: predicted),
        Series("truth", x: hours, y: truth),
      ], width: 460, height: 280)
  }

  /// Errors by step ahead and by variate, beside those of two forecasts that need no training.
  static func errors(_ task: ForecastingTask) -> Report.Section {
    let windows = task.parts.test
    let names = windows.set.names
    let errors = task.evaluate(windows)
    let lastDay = naive(windows, period: 24)
    let lastValue = naive(windows, period: 1)
    func byStep(_ errors: ForecastingErrors) -> [Double] {
      ForecastingErrors.byStep(errors.squared, variates: names.count)
    }
    let curves = [("this network", errors), ("the last day again", lastDay)].map {
      Series($0.0, values: byStep($0.1), start: 1)
    }
    let bars = zip(
      names, ForecastingErrors.byVariate(errors.squared, variates: names.count)
    ).map { BarPlot.Bar($0, $1) }
    let rows = [
      ("this network", errors), ("the last day again and again", lastDay),
      ("the last value throughout", lastValue),
    ].map { [$0, String(format: "%.4f", $1.mse), String(format: "%.4f", $1.mae)] }
    return Report.Section(
      "Where it errs",
      [
        .table(
          .init(
            header: ["forecast", "mean squared error", "mean absolute error"], rows: rows,
            caption:
              "All \(ProgressDisplay.grouped(windows.count)) windows of the test part, in standard deviations "
              + "of the training part.")),
        .row([
          (
            LinePlot(
              title: "By hours ahead", x: Axis("hours ahead"), y: Axis("mean squared error"),
              series: curves, width: 460, height: 300), "Mean over windows and variates."
          ),
          (
            BarPlot(
              title: "By variate", axis: Axis("mean squared error"), bars: bars, width: 460),
            "Mean over windows and hours ahead."
          ),
        ]),
      ])
  }

  /// The errors of repeating the last so many hours.
  private static func naive(_ windows: SeriesWindows, period: Int) -> ForecastingErrors {
    let set = windows.set
    // The hours before a window are there, also where its history is shorter than a day.
    let (count, period) = (
      set.variateCount, min(period, (windows.starts.first ?? 0) + windows.history)
    )
    var squared = [Double](repeating: 0, count: windows.horizon * count)
    var absolute = squared
    func value(_ row: Int, _ variate: Int) -> Double {
      let hour = (set.firstHour + row) % 24 * count + variate
      return Double(
        set.values[row * count + variate] + (set.cycle.isEmpty ? 0 : set.cycle[hour]))
    }
    for start in windows.starts {
      let now = start + windows.history
      for step in 0..<windows.horizon {
        for variate in 0..<count {
          let error =
            value(now - period + step % period, variate) - value(now + step, variate)
          squared[step * count + variate] += error * error
          absolute[step * count + variate] += abs(error)
        }
      }
    }
    return ForecastingErrors(
      squared: squared, absolute: absolute, windows: windows.count, variates: count)
  }

  /// Compares the three gradients at the trained weights on test series that keep clear of the kinks of the
  /// rectifier, where a difference of values is no derivative.
  static func gradients(_ task: ForecastingTask) -> Report.Section {
    let trained = task.step.network
    let names = ["trend", "seasonal"].flatMap { part in
      ["weight 1", "bias 1", "weight 2", "bias 2"].map { "\(part), \($0)" }
    }
    let exact = zip(names, trained.parameters).map {
      Parameter($1.value.converted(to: .float64), name: $0)
    }
    let network = DecompositionForecaster(
      exact, window: trained.window, normalization: trained.normalization)
    let (x, y) = clearSeries(task, network, count: 4)
    let agreements = GradientCheck.Case(
      "test series", exact,
      byHand: { dy in
        network.gradient(inputs: x, targets: y).gradients.values.map { $0.map { $0 * dy.item } }
      }
    ) { network.loss(inputs: x, targets: y) }.agreements()
    return GradientReport.section(
      DecompositionForecaster.formulas, agreements,
      note:
        "Measured on \(x.shape[0]) test series at the trained weights. "
        + #"$X'$ has a series of the past in each row, of $m$ windows and $N$ variates; $U$ is $X'$ without "#
        + #"its level $\mu$ and divided by its scale $\sigma$; $U_t$ its moving average, $U_s = U - U_t$; "#
        + #"$Z_k = U_k W_{1k}^\top + b_{1k}$ and $H_k = \max(Z_k, 0) \circ M_k$ for $k = t, s$, with the "#
        + #"mask $M_k$ of dropout; $V = \sum_k (H_k W_{2k}^\top + b_{2k})$, $\hat Y' = V \circ \sigma + \mu$, "#
        + #"$S$ the steps ahead, $L$ the mean squared error."#)
  }

  /// Of the series of many test windows those whose hidden units all keep farthest from zero, one variate each.
  private static func clearSeries(
    _ task: ForecastingTask, _ network: DecompositionForecaster, count: Int
  ) -> (Tensor, Tensor) {
    let windows = task.parts.test
    let every = max(1, windows.count / 500)
    let numbers = stride(from: 0, to: windows.count, by: every).map { Int32($0) }
    let (x, y) = windows.batch(numbers)
    let parts = network.decompose(x.converted(to: .float64))
    let p = network.parameters.map(\.value)
    let inputs = [(parts.trend, 0), (parts.seasonal, 4)]
    let z = inputs.map { linear($0.0, p[$0.1], p[$0.1 + 1]).doubles }
    let hidden = p[1].count
    let clearance = (0..<parts.trend.shape[0]).map { row -> Double in
      let units = (row * hidden)..<((row + 1) * hidden)
      return z.flatMap { $0[units] }.map { abs($0) }.min() ?? 0
    }
    let best = clearance.indices.sorted { clearance[$0] > clearance[$1] }.prefix(count)
    let rows = IndexTensor(best.map { Int32($0) })
    func chosen(_ tensor: Tensor) -> Tensor {
      let series = gather(DecompositionForecaster.rows(tensor.converted(to: .float64)), rows)
      return series.reshaped(to: [best.count, series.shape[1], 1])
    }
    return (chosen(x), chosen(y))
  }
}
