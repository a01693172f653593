import Datasets
import Derivations
import Figures
import Layers
import Models
import Optimizers
import Tensors
import Training

/// A perceptron on CIFAR-10 with its data and its training: what several experiments share.
struct CIFARPerceptron {
  /// Features of an image: 32 × 32 × 3.
  static let features = 3072
  static let classes = 10
  private static let weightStream = UInt64.max

  let images: CIFARImages
  let classifier: ImageClassificationTask<MultilayerPerceptron>

  /// What an experiment decides.
  struct Design {
    var model: PixelPerceptron
    var centring: PixelPerceptron.Centring
    var penalty = 0.0
    /// Nil for the tape.
    var byHand: (([Parameter]) -> ClassificationStep.Gradient)?
    var optimizer: ([Parameter]) -> any Optimizer
    var batchSize: Int
    var testUse: TestUse
    var seed: UInt64
    var precision: DType
  }

  init(_ design: Design, _ images: CIFARImages) {
    self.images = images
    let transform = design.model.centre(on: images.parts.train, design.centring)
    let parameters = parameters(of: design.model)
    let network = design.model.network
    let step = ClassificationStep(
      network, optimizer: design.optimizer(parameters), byHand: design.byHand?(parameters),
      penalty: design.penalty, seed: design.seed)
    classifier = ImageClassificationTask(
      model: network, stateHolder: design.model, step: step, parts: images.parts,
      transform: transform, batchSize: design.batchSize, testUse: design.testUse,
      seed: design.seed, dtype: design.precision)
  }

  /// A perceptron with hidden layers of those widths.
  static func model(
    hidden: [Int], weights: Initializer, isStandardized: Bool = false, seed: UInt64,
    precision: DType
  ) -> PixelPerceptron {
    // A stream of its own: the loader's are those of the epochs, from 0.
    var random = Philox(seed: seed, stream: weightStream)
    let network = MultilayerPerceptron(
      widths: [features] + hidden + [classes], weightInitializer: weights,
      biasInitializer: .zeros, random: &random)
    let model = PixelPerceptron(network, isStandardized: isStandardized)
    convert(model, to: precision)
    return model
  }

  /// What it gets wrong and what its first layer looks like.
  func reportSections() -> [Report.Section] {
    let (part, set) = classifier.shownPart
    let mistakes = ClassificationReport.mistakes(classifier.evaluate(set), on: set, part: part)
    let weights = ClassificationReport.firstLayer(
      classifier.step.parameters[0].value, of: set)
    return [mistakes] + (weights.map { [$0] } ?? [])
  }

  /// The gradients three ways on images of the part that is shown.
  func gradientSection(
    _ formulas: [Formula], symbols: String, penalty: Double = 0,
    byHand: @escaping ([Parameter], Tensor, IndexTensor) -> Gradients
  ) -> Report.Section {
    let (part, set) = classifier.shownPart
    return GradientReport.section(
      of: classifier.step.parameters, on: set, named: "\(part) images",
      transform: classifier.transform, penalty: penalty, formulas: formulas, symbols: symbols,
      byHand: byHand)
  }
}
