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

  /// What the user should know of these settings before training begins, in a line each.
  static func remarks(on configuration: Configuration) throws -> [String]

  /// An experiment of this network and training, which were made of the configuration.
  init(_ training: ImageTraining, of configuration: Configuration)
}

extension ImageExperiment {
  static var comparison: ImageComparison.Manner { .networks }
  static func name(of configuration: Configuration) -> String { configuration.image.network }
  static var presetsOfGivenWeights: Set<String> { [] }

  static func remarks(on configuration: Configuration) throws -> [String] { [] }

  init(_ configuration: Configuration, data: DataDirectory, note: (String) -> Void) throws {
    try self.init(configuration, data: data, resuming: nil, note: note)
  }

  init(
    _ configuration: Configuration, data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws {
    if checkpoint == nil { try Self.remarks(on: configuration).forEach(note) }
    self.init(
      try ImageTraining(
        configuration, data: data, resuming: checkpoint, for: Self.self, note: note),
      of: configuration)
  }

  var summary: String { training.configuration.summary }
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
    try imageSections(of: run)
  }

  /// The runs beside it, what it gets wrong, and where it looks.
  func imageSections(of run: RunRecord) throws -> [Report.Section] {
    let sections = try training.reportSections()
    guard let comparison = training.comparison else { return sections }
    return [try .beside(Self.comparison.title) { try comparison(run).section() }] + sections
  }
}
