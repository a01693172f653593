import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

/// An experiment whose model goes on with a table.
protocol ForecastingExperiment: Experiment {
  /// The rows that come after those of a table.
  ///
  /// - Throws: `AdjointError`, bad data, that names the source if the table is not like the one it was trained on.
  func forecast(_ table: HourlyTable, source: String) throws -> HourlyTable
}

extension Prediction {
  /// Whether a file is a table by its name.
  public static func isTable(_ input: URL) -> Bool { input.pathExtension.lowercased() == "csv" }

  /// Goes on with a table by the newest weights of a run.
  ///
  /// - Parameters:
  ///   - folder: the run's.
  ///   - input: a CSV file with the columns that the run was trained on.
  ///   - output: the file to write, a table too, whose name ends in `.csv`; nil for none.
  ///   - data: where its training data are looked for, by which numbers are scaled.
  /// - Returns: the rows that follow.
  /// - Throws: `AdjointError` if it is no run, or of another kind, or its data are not there, or the table does not
  ///   fit.
  public static func forecast(
    run folder: URL, input: URL, output: URL?, data: DataDirectory
  ) throws -> HourlyTable {
    try requireEnding(of: output, "csv")
    let run = try RunDirectory(opening: folder)
    let name = try RunDirectory.read(SavedName.self, from: run.configuration).experiment
    let kind = try ExperimentCatalogue.experiment(named: name)
    func other() -> AdjointError {
      AdjointError(
        .usage,
        "\(folder.path): is a run of \(name), which has no model that goes on with a table")
    }
    guard kind is any ForecastingExperiment.Type else { throw other() }
    let table = try HourlyTable(at: input)
    let opened = try ExperimentRunner.open(run, data: data)
    guard let experiment = opened.experiment as? any ForecastingExperiment else { throw other() }
    let rows = try experiment.forecast(table, source: input.path)
    if let output { try write(Data(rows.csv.utf8), to: output) }
    return rows
  }
}
