import Datasets
import Derivations
import Figures
import Foundation
import Layers
import Tensors
import Training

/// The 4-10-3 perceptron on five inputs with which the exercise begins, in float64.
///
/// Weights, inputs and batches are those of NumPy, so that every number can be held against the exercise's code.
final class TwoLayerToy: PredictingExperiment {
  static let information = ExperimentInformation(
    name: "two-layer-toy",
    summary: "4-10-3 perceptron, ReLU, softmax cross-entropy, L2, SGD, float64, gradients by hand",
    data: "five inputs drawn as NumPy draws them",
    target:
      "first loss 1.30378789133, gradients within 1e-8 of central differences, training loss ≤ 0.02 in "
      + "100 steps",
    source: "exercise sheet on deep networks and backpropagation, Q1 to Q3",
    published: "first loss \(publishedLoss)",
    reached:
      "first loss 1.30378789133, gradients within 3.6e-9 of central differences, training loss 0.0156"
  )

  private static let publishedLoss = "1.30378789133"

  static let presets = ["default": TwoLayerToyConfiguration()]
  static let searchMetric = "train_loss"

  let plan: TrainingPlan
  let dataDescription: String
  let dataFiles: [RunEnvironment.DataFile] = []
  private let toy: TwoLayerToyTask
  private let configuration: TwoLayerToyConfiguration

  init(
    _ configuration: TwoLayerToyConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    self.configuration = configuration
    toy = TwoLayerToyTask(configuration)
    dataDescription =
      "five inputs drawn as NumPy draws 10·randn(5, 4) after seed(\(configuration.seed + 1))"
    plan = configuration.plan(
      .exponential(factor: configuration.decayFactor), unit: .step)
  }

  static let rows = PredictedRows(input: "\(TwoLayerToyTask.inputCount) numbers")

  static func predictor(for configuration: TwoLayerToyConfiguration) -> RowPredictor {
    var random = NumPyRandom(seed: UInt32(configuration.seed))
    return RowPredictor(
      TwoLayerToyTask.model(configuration, from: &random), features: TwoLayerToyTask.inputCount)
  }

  var summary: String {
    "4-\(configuration.hidden)-3 perceptron, ReLU, softmax cross-entropy, "
      + "\(configuration.penalty > 0 ? "L2, " : "")SGD, \(configuration.precision), "
      + configuration.gradients.words
  }

  var task: any TrainingTask { toy }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func number(_ name: String, _ format: String) -> String {
      metrics[name].map { String(format: format, $0) } ?? "–"
    }
    // What the exercise states is that of its own weights and penalty.
    let isPublished =
      configuration == TwoLayerToyConfiguration(steps: configuration.steps)
    return [
      .init(
        "First loss", number("initial_loss", "%.11f"),
        note: isPublished
          ? "published: \(Self.publishedLoss)" : "λ = \(configuration.initialPenalty)"),
      .init(
        "Largest gradient error", number("gradient_error", "%.1e"),
        note: "by hand against central differences"),
      .init("Training loss", number("train_loss", "%.5f")),
      .init(
        "Training accuracy",
        metrics["train_accuracy"].map(Metric("train_accuracy").text) ?? "–"),
    ]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let beginning = toy.beginning
    return [
      Report.Section(
        "Its probabilities",
        [
          .paragraph(
            "Of the three classes for each input, with the weights that were drawn and with those it "
              + "ended with."),
          .table(table(beginning.result.probabilities, toy.probabilities)),
        ]), gradientSection(),
      Report.Section(
        "Its gradients as the exercise measures them",
        [
          .table(
            .init(
              header: ["parameter", "largest relative error"],
              rows: zip(beginning.network.parameters, beginning.errors).map {
                [$0.name, GradientReport.scientific($1)]
              },
              caption:
                "|a − b| / max(10⁻⁸, |a| + |b|) of the gradient by hand and (L(p + h) − L(p − h)) / 2h "
                + "with h = 10⁻⁵, element by element, at the weights that were drawn."))
        ]),
    ]
  }

  private func table(_ first: Tensor, _ last: Tensor) -> Report.Table {
    let classes = TwoLayerToyTask.classes
    let (before, after) = (first.doubles, last.doubles)
    func cells(_ values: [Double], _ row: Int) -> [String] {
      (0..<classes).map { String(format: "%.8f", values[row * classes + $0]) }
    }
    return .init(
      header: ["input", "class"] + (0..<classes).map { "first: \($0)" }
        + (0..<classes).map { "last: \($0)" },
      rows: (0..<toy.labels.count).map { row in
        ["\(row + 1)", "\(toy.labels.values[row])"] + cells(before, row) + cells(after, row)
      })
  }

  private func gradientSection() -> Report.Section {
    let (x, labels) = (toy.x.converted(to: .float64), toy.labels)
    let parameters = toy.beginning.network.parameters.map {
      Parameter($0.value.converted(to: .float64), name: $0.name)
    }
    let penalty = configuration.initialPenalty
    let network = TwoLayerPerceptron(parameters, penalty: penalty)
    // A difference moves a weight by up to 0.0014, and with it a hidden unit by that times the input.
    let largest = max(1, x.doubles.reduce(0) { max($0, abs($1)) })
    parameters[1].value = ClearBiases.nearest(
      to: parameters[1].value, units: linear(x, parameters[0].value, parameters[1].value),
      margin: 0.0015 * largest)
    let agreements = GradientCheck.Case(
      "five inputs", parameters,
      byHand: { dy in
        network.gradient(inputs: x, labels: labels).gradients.values.map {
          $0.map { $0 * dy.item }
        }
      }
    ) {
      let (w1, w2) = (parameters[0].value, parameters[2].value)
      let h = linear(x, w1, parameters[1].value, activation: .relu)
      let loss = softmaxCrossEntropy(linear(h, w2, parameters[3].value), labels: labels)
      return loss + penalty * (squaredNorm(w1) + squaredNorm(w2))
    }.agreements()
    return GradientReport.section(
      penalty > 0 ? TwoLayerPerceptron.penalizedFormulas : TwoLayerPerceptron.formulas, agreements,
      note:
        "Measured on the five inputs at the weights that were drawn, with $\\lambda = \(penalty)$, the biases "
        + "$b_1$ moved as far as it takes for no hidden unit to change sides within a difference. "
        + #"$X$ are the inputs as rows, $Z_1 = X W_1^\top + b_1$, $H_1 = \max(Z_1, 0)$, "#
        + #"$Z_2 = H_1 W_2^\top + b_2$, $\hat Y = \operatorname{softmax}(Z_2)$, $Y$ the classes as one-hot "#
        + #"rows, $m$ their number."#)
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TwoLayerToy.self) }
