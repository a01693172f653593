import Datasets
import Derivations
import Figures
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The simplified MLP-Mixer on handwritten digits cut into patches, its gradients by the tape or by hand.
final class Mixer: PredictingExperiment, LookingInside {
  static let information = ExperimentInformation(
    name: "mixer",
    summary: "simplified MLP-Mixer: FC over patches, FC over their pixels, mean, FC, SGD",
    data: "MNIST in patches; digits drawn by the program where there is none",
    target: "test accuracy ≥ 0.95",
    source:
      "course assignment: the network and its six gradients; it names no figure",
    published: nil,
    reached: "test accuracy 0.9846")

  static let presets = ["default": MixerConfiguration()]

  let dataDescription: String
  let dataFiles: [RunEnvironment.DataFile]
  let plan: TrainingPlan
  private let configuration: MixerConfiguration
  private let classifier: ImageClassificationTask<SimplifiedMixer>
  /// The images before they were cut.
  private let images: ImageClassificationParts

  init(
    _ configuration: MixerConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    let digits = try Digits.load(configuration, from: data, note: note)
    let patches = configuration.patches
    self.configuration = configuration
    images = digits.parts
    dataDescription = digits.description
    dataFiles = digits.files
    plan = configuration.plan(configuration.schedule)
    let model = Mixer.mixer(configuration)
    let parameters = parameters(of: model)
    let step = ClassificationStep(
      model,
      optimizer: SGD(
        parameters, learningRate: configuration.learningRate, momentum: configuration.momentum),
      byHand: configuration.gradients == .byHand ? mixerGradient(of: model) : nil,
      seed: configuration.seed)
    classifier = ImageClassificationTask(
      model: model, step: step,
      parts: ImageClassificationParts(
        train: try patches.cut(digits.parts.train),
        validation: try digits.parts.validation.map(patches.cut),
        test: try patches.cut(digits.parts.test)),
      batchSize: configuration.batchSize, seed: configuration.seed, dtype: configuration.precision)
  }

  private static func mixer(_ configuration: MixerConfiguration) -> SimplifiedMixer {
    var random = Philox(seed: configuration.seed)
    let model = SimplifiedMixer(
      positions: configuration.positions, features: configuration.features, classes: 10,
      blocks: configuration.blocks, random: &random)
    convert(model, to: configuration.precision)
    return model
  }

  static let rows = PredictedRows(
    input: "pixels between 0 and 1, or as bytes, patch after patch as it cuts them")

  static func predictor(for configuration: MixerConfiguration) -> RowPredictor {
    RowPredictor(
      mixer(configuration), features: configuration.positions * configuration.features,
      byteDivisor: 255)
  }

  var summary: String {
    "simplified MLP-Mixer"
      + (configuration.blocks > 1 ? " of \(configuration.blocks) blocks" : "")
      + ": FC over \(configuration.positions) patches, FC over their \(configuration.features) pixels, "
      + "mean, FC, SGD"
  }

  var classNames: [String]? { images.train.classNames }
  var task: any TrainingTask { classifier }

