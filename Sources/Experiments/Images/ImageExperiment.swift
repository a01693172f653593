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

  /// The runs beside it, what it gets wrong, where it looks, what it has of its own, and the works that all of that
  /// comes from.
  func imageSections(
    of run: RunRecord, _ own: [Report.Section] = []
  ) throws -> [Report.Section] {
    var references = try training.configuration.references
    var sections = try training.reportSections() + own
    if let comparison = training.comparison {
      let beside = try Report.Section.beside(Self.comparison.title) {
        let comparison = try comparison(run)
        references += try comparison.groups.flatMap { try $0.runs[0].image.references }
        return try comparison.section()
      }
      sections.insert(beside, at: 0)
    }
    return sections + [Reference.section(references + AttributionReport.references)]
  }
}
