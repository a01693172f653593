import Checkpoints
import Foundation
import Tensors
import Training

/// A finished run that `compare=` names, to stand beside others in a report.
struct FinishedRun {
  let run: RunDirectory
  let summary: ExperimentRunner.Summary

  /// - Throws: `AdjointError` that names the folder: it is none of a run, or of one that is not finished.
  init(_ folder: URL) throws {
    run = try RunDirectory(opening: folder)
    guard FileManager.default.fileExists(atPath: run.result.path) else {
      throw AdjointError(
        .noInput, "compare: \(folder.path): is not finished: it has no result.json")
    }
    summary = try RunDirectory.read(ExperimentRunner.Summary.self, from: run.result)
  }

  /// The folders in a list with commas between them.
  static func folders(in list: String) -> [URL] {
    list.split(separator: ",").map {
      URL(fileURLWithPath: $0.trimmingCharacters(in: .whitespaces), isDirectory: true)
    }
  }

  /// Its settings, where it is a run of that experiment.
  func configuration<Kind: Experiment>(of kind: Kind.Type) throws -> Kind.Configuration {
    try RunDirectory.read(
      SavedConfiguration<Kind.Configuration>.self, from: run.configuration
    ).configuration
  }

  /// Throws a usage error if the run in a folder was trained on other data than the one it is to stand beside.
  static func requireSameData(_ data: String, as own: String, in folder: String) throws {
    guard data == own else {
      throw AdjointError(
        .usage, "compare: \(folder): was trained on \(data), this run on \(own)")
    }
  }

  /// Throws a usage error if the run in a folder is of another experiment than the one it is to stand beside.
  static func requireSameExperiment(_ name: String, as own: String, in folder: String) throws {
    guard name == own else {
      throw AdjointError(.usage, "compare: \(folder): is a run of \(name), not of \(own)")
    }
  }
}