  var examined: ExaminedNetwork {
    let (network, layout) = configuration.onPixels(classifier.model)
    return ExaminedNetwork(
      network, takes: layout, parameters: classifier.step.parameters, transform: .unit,
      training: images.train, shown: ("test", images.test))
  }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func text(_ name: String) -> String {
      metrics[name].map(Metric(name).text) ?? "–"
    }
    let weights = classifier.step.parameters.reduce(0) { $0 + $1.count }
    return [
      .init("Test accuracy", text("test_accuracy"), note: "target: ≥ 95 %")
    ] + ClassificationReport.validation(metrics) + [
      .init("Training accuracy", text("train_accuracy")),
      .init(
        "Input", "\(configuration.positions) × \(configuration.features)",
        note: "patches of \(configuration.patch) × \(configuration.patch) pixels, "
          + "\(configuration.stride) apart"),
      .init("Parameters", ProgressDisplay.grouped(weights)),
    ]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let result = classifier.shownResult
    let mistakes = ClassificationReport.mistakes(result, on: images.test)
    return [mistakes, try AttributionReport.section(examined, result), weightSection()]
      + (configuration.blocks == 1 ? [gradientSection()] : [])
  }

  /// Θ₁ and Θ₂ as fields of colour, and what each class makes of the positions.
  private func weightSection() -> Report.Section {
    let block = classifier.model.blocks[0]
    func map(_ title: String, _ weight: Tensor, _ what: String) -> HeatMap {
      // A few weights are much larger than the rest, which would all look white beside them.
      let sizes = weight.floats.map { abs($0) }.sorted()
      let end = max(sizes[(sizes.count * 99 - 1) / 100], .leastNormalMagnitude)
      return HeatMap(
        title: title, xLabel: "from \(what)", yLabel: "to \(what)", valueLabel: "weight",
        rows: weight.shape[0], columns: weight.shape[1], values: weight.floats, colors: .diverging,
        range: -end...end, width: 460)
    }
    let head = classifier.model.head.weight.value
    let (across, values) = (configuration.patchesAcross, head.floats)
    let fields = (0..<head.shape[0]).map { digit in
      Array(values[(digit * head.shape[1])..<((digit + 1) * head.shape[1])])
    }
    let first = configuration.blocks > 1 ? " of the first block" : ""
    return Report.Section(
      "What it learned",
      [
        .row([
          (
            map("FC-1: Θ₁", block.positions.weight.value, "position"),
            caption:
              "How FC-1\(first) mixes the \(configuration.positions) positions, counted row by row. "
              + "One weight in a hundred lies beyond the ends of the colours."
          ),
          (
            map("FC-2: Θ₂", block.features.weight.value, "feature"),
            caption: "How FC-2\(first) mixes the \(configuration.features) pixels of a patch."
          ),
        ]),
        .figure(
          ImageGrid(filters: fields, width: across, height: across, columns: 5, tileWidth: 120),
          caption:
            "FC-3: each square holds the weights of one digit, 0 to 9, in the place of the positions they "
            + "multiply."),
      ])
  }

  /// Compares the three gradients at the trained weights.
  private func gradientSection() -> Report.Section {
    let exact = classifier.step.parameters.map {
      Parameter($0.value.converted(to: .float64), name: $0.name)
    }
    let batch = Loader(
      classifier.parts.test, batchSize: min(classifier.parts.test.count, 4), order: .sequential
    ).next()
    let (length, width) = (configuration.positions, configuration.features)
    let x = batch.inputs.converted(to: .float64).reshaped(to: [batch.count, length, width])
    let moved = keepFromKinks(exact, x)
    let network = MLPMixer(exact)
    let labels = batch.labels
    let agreements = GradientCheck.Case(
      "\(batch.count) test images", exact,
      byHand: { dy in
        network.gradient(inputs: x, labels: labels).gradients.values.map { $0.map { $0 * dy.item } }
      }
    ) { softmaxCrossEntropy(mixerModel(of: exact)(x, .inference), labels: labels) }.agreements()
    return GradientReport.section(
      MLPMixer.formulas, agreements,
      note:
        "Measured on \(batch.count) test images at the trained weights; "
        + ClearBiases.words("$b_1$ and $b_2$ are", movedBy: moved) + ". "
        + #"$X^{(i)}$ is image $i$ with its patches as rows, "#
        + #"$H_1 = \max(Z_1, 0)$ with $Z_1 = X^\top \Theta_1^\top + b_1$, $S_1 = X + H_1^\top$, "#
        + #"$H_2 = \max(Z_2, 0)$ with $Z_2 = S_1 \Theta_2^\top + b_2$, $S_2 = S_1 + H_2$, $V$ the mean of "#
        + #"$S_2$ over the $D$ features, $Z_3 = V \Theta_3^\top + b_3$, "#
        + #"$\hat Y = \operatorname{softmax}(Z_3)$, $Y$ the labels as one-hot rows, $m$ the number of "#
        + #"images, $\mathcal{L}$ the mean cross-entropy."#)
  }

  /// Moves b₁ and b₂ until no unit is near the kink; returns by how much at most.
  private func keepFromKinks(_ exact: [Parameter], _ x: Tensor) -> Double {
    let (batch, length, width) = (x.shape[0], x.shape[1], x.shape[2])
    let before = exact.map(\.value.detached)
    // A difference moves a weight by 0.0014 to either side, a bias too: a unit by that times its largest input, or 1.
    func largest(_ inputs: Tensor) -> Double { inputs.doubles.reduce(1) { max($0, abs($1)) } }
    func clear(_ index: Int, _ units: Tensor, reach: Double) {
      exact[index].value = ClearBiases.nearest(
        to: exact[index].value, units: units, margin: 0.0015 * reach)
    }
    let turned = x.transposed().reshaped(to: [batch * width, length])
    clear(1, linear(turned, exact[0].value, exact[1].value), reach: largest(turned))
    let h1 = linear(turned, exact[0].value, exact[1].value, activation: .relu)
    let s1 = (x + h1.reshaped(to: [batch, width, length]).transposed())
      .reshaped(to: [batch * length, width])
    // A weight of FC-1 moves a row of S₁, all its features at once, and with it every unit of FC-2.
    let theta2 = exact[2].value.doubles
    let spread = (0..<width).map { unit in
      theta2[(unit * width)..<((unit + 1) * width)].reduce(0) { $0 + abs($1) }
    }.reduce(0, max)
    clear(
      3, linear(s1, exact[2].value, exact[3].value),
      reach: max(largest(s1), largest(turned) * spread))
    return zip(exact, before).flatMap { zip($0.value.doubles, $1.doubles).map { abs($0 - $1) } }
      .max() ?? 0
  }
}

/// A mixer of one block over parameters in the order of `MLPMixer`.
func mixerModel(of parameters: [Parameter]) -> SimplifiedMixer {
  SimplifiedMixer(
    blocks: [
      MixerBlock(
        positions: Linear(weight: parameters[0], bias: parameters[1], activation: .relu),
        features: Linear(weight: parameters[2], bias: parameters[3], activation: .relu))
    ], head: Linear(weight: parameters[4], bias: parameters[5]))
}

/// The gradient of a mixer of one block as `Derivations` writes it out.
func mixerGradient(of model: SimplifiedMixer) -> ClassificationStep.Gradient {
  let network = MLPMixer(parameters(of: model))
  let (length, width) = (model.head.inputs, model.blocks[0].features.inputs)
  return { x, labels in
    let result = network.gradient(
      inputs: x.reshaped(to: [x.shape[0], length, width]), labels: labels)
    return (result.loss, result.probabilities, result.gradients)
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(Mixer.self) }
