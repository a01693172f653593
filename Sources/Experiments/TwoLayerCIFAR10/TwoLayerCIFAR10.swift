import Datasets
import Derivations
import Figures
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The 3072-h-10 perceptron on CIFAR-10 with a penalty on its weights, its gradients by hand or by the tape.
///
/// The exercise draws each batch with replacement; here an epoch goes through all images in random order.
final class TwoLayerCIFAR10: CIFARExperiment {
  static let information = ExperimentInformation(
    name: "two-layer-cifar10",
    summary: "3072-50-10 perceptron, ReLU, softmax cross-entropy, L2, SGD, gradients by hand",
    data: "CIFAR-10, 49,000 / 1,000 / 10,000 images less their mean image",
    target: "validation accuracy about 0.29 with preset=default, above 0.48 with preset=tuned",
    source:
      "exercise sheet on deep networks and backpropagation, Q3; the test part is looked at once, with "
      + "preset=tuned or test=true",
    figures: [PublishedFigure("validation_accuracy", 0.29, preset: "default")],
    reached:
      "validation accuracy 0.292 with preset=default; 0.539 with preset=tuned, test accuracy 0.5124"
  )

  static let presets = [
    "default": TwoLayerCIFAR10Configuration(),
    // The best of a sweep by the validation part; the command stands in RESULTS.md.
    "tuned": TwoLayerCIFAR10Configuration(
      batchSize: 100, epochs: 30, steps: 0, learningRate: 9.748e-4, decayFactor: 0.8833,
      penalty: 0.06755, test: true),
  ]

  let summary: String
  let plan: TrainingPlan
  let perceptron: CIFARPerceptron<MultilayerPerceptron>
  private let penalty: Double
  private let published: [String: String]

  init(
    _ configuration: TwoLayerCIFAR10Configuration, data: DataDirectory, note: (String) -> Void
  ) throws {
    let images = try CIFARImages(
      validation: configuration.validation, from: data, for: Self.information.name, note: note)
    penalty = configuration.penalty
    published = Self.publishedNotes(for: configuration)
    summary =
      "\(CIFARNetworks.words(hidden: [configuration.hidden])) perceptron, ReLU, softmax cross-entropy, "
      + "\(penalty > 0 ? "L2, " : "")SGD, \(configuration.gradients.words)"
    perceptron = CIFARPerceptron(
      .init(
        model: Self.network(configuration), centring: .meanImage, penalty: penalty,
        byHand: configuration.gradients == .byHand
          ? { handWrittenGradient(of: $0, penalty: configuration.penalty) } : nil,
        optimizer: {
          SGD($0, learningRate: configuration.learningRate, momentum: configuration.momentum)
        }, batchSize: configuration.batchSize,
        testUse: configuration.test ? .atEnd : .never, seed: configuration.seed,
        precision: configuration.precision), images)
    plan = configuration.plan(
      .exponential(factor: configuration.decayFactor))
  }

  static func network(_ configuration: TwoLayerCIFAR10Configuration) -> PixelNetwork<
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
    let penalty = penalty
    return try perceptron.reportSections() + [
      perceptron.gradientSection(
        penalty > 0 ? TwoLayerPerceptron.penalizedFormulas : TwoLayerPerceptron.formulas,
        symbols:
          #"$X$ are the images as rows, less their mean, $Z_1 = X W_1^\top + b_1$, "#
          + #"$H_1 = \max(Z_1, 0)$, $Z_2 = H_1 W_2^\top + b_2$, $\hat Y = \operatorname{softmax}(Z_2)$, "#
          + #"$Y$ the labels as one-hot rows, $m$ the number of images, $L$ the mean cross-entropy plus "#
          + #"$\lambda (\lVert W_1 \rVert^2 + \lVert W_2 \rVert^2)$, $\lambda = \#(penalty)$."#,
        penalty: penalty
      ) { parameters, x, labels in
        TwoLayerPerceptron(parameters, penalty: penalty).gradient(inputs: x, labels: labels)
          .gradients
      }
    ]
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TwoLayerCIFAR10.self) }
