import Datasets
import Derivations
import Figures
import Layers
import Models
import Optimizers
import Tensors
import Training

/// A perceptron on CIFAR-10 with its data and its training: what several experiments share.
struct CIFARPerceptron<Network: Layer> {
  let images: CIFARImages
  let classifier: ImageClassificationTask<Network>

  /// What an experiment decides.
  struct Design {
    var model: PixelNetwork<Network>
    var centring: PixelCentring
    var augmentation: Augmentation?
    var penalty = 0.0
    /// Nil for the tape.
    var byHand: (([Parameter]) -> ClassificationStep.Gradient)?
    /// Nil where the gradients by hand are those of the network's own operations.
    var lossByHand: (([Parameter]) -> ClassificationStep.Loss)?
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
      lossByHand: design.lossByHand?(parameters), penalty: design.penalty, seed: design.seed)
    classifier = ImageClassificationTask(
      model: network, stateHolder: design.model, step: step, parts: images.parts,
      transform: transform, augmentation: design.augmentation, batchSize: design.batchSize,
      testUse: design.testUse,
      seed: design.seed, dtype: design.precision)
  }

  /// What it gets wrong, where it looks, and what its first layer looks like.
  func reportSections() throws -> [Report.Section] {
    let (part, set) = classifier.shownPart
    let result = classifier.shownResult
    let mistakes = ClassificationReport.mistakes(result, on: set, part: part)
    let looks = try AttributionReport.section(classifier.examined, result)
    // Weights with their lengths apart come after these; the directions show the same.
    let weights = classifier.step.parameters.first { $0.shape.rank == 2 }.flatMap {
      ClassificationReport.firstLayer($0.value, of: set)
    }
    return [mistakes, looks] + (weights.map { [$0] } ?? [])
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

/// Networks on CIFAR-10's images.
enum CIFARNetworks {
  /// Features of an image: 32 × 32 × 3.
  static let features = 3072
  static let classes = 10

  /// The widths of a perceptron with those hidden layers: `3072-256-10`, and `3072-200×7-10` for seven alike.
  static func words(hidden: [Int]) -> String {
    var runs: [(width: Int, count: Int)] = []
    for width in hidden {
      if let last = runs.last, last.width == width {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((width, 1))
      }
    }
    let layers = runs.flatMap { width, count in
      count > 4 ? ["\(width)×\(count)"] : [String](repeating: "\(width)", count: count)
    }
    return (["\(features)"] + layers + ["\(classes)"]).joined(separator: "-")
  }

  /// A perceptron with hidden layers of those widths.
  static func perceptron(
    hidden: [Int], weights: Initializer, isStandardized: Bool = false, seed: UInt64,
    precision: DType
  ) -> PixelNetwork<MultilayerPerceptron> {
    var random = Philox(ofWeights: seed)
    let network = MultilayerPerceptron(
      widths: [features] + hidden + [classes], weightInitializer: weights,
      biasInitializer: .zeros, random: &random)
    let model = PixelNetwork(
      network, features: features, isStandardized: isStandardized)
    convert(model, to: precision)
    return model
  }
}

/// An experiment with a network on CIFAR-10: what such experiments have in common.
protocol CIFARExperiment: PredictingExperiment, LookingInside {
  associatedtype Network: Layer
  /// The network with its data and its training.
  var perceptron: CIFARPerceptron<Network> { get }
  /// The network of a configuration.
  static func network(_ configuration: Configuration) -> PixelNetwork<Network>
}

extension CIFARExperiment {
  static var rows: PredictedRows {
    PredictedRows(
      input:
        "3,072 bytes, row by row of pixels, red, green and blue of each; it subtracts their mean itself"
    )
  }

  static func predictor(for configuration: Configuration) -> RowPredictor {
    RowPredictor(network(configuration), features: CIFARNetworks.features)
  }

  var dataDescription: String { perceptron.images.description }
  var dataFiles: [RunEnvironment.DataFile] { perceptron.images.files }
  var classNames: [String]? { perceptron.images.parts.train.classNames }
  var task: any TrainingTask { perceptron.classifier }
  var examined: ExaminedNetwork { perceptron.classifier.examined }
}
