import Figures
import Foundation
import Tensors
import Training

/// Finished runs of `deep-mlp-cifar10` beside one another.
enum DepthComparison {
  static let title = "Against depth"

  /// What a run came to.
  struct Run {
    let configuration: DeepPerceptronConfiguration
    let metrics: [String: Double]
    let history: History
    /// Where it lies; nil for the run whose report this is.
    let folder: String?

    var parameterCount: Int {
      let widths =
        [CIFARNetworks.features] + configuration.hiddenWidths + [CIFARNetworks.classes]
      return zip(widths, widths.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
    }
  }

  /// Reads the runs in folders separated by commas, each once.
  ///
  /// - Throws: `AdjointError` that names the folder which is not one of a finished run of this experiment on these data
  ///   with so many images held back.
  static func runs(in folders: String, on data: String, validation: Int) throws -> [Run] {
    var seen: Set<String> = []
    return try FinishedRun.folders(in: folders).compactMap { url in
      guard seen.insert(url.standardizedFileURL.path).inserted else { return nil }
      let found = try FinishedRun(url)
      let summary = found.summary
      try FinishedRun.requireSameExperiment(
        summary.experiment, as: DeepPerceptron.information.name, in: url.path)
      try FinishedRun.requireSameData(summary.data, as: data, in: url.path)
      let configuration = try found.configuration(of: DeepPerceptron.self)
      guard configuration.validation == validation else {
        throw AdjointError(
          .usage,
          "compare: \(url.path): held back validation=\(configuration.validation) images, this run "
            + "\(validation): their accuracies cannot stand beside one another")
      }
      return Run(
        configuration: configuration, metrics: summary.metrics,
        history: try History(reading: found.run.metrics), folder: url.path)
    }
  }

  /// Runs that differ in nothing but what is drawn.
  private struct Group {
    let depth: Int
    let hidden: Int
    /// One for each seed: whether the test part is looked at in the end makes it no other training.
    var runs: [Run]

    /// The mean of what is known of the runs; nil where that is nothing.
    func mean(_ value: (Run) -> Double?) -> Double? {
      let values = runs.compactMap(value)
      return values.isEmpty ? nil : SeedStatistics(values: values).mean
    }
  }

  private static func groups(of runs: [Run]) -> [Group] {
    var groups: [(key: DeepPerceptronConfiguration, group: Group)] = []
    for run in runs {
      var key = run.configuration
      (key.seed, key.compare, key.test) = (0, "", false)
      guard let place = groups.firstIndex(where: { $0.key == key }) else {
        groups.append((key, Group(depth: key.depth, hidden: key.hidden, runs: [run])))
        continue
      }
      let seeds = groups[place].group.runs.map(\.configuration.seed)
      if !seeds.contains(run.configuration.seed) { groups[place].group.runs.append(run) }
    }
    return groups.map(\.group)
  }

  /// A table of all runs, accuracy against depth, and accuracy by epoch, the curves as means over seeds.
  static func section(of runs: [Run]) -> Report.Section {
    let runs = runs.sorted {
      ($0.configuration.depth, $0.configuration.hidden, $0.configuration.seed)
        < ($1.configuration.depth, $1.configuration.hidden, $1.configuration.seed)
    }
    let groups = groups(of: runs)
    let means = groups.contains { $0.runs.count > 1 } ? " Means over seeds." : ""
    let curves = [
      curves("train", of: groups, "Running accuracy, of the weights as they change.\(means)"),
      curves("validation", of: groups, "After each epoch.\(means)"),
    ].compactMap { $0 }
    return Report.Section(
      title,
      [
        .table(table(of: runs)),
        .figure(againstDepth(groups), caption: "Of the weights at the end.\(means)"),
      ] + (curves.isEmpty ? [] : [.row(curves)]))
  }

  private static func table(of runs: [Run]) -> Report.Table {
    func text(_ name: String, of run: Run) -> String {
      run.metrics[name].map(Metric(name).text) ?? "–"
    }
    let rows = runs.map { run in
      [
        "\(run.configuration.depth)", "\(run.configuration.hidden)", "\(run.configuration.seed)",
        ProgressDisplay.grouped(run.parameterCount),
        ProgressDisplay.grouped(run.history.losses.count), text("train_accuracy", of: run),
        text("validation_accuracy", of: run), text("test_accuracy", of: run),
        run.folder ?? "this run",
      ]
    }
    return Report.Table(
      header: [
        "layers", "hidden units", "seed", "parameters", "steps", "training accuracy",
        "validation accuracy", "test accuracy", "run",
      ], rows: rows, caption: "Accuracies of the weights at the end of each run.")
  }

  private static func againstDepth(_ groups: [Group]) -> LinePlot {
    let series = [("training", "train_accuracy"), ("validation", "validation_accuracy")].map {
      part, name in
      let points = groups.compactMap { group in
        group.mean { $0.metrics[name] }.map { (Double(group.depth), $0 * 100) }
      }
      return Series(
        part, x: points.map(\.0), y: points.map(\.1), hasMarkers: true, color: Metric(name).color)
    }
    return LinePlot(
      title: "Accuracy against depth", x: Axis(counting: "layers"), y: Axis("accuracy", unit: "%"),
      series: series, width: 900, height: 300)
  }

  /// The accuracy on a part by epoch; nil where none was measured.
  private static func curves(
    _ part: String, of groups: [Group], _ caption: String
  ) -> (any Figure, String)? {
    let hasWidths = Set(groups.map(\.hidden)).count > 1
    let series = groups.compactMap { group -> Series? in
      let points = SeedStatistics.curve(of: "\(part)_accuracy", in: group.runs.map(\.history))
      let label = "\(group.depth) layers" + (hasWidths ? " of \(group.hidden)" : "")
      return points.isEmpty
        ? nil
        : Series(label, x: points.map { Double($0.epoch) }, y: points.map { $0.mean * 100 })
    }
    guard !series.isEmpty else { return nil }
    let plot = LinePlot(
      title: "\(part == "train" ? "Training" : "Validation") accuracy",
      x: Axis(counting: "epoch"), y: Axis("accuracy", unit: "%"), series: series, width: 460,
      height: 300)
    return (plot, caption)
  }
}
