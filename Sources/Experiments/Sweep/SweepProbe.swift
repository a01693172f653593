import Datasets
import Foundation
import Tensors
import Training

/// What can be known to be wrong before the first trial runs.
enum SweepProbe {
  /// Looks at every trial's settings, makes the first trial's experiment and asks it what it measures; enters what
  /// the data are and when trials are compared.
  ///
  /// - Parameters:
  ///   - request: what the sweep is asked to do.
  ///   - space: its settings.
  ///   - data: where data are looked for; where the request says if nil.
  /// - Throws: `AdjointError`: what `train` would say of a trial's settings or of the data; a metric that does
  ///   not come; too little to halve.
  static func complete(
    _ request: inout SweepRequest, _ space: SearchSpace, data: DataDirectory? = nil
  ) throws {
    try complete(&request, space, data, ExperimentCatalogue.experiment(named: request.experiment))
  }

  private static func complete<Kind: Experiment>(
    _ request: inout SweepRequest, _ space: SearchSpace, _ place: DataDirectory?,
    _ kind: Kind.Type
  ) throws {
    var lengths: Set<[String?]> = []
    let data =
      place
      ?? DataDirectory(
        explicit: request.dataDir.map { URL(fileURLWithPath: $0, isDirectory: true) })
    for trial in (0..<request.trials).reversed() {
      let configuration = try ExperimentRunner.configuration(
        kind, request.changes(trial, in: space))
      let settings = try ConfigurationEditor.settings(of: configuration)
      for path in Kind.Configuration.paths.compactMap({ settings[$0] }) where !path.isEmpty {
        try requireWeights(path, in: data)
      }
      if request.method == .halving {
        lengths.insert([settings["epochs"], settings["steps"]])
      }
      guard trial == 0 else { continue }
      guard lengths.count <= 1 else {
        throw AdjointError(
          .usage,
          "--method halving: trials of these presets differ in epochs or steps; give --epochs or --steps"
        )
      }
      let experiment = try Kind(configuration, data: data) { _ in }
      request.data = experiment.dataDescription
      try requireMetric(request.metric, of: experiment, configuration)
      let plan = experiment.plan
      request.unit = plan.stepLimit == nil ? "epochs" : "steps"
      request.rungs = [Rung(trials: request.trials, budget: nil)]
      if request.method == .halving {
        request.rungs = try Halving.rungs(
          trials: request.trials, budget: plan.stepLimit ?? plan.epochs, unit: request.unit)
      }
    }
    // The trials' processes can use what the data took here.
    Memory.trim()
  }

  /// Throws no input where a trial would not find the file that it begins with, hours after the first.
  private static func requireWeights(_ path: String, in data: DataDirectory) throws {
    let file = try data.weights(path)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw AdjointError(.noInput, "\(file.path): there is no such file")
    }
  }

  private static func requireMetric<Kind: Experiment>(
    _ metric: String, of experiment: Kind, _ configuration: Kind.Configuration
  ) throws {
    // What is measured after each epoch takes less time than what is measured at the end, and is part of it.
    if try experiment.task.epochMetrics()[metric] != nil { return }
    let measured = try experiment.task.finalMetrics()
    if measured[metric] != nil { return }
    let name = Kind.information.name
    let settings = try ConfigurationEditor.settings(of: configuration)
    let isHeldBack = Metric(metric).part == .validation && settings["validation"] == "0"
    let others = measured.keys.filter { Metric($0).part != .test }
    // The nearest name would be that of the training data, on which trials should not be compared.
    throw AdjointError(
      .usage,
      isHeldBack
        ? "\(name): there is no \(metric) without a validation part; --set validation=5000 holds back as many "
          + "samples of the training data"
        : "\(name): " + unknown("metric", metric, among: Array(others)))
  }
}
