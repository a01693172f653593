import Datasets
import Derivations
import Figures
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The 3072-100-10 perceptron on CIFAR-10, put together from modules with a backward pass each, or by the tape.
///
/// The report tries it on the test part as it trains, and so does this: nothing is chosen by it.
final class UvAPerceptron: CIFARExperiment {
  static let information = ExperimentInformation(
    name: "uva-mlp",
    summary: "3072-100-10 perceptron from by-hand modules, ReLU, softmax, cross-entropy, SGD",
    data: "CIFAR-10, 50,000 / 10,000 images less the mean of each channel",
    target: "test accuracy ≥ 0.4645 in 1,500 steps",
    source:
      "deep-learning course, report on assignment 1, sections 1 and 2, 1,500 batches; of its defaults, not "
      + "printed there: weights N(0, 1e-4²), rate 2e-3, batch 200",
    figures: [PublishedFigure("test_accuracy", 0.4645)],
    reached:
      "test accuracy 0.4985 (seeds 0 to 3: 0.4977 to 0.5028); with preset=document, seeds 0 to 7: "
      + "0.433 to 0.482, mean 0.4648"
  )

  static let presets = [
    "default": UvAPerceptronConfiguration(),
    // The rate stays as it is, as in the report.
    "document": UvAPerceptronConfiguration(decayFactor: 1),
  ]

  let summary: String
  let plan: TrainingPlan
  let perceptron: CIFARPerceptron<MultilayerPerceptron>
  private let published: [String: String]

  init(
    _ configuration: UvAPerceptronConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    let images = try CIFARImages(
      validation: configuration.validation, from: data, for: Self.information.name, note: note)
    published = Self.publishedNotes(for: configuration)
    summary =
      "\(CIFARNetworks.words(hidden: [configuration.hidden])) perceptron"
      + (configuration.gradients == .byHand ? " from by-hand modules" : "")
      + ", ReLU, softmax, cross-entropy, SGD"
      + (configuration.gradients == .byHand ? "" : ", \(configuration.gradients.words)")
    perceptron = CIFARPerceptron(
      .init(
        model: Self.network(configuration), centring: .channelMean,
        byHand: configuration.gradients == .byHand ? { modularGradient(of: $0) } : nil,
        lossByHand: configuration.gradients == .byHand ? { modularLoss(of: $0) } : nil,
        optimizer: { SGD($0, learningRate: configuration.learningRate) },
        batchSize: configuration.batchSize, testUse: .everyEpoch, seed: configuration.seed,
        precision: configuration.precision), images)
    plan = configuration.plan(
      .exponential(factor: configuration.decayFactor))
  }

  static func network(_ configuration: UvAPerceptronConfiguration) -> PixelNetwork<
    MultilayerPerceptron
  > {
    CIFARNetworks.perceptron(
      hidden: [configuration.hidden],
      weights: .normal(standardDeviation: configuration.weightScale), seed: configuration.seed,
      precision: configuration.precision)
  }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    ClassificationReport.keyFigures(
      metrics, perceptron.classifier.step.parameters, published: published)
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    try perceptron.reportSections() + [
      perceptron.gradientSection(
        ModularPerceptron(perceptron.classifier.step.parameters).formulas,
        symbols:
          #"$X$ are the images as rows, less the mean of each channel, $Z_1 = X W_1^\top + b_1$, "#
          + #"$H_1 = \max(Z_1, 0)$, $Z_2 = H_1 W_2^\top + b_2$, $\hat Y = \operatorname{softmax}(Z_2)$, $T$ the "#
          + #"labels as one-hot rows, $m$ the number of images, "#
          + #"$L = -\frac{1}{m} \sum_i \sum_k t_{ik} \ln \hat y_{ik}$. Each module hands the cotangent of its "#
          + "input to the one before it."
      ) { parameters, x, labels in
        ModularPerceptron(parameters).gradient(inputs: x, labels: labels).gradients
      }
    ]
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(UvAPerceptron.self) }
