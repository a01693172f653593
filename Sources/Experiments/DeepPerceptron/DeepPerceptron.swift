import Datasets
import Figures
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// Perceptrons of two and more layers on CIFAR-10, their gradients from the tape, compared by their depth.
final class DeepPerceptron: CIFARExperiment {
  static let information = ExperimentInformation(
    name: "deep-mlp-cifar10",
    summary: "3072-256-…-10 perceptrons of depth 2 to 5, ReLU, Adam, gradients from the tape",
    data: "CIFAR-10, 49,000 / 1,000 / 10,000 images, each channel standardised",
    target: "validation accuracy above 0.48 with two layers; accuracies against depth",
    source:
      "exercise sheet on deep networks and backpropagation, Q4; the test part is looked at once, with "
      + "test=true",
    reached:
      "validation accuracy 0.550, 0.561, 0.565, 0.561 with 2, 3, 4, 5 layers (three seeds each); test accuracy 0.5516 with 3"
  )

  static let presets = ["default": DeepPerceptronConfiguration()]

  let plan: TrainingPlan
  private let configuration: DeepPerceptronConfiguration
  let perceptron: CIFARPerceptron<MultilayerPerceptron>
  /// The runs to compare with; nil where training does not begin, and they are needed for the report alone.
  private let others: [DepthComparison.Run]?

  convenience init(
    _ configuration: DeepPerceptronConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    try self.init(configuration, data: data, resuming: nil, note: note)
  }

  /// - Parameter checkpoint: the one whose weights the network is going to get; nil where training begins.
  init(
    _ configuration: DeepPerceptronConfiguration, data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws {
    self.configuration = configuration
    let images = try CIFARImages(
      validation: configuration.validation, from: data, for: Self.information.name, note: note)
    // Before an hour is spent on a run whose report cannot be written.
    others =
      checkpoint == nil
      ? try DepthComparison.runs(
        in: configuration.compare, on: images.description, validation: configuration.validation)
      : nil
    perceptron = CIFARPerceptron(
      .init(
        model: Self.network(configuration), centring: .channelStandardized, byHand: nil,
        optimizer: {
          Adam(
            $0, learningRate: configuration.learningRate, weightDecay: configuration.weightDecay)
        }, batchSize: configuration.batchSize,
        testUse: configuration.test ? .atEnd : .never, seed: configuration.seed,
        precision: configuration.precision), images)
    plan = configuration.plan(
      .exponential(factor: configuration.decayFactor))
  }

  var summary: String {
    "\(CIFARNetworks.words(hidden: configuration.hiddenWidths)) perceptron, "
      + (configuration.depth > 1 ? "ReLU, " : "") + "Adam, gradients from the tape"
  }

  static func network(_ configuration: DeepPerceptronConfiguration) -> PixelNetwork<
    MultilayerPerceptron
  > {
    CIFARNetworks.perceptron(
      hidden: configuration.hiddenWidths,
      weights: .heNormal(), isStandardized: true, seed: configuration.seed,
      precision: configuration.precision)
  }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    ClassificationReport.keyFigures(metrics, perceptron.classifier.step.parameters)
      + [.init("Layers", "\(configuration.depth)")]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let sections = try perceptron.reportSections()
    guard !configuration.compare.isEmpty else { return sections }
    let this = DepthComparison.Run(
      configuration: configuration, metrics: run.metrics, history: run.history, folder: nil)
    return [
      try .beside(DepthComparison.title) {
        let others =
          try self.others
          ?? DepthComparison.runs(
            in: configuration.compare, on: dataDescription, validation: configuration.validation)
        return DepthComparison.section(of: others + [this])
      }
    ] + sections
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(DeepPerceptron.self) }
