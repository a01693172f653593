import Datasets
import Figures
import Training

/// An experiment with a convolutional classifier: what such experiments have in common.
protocol ImageExperiment: LookingInside where Configuration == ImageConfiguration {
  /// The network with its data and its training.
  var training: ImageTraining { get }
}

extension ImageExperiment {
  var dataDescription: String { training.images.description }
  var dataFiles: [RunEnvironment.DataFile] { training.images.files }
  var task: any TrainingTask { training.classifier }
  var examined: ExaminedNetwork { training.examined }
  var plan: TrainingPlan { training.plan }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    training.keyFigures(metrics)
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    try training.reportSections()
  }
}
