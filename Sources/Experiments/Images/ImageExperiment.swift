import Datasets
import Figures
import Training

/// An experiment with a convolutional classifier: what such experiments have in common.
protocol ImageExperiment: LookingInside where Configuration: ImageSettings {
  /// How finished runs stand beside this one in its report.
  static var comparison: ImageComparison.Manner { get }
  /// What a run is called beside others.
  static func name(of configuration: Configuration) -> String
  /// The network with its data and its training.
  var training: ImageTraining { get }
}

extension ImageExperiment {
  static var comparison: ImageComparison.Manner { .networks }
  static func name(of configuration: Configuration) -> String { configuration.image.network }

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
