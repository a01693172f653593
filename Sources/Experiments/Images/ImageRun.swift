import Checkpoints
import Datasets
import Foundation
import Models
import Tensors
import Training

/// What a run of an experiment with a convolutional classifier came to.
struct ImageRun {
  let experiment: String
  /// What it is called beside others; runs of one name differ in their seeds.
  let name: String
  /// All settings but the seed and those that leave the weights as they are, as text.
  let settings: [String: String]
  let image: ImageConfiguration
  let data: String
  let metrics: [String: Double]
  let history: History
  /// Seconds of training with its evaluations; nil for a run that was stopped and gone on with, whose seconds are
  /// spread over processes.
  let seconds: Double?
  /// Where it lies; nil for the run whose report this is.
  let folder: String?
  /// The folder of its checkpoints; nil where there are none yet.
  let checkpoints: URL?

  init<Kind: ImageExperiment>(
    of kind: Kind.Type, _ configuration: Kind.Configuration, data: String,
    metrics: [String: Double], history: History, seconds: Double?, folder: String?,
    checkpoints: URL? = nil
  ) throws {
    experiment = kind.information.name
    name = kind.name(of: configuration)
    // Runs that were begun in other folders may have the same weights.
    var settings = try ConfigurationEditor.settings(
      of: ConfigurationEditor.rooted(configuration))
    for key in ["seed"] + Kind.Configuration.idleInTraining { settings[key] = nil }
    self.settings = settings
    image = configuration.image
    self.data = data
    self.metrics = metrics
    self.history = history
    self.seconds = seconds
    self.folder = folder
    self.checkpoints = checkpoints
  }

  /// Reads a finished run.
  ///
  /// - Throws: `AdjointError` that names the folder: it is none of a run, of one that is not finished, or of an
  ///   experiment without images.
  static func read(_ folder: URL) throws -> ImageRun {
    let found = try FinishedRun(folder)
    let name = found.summary.experiment
    guard let kind = try ExperimentCatalogue.experiment(named: name) as? any ImageExperiment.Type
    else {
      throw AdjointError(
        .usage,
        "compare: \(folder.path): is a run of \(name), which has no convolutional classifier")
    }
    return try read(found, of: kind)
  }

  private static func read<Kind: ImageExperiment>(
    _ found: FinishedRun, of kind: Kind.Type
  ) throws -> ImageRun {
    let (run, summary) = (found.run, found.summary)
    return try ImageRun(
      of: kind, found.configuration(of: kind), data: summary.data, metrics: summary.metrics,
      history: History(reading: run.metrics), seconds: ExperimentRunner.seconds(of: run),
      folder: run.folder.path, checkpoints: run.checkpoints)
  }

  /// How its network begins, where it began with given weights: those of its newest checkpoint tell, or they themselves
  /// where a sweep has removed that; nil where neither is there.
  var stem: ResNetStem? {
    guard !image.weights.isEmpty else { return nil }
    let newest = checkpoints.flatMap { try? Checkpoint.all(in: $0).last }
    let file =
      newest?.appendingPathComponent("model.safetensors")
      ?? (try? DataDirectory().weights(image.weights))
    return ImageNetworks.stem(of: image.network, weights: file.flatMap { try? StateFile.read($0) })
  }

  /// Whether the other has the same settings and the same seed, so that it came to the same.
  func isTwin(of other: ImageRun) -> Bool {
    experiment == other.experiment && settings == other.settings
      && image.seed == other.image.seed
  }
}

extension ImageRun {
  /// What `compare=` names.
  struct Collection {
    /// In the order they were named in; a sweep's by its trials.
    var runs: [ImageRun] = []
    /// Trials of sweeps that came to no end.
    var unfinished = 0
  }

  /// Reads the runs in folders separated by commas; the folder of a sweep stands for its trials.
  ///
  /// - Throws: `AdjointError` that names the folder in which there is no finished run.
  static func collect(_ folders: String) throws -> Collection {
    var collection = Collection()
    for folder in FinishedRun.folders(in: folders) {
      let file = folder.appendingPathComponent("sweep.json")
      guard FileManager.default.fileExists(atPath: file.path) else {
        collection.runs.append(try read(folder))
        continue
      }
      let trials = try RunDirectory.read(SweepRequest.self, from: file).trials
      guard (0...100_000).contains(trials) else {
        throw AdjointError(
          .badData, "\(file.path): expected up to 100,000 trials, found \(trials)")
      }
      let finished = (0..<trials).map { Sweep.trialFolder($0, in: folder) }.filter {
        FileManager.default.fileExists(atPath: $0.appendingPathComponent("result.json").path)
      }
      guard !finished.isEmpty else {
        throw AdjointError(
          .noInput, "compare: \(folder.path): is a sweep none of whose trials is finished")
      }
      collection.runs += try finished.map(read)
      collection.unfinished += trials - finished.count
    }
    return collection
  }
}
