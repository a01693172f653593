import Datasets
import Figures
import Foundation
import Training

/// An experiment with a convolutional classifier: what such experiments have in common.
protocol ImageExperiment: LookingInside where Configuration: ImageSettings {
  /// How finished runs stand beside this one in its report.
  static var comparison: ImageComparison.Manner { get }
  /// What a run is called beside others.
  static func name(of configuration: Configuration) -> String
  /// The presets whose runs begin with weights from elsewhere, which the user names.
  static var presetsOfGivenWeights: Set<String> { get }
  /// The network with its data and its training.
  var training: ImageTraining { get }

  /// Loads the data and makes the network.
  ///
  /// - Parameters:
  ///   - configuration: already validated.
  ///   - data: where data are looked for.
  ///   - checkpoint: the one whose weights the network is going to get, so that the files which only a beginning needs
  ///     are left alone; nil where training begins.
  ///   - note: tells the user something in one line.
  init(
    _ configuration: Configuration, data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws
}

extension ImageExperiment {
  static var comparison: ImageComparison.Manner { .networks }
  static func name(of configuration: Configuration) -> String { configuration.image.network }
  static var presetsOfGivenWeights: Set<String> { [] }

  init(_ configuration: Configuration, data: DataDirectory, note: (String) -> Void) throws {
    try self.init(configuration, data: data, resuming: nil, note: note)
  }

  var dataDescription: String { training.images.description }
  var dataFiles: [RunEnvironment.DataFile] { training.images.files }
  var classNames: [String]? { training.images.parts.train.classNames }
  var task: any TrainingTask { training.classifier }
  var examined: ExaminedNetwork { training.examined }
  var plan: TrainingPlan { training.plan }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    training.keyFigures(metrics)
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let sections = try training.reportSections()
    return try training.comparison.map { [try $0(run).section()] + sections } ?? sections
  }
}
