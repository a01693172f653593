import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

// Runs that are there.

extension ExperimentRunner {
  /// Of which step the newest weights of a run are, where it is not over; nil for one that is, or has none.
  static func unfinished(_ run: RunDirectory) throws -> String? {
    guard !FileManager.default.fileExists(atPath: run.result.path),
      let step = try Checkpoint.latest(in: run.checkpoints).flatMap({ Checkpoint.step(of: $0) })
    else { return nil }
    return "is not over: the weights are those after step \(ProgressDisplay.grouped(step))"
  }

  /// Seconds of a run's training; nil for one that has no result, or was resumed.
  static func seconds(of run: RunDirectory) throws -> Double? {
    guard FileManager.default.fileExists(atPath: run.result.path) else { return nil }
    // result.json has the seconds of the last process only; they are the run's where it was never resumed.
    return wasResumed(run) ? nil : try RunDirectory.read(Summary.self, from: run.result).seconds
  }

  private static func wasResumed(_ run: RunDirectory) -> Bool {
    let environment = try? RunDirectory.read(RunEnvironment.self, from: run.environment)
    guard environment?.resumptions == nil else { return true }
    // Runs of before resumptions were noted: each process has an event file of its own.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run.folder.path)) ?? []
    return names.count { $0.hasPrefix("events.out.tfevents.") } > 1
  }

  /// An experiment with its run's newest checkpoint.
  struct Opened {
    let experiment: any Experiment
    let name: String
    let seed: UInt64
    let run: RunDirectory
    let steps: Int

    /// The same, and of how many steps.
    var unfinished: String? {
      get throws {
        let total = experiment.plan.totalSteps(stepsPerEpoch: experiment.task.stepsPerEpoch)
        return try ExperimentRunner.unfinished(run).map {
          "\($0) of \(ProgressDisplay.grouped(total))"
        }
      }
    }

    func summary(metrics: [String: Double], seconds: Double) -> Summary {
      Summary(
        experiment: name, data: experiment.dataDescription, seed: seed, steps: steps,
        seconds: seconds, metrics: metrics, run: run.folder.path, interrupted: false)
    }
  }

  /// Makes a run's experiment again, with its newest checkpoint.
  static func open(_ run: RunDirectory, data: DataDirectory) throws -> Opened {
    let name = try RunDirectory.read(SavedName.self, from: run.configuration).experiment
    return try open(ExperimentCatalogue.experiment(named: name), run, data: data)
  }

  private static func open<Kind: Experiment>(
    _ kind: Kind.Type, _ run: RunDirectory, data: DataDirectory
  ) throws -> Opened {
    let saved = try RunDirectory.read(
      SavedConfiguration<Kind.Configuration>.self, from: run.configuration)
    try saved.configuration.validate()
    let experiment = try reopen(kind, saved.configuration, run, data) { _ in }
    try requireSameData(experiment, run)
    let steps = try Trainer.loadNewest(in: run, into: experiment.task)
    return Opened(
      experiment: experiment, name: saved.experiment, seed: saved.configuration.seed, run: run,
      steps: steps)
  }

  /// Makes a run's experiment again. One that drew its own data does so again, even if files of that set are found by
  /// now.
  static func reopen<Kind: Experiment>(
    _ kind: Kind.Type, _ configuration: Kind.Configuration, _ run: RunDirectory,
    _ data: DataDirectory, note: (String) -> Void
  ) throws -> Kind {
    let saved = try RunDirectory.read(RunEnvironment.self, from: run.environment)
    let drawsItsOwn = saved.dataFiles.isEmpty && data.explicit == nil
    return try Kind(
      configuration, data: drawsItsOwn ? .nowhere : data,
      // That there are no data to be found would not be true.
      resuming: Checkpoint.latest(in: run.checkpoints), note: drawsItsOwn ? { _ in } : note)
  }

  /// Where the run's own data are not found an experiment may fall back on others, and the figures would
  /// be those of something else.
  static func requireSameData(_ experiment: some Experiment, _ run: RunDirectory) throws {
    let saved = try RunDirectory.read(RunEnvironment.self, from: run.environment)
    guard saved.data == experiment.dataDescription else {
      let cure =
        switch (saved.dataFiles.isEmpty, experiment.dataFiles.isEmpty) {
        case (true, true): "its configuration.json is not that of its training"
        case (true, false): "leave out --data-dir"
        case (false, _): "say where its data are (--data-dir)"
        }
      throw AdjointError(
        .noInput,
        "\(run.folder.path): was trained on \(saved.data), found \(experiment.dataDescription); "
          + cure)
    }
    for file in experiment.dataFiles {
      let known = saved.dataFiles.first { $0.name == file.name }
      guard known == nil || known == file else {
        throw AdjointError(
          .badData,
          "\(file.name): expected the SHA-256 \(known?.sha256 ?? "") of the file that "
            + "\(run.folder.path) was trained on, found \(file.sha256)")
      }
    }
  }

  /// What to say of files that bear the name of a published one and are not it: someone's own data, or damage.
  static func unpublished(_ files: [RunEnvironment.DataFile]) -> [String] {
    let published = DataCatalogue.sources.flatMap(\.files)
    return files.compactMap { file in
      guard let known = published.first(where: { $0.name == file.name }) else { return nil }
      let sums =
        known.sha256.map { ("SHA-256", $0, file.sha256) }
        ?? file.md5.map { ("MD5", known.md5, $0) }
      guard let (kind, expected, found) = sums, expected != found else { return nil }
      return
        "\(file.name): is not the published file: expected \(kind) \(expected), found \(found)"
    }
  }

  /// What a report and `adjoint data inspect` say where there are such files.
  static let unpublishedWords = "not the published files: their checksums differ"
}
