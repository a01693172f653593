import Datasets
import Derivations
import Figures
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The 784-h-10 perceptron on handwritten digits, its gradients by the tape or by hand.
final class MNISTPerceptron: PredictingExperiment, LookingInside {
  static let information = ExperimentInformation(
    name: "mnist-mlp",
    summary: "784-50-10 perceptron, ReLU, softmax cross-entropy, SGD",
    data: "MNIST; digits drawn by the program where there is none",
    target: "test accuracy ≥ 0.975",
    source: "course report: hidden 50, rate 0.1 times 0.1 every 20 epochs, batch 16, 60 epochs",
    figures: [PublishedFigure("test_accuracy", 0.9518)],
    reached: "test accuracy 0.9759")

  static let presets = ["default": MNISTPerceptronConfiguration()]

  let summary: String
  let dataDescription: String
  let dataFiles: [RunEnvironment.DataFile]
  let plan: TrainingPlan
  private let published: [String: String]
  private let classifier: ImageClassificationTask<MultilayerPerceptron>

  init(
    _ configuration: MNISTPerceptronConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    let digits = try Digits.load(configuration, from: data, note: note)
    summary = "784-\(configuration.hidden)-10 perceptron, ReLU, softmax cross-entropy, SGD"
    dataDescription = digits.description
    dataFiles = digits.files
    // That figure is MNIST's.
    published = digits.files.isEmpty ? [:] : Self.publishedNotes(for: configuration)
    plan = configuration.plan(configuration.schedule)
    let model = MNISTPerceptron.perceptron(configuration)
    let parameters = parameters(of: model)
    let step = ClassificationStep(
      model, optimizer: SGD(parameters, learningRate: configuration.learningRate),
      byHand: configuration.gradients == .byHand ? handWrittenGradient(of: parameters) : nil,
      seed: configuration.seed)
    classifier = ImageClassificationTask(
      model: model, step: step, parts: digits.parts, batchSize: configuration.batchSize,
      seed: configuration.seed, dtype: configuration.precision)
  }

  private static func perceptron(
    _ configuration: MNISTPerceptronConfiguration
  ) -> MultilayerPerceptron {
    var random = Philox(seed: configuration.seed)
    let model = MultilayerPerceptron(widths: [784, configuration.hidden, 10], random: &random)
    convert(model, to: configuration.precision)
    return model
  }

  static let rows = PredictedRows(input: "784 pixels between 0 and 1, or as bytes")

  static func predictor(for configuration: MNISTPerceptronConfiguration) -> RowPredictor {
    RowPredictor(perceptron(configuration), features: 784, byteDivisor: 255)
  }

  var classNames: [String]? { classifier.parts.train.classNames }
  var task: any TrainingTask { classifier }
  var examined: ExaminedNetwork { classifier.examined }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func text(_ name: String) -> String {
      metrics[name].map(Metric(name).text) ?? "–"
    }
    let weights = classifier.step.parameters.reduce(0) { $0 + $1.count }
    return [
      .init("Test accuracy", text("test_accuracy"), note: published["test_accuracy"]),
      .init("Test loss", metrics["test_loss"].map { String(format: "%.4f", $0) } ?? "–"),
    ] + ClassificationReport.validation(metrics) + [
      .init("Training accuracy", text("train_accuracy")),
      .init("Parameters", ProgressDisplay.grouped(weights)),
    ]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let test = classifier.parts.test
    let result = classifier.shownResult
    let mistakes = ClassificationReport.mistakes(result, on: test)
    let looks = try AttributionReport.section(examined, result)
    let weights = ClassificationReport.firstLayer(
      classifier.step.parameters[0].value, of: test)
    return [mistakes, looks] + (weights.map { [$0] } ?? []) + [gradientSection()]
  }

  private func gradientSection() -> Report.Section {
    GradientReport.section(
      of: classifier.step.parameters, on: classifier.parts.test, named: "test images",
      transform: .unit, formulas: TwoLayerPerceptron.formulas,
      symbols:
        #"$X$ are the images as rows, $Z_1 = X W_1^\top + b_1$, $H_1 = \max(Z_1, 0)$, "#
        + #"$Z_2 = H_1 W_2^\top + b_2$, $\hat Y = \operatorname{softmax}(Z_2)$, $Y$ the labels as one-hot "#
        + #"rows, $m$ the number of images, $L$ the mean cross-entropy."#
    ) { parameters, x, labels in
      TwoLayerPerceptron(parameters).gradient(inputs: x, labels: labels).gradients
    }
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(MNISTPerceptron.self) }
