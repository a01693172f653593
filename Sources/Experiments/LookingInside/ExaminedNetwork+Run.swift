import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors
import Training

extension ExaminedNetwork {
  /// The network of a run as its settings and newest weights alone make it, for pictures from elsewhere: the data of
  /// the run may have changed, or be on another machine.
  ///
  /// Nil where they do not make it: of a convolutional network in runs of before the names of the classes were noted.
  ///
  /// - Parameters:
  ///   - run: the run.
  ///   - kind: its experiment.
  /// - Throws: `AdjointError` if there are no weights, or they are damaged or of another network.
  init?(of run: RunDirectory, _ kind: any Experiment.Type) throws {
    let found: ExaminedNetwork? =
      switch kind {
      case let kind as any ImageExperiment.Type: try Self.convolutional(kind, run)
      case let kind as any CIFARExperiment.Type: try Self.ofColours(kind, run)
      case let kind as any PredictingExperiment.Type: try Self.ofDigits(kind, run)
      default: nil
      }
    guard let found else { return nil }
    self = found
  }

  private static func convolutional<Kind: ImageExperiment>(
    _ kind: Kind.Type, _ run: RunDirectory
  ) throws -> ExaminedNetwork? {
    let configuration = try configuration(kind, run).image
    let environment = try RunDirectory.read(RunEnvironment.self, from: run.environment)
    guard let names = environment.classNames else { return nil }
    let (weights, source) = try weights(of: run)
    var form = try ImageSet.form(configuration, classes: names.count)
    form.stem = ImageNetworks.stem(of: configuration.network, weights: weights)
    guard let network = ImageNetworks.network(configuration.network, form, seed: 0)?.network else {
      throw AdjointError(
        .usage, unknown("network", configuration.network, among: ImageNetworks.names))
    }
    if configuration.precision == .float64 { convert(network, to: .float64) }
    try load(weights, into: network, from: source)
    return try ExaminedNetwork(
      network, takes: .images, parameters: Layers.parameters(of: network),
      transform: ImageSet.normalization(configuration, channels: form.channels),
      side: form.side ?? configuration.size, channels: form.channels, classNames: names,
      hasSeveralLabels: Prediction.hasSeveralLabels(configuration.data))
  }

  /// Perceptrons on the images of CIFAR-10. What they subtract is kept beside their weights.
  private static func ofColours<Kind: CIFARExperiment>(
    _ kind: Kind.Type, _ run: RunDirectory
  ) throws -> ExaminedNetwork {
    let model = kind.network(try configuration(kind, run))
    let (weights, source) = try weights(of: run)
    try load(weights, into: model, from: source)
    return try ExaminedNetwork(
      model.network, takes: .rows, parameters: Layers.parameters(of: model),
      transform: .centred(mean: model.mean.value.floats, deviation: model.deviation?.value.floats),
      side: 32, channels: 3, classNames: CIFAR10.classNames)
  }

  /// Networks on handwritten digits, whole or in patches.
  private static func ofDigits<Kind: PredictingExperiment>(
    _ kind: Kind.Type, _ run: RunDirectory
  ) throws -> ExaminedNetwork? {
    let configuration = try configuration(kind, run)
    guard let digits = configuration as? any DigitsConfiguration,
      let model = kind.predictor(for: configuration).model as? any Layer
    else { return nil }
    let (weights, source) = try weights(of: run)
    try load(weights, into: model, from: source)
    let (network, layout) = digits.onPixels(model)
    return try ExaminedNetwork(
      network, takes: layout, parameters: Layers.parameters(of: model), transform: .unit,
      side: 28, channels: 1,
      classNames: (0..<10).map(String.init))
  }

  /// A network without images.
  private init(
    _ model: any Layer, takes layout: InputLayout, parameters: [Parameter],
    transform: PixelTransform, side: Int, channels: Int, classNames: [String],
    hasSeveralLabels: Bool = false
  ) throws {
    let none =
      hasSeveralLabels
      ? try ClassificationSet(
        pixels: [], height: side, width: side, channels: channels, targets: [],
        classNames: classNames, description: "no images")
      : try ClassificationSet(
        pixels: [], height: side, width: side, channels: channels, labels: [],
        classNames: classNames, description: "no images")
    self.init(
      model, takes: layout, parameters: parameters, transform: transform, training: none,
      shown: ("test", none))
  }

  private static func configuration<Kind: Experiment>(
    _ kind: Kind.Type, _ run: RunDirectory
  ) throws -> Kind.Configuration {
    let saved = try RunDirectory.read(
      SavedConfiguration<Kind.Configuration>.self, from: run.configuration)
    try saved.configuration.validate()
    return saved.configuration
  }

  /// The newest weights of a run, and where they are from.
  private static func weights(of run: RunDirectory) throws -> ([String: Tensor], source: String) {
    let file = try Prediction.newest(of: run.folder).weights
    return (try StateFile.read(file), file.path)
  }
}
