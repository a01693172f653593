import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors
import Training

extension ImageExperiment {
  static func examinedWithoutData(of run: RunDirectory) throws -> ExaminedNetwork? {
    let configuration = try configuration(of: run).image
    let environment = try RunDirectory.read(RunEnvironment.self, from: run.environment)
    guard let names = environment.classNames else { return nil }
    let (weights, source) = try newestWeights(of: run)
    var form = try ImageSet.form(configuration, classes: names.count)
    form.stem = ImageNetworks.stem(of: configuration.network, weights: weights)
    guard let network = ImageNetworks.network(configuration.network, form, seed: 0)?.network else {
      throw AdjointError(
        .usage, unknown("network", configuration.network, among: ImageNetworks.names))
    }
    if configuration.precision == .float64 { convert(network, to: .float64) }
    try load(weights, into: network, from: source)
    return try ExaminedNetwork(
      network, takes: .images, parameters: parameters(of: network),
      transform: try ImageSet.normalization(configuration, channels: form.channels),
      side: form.side ?? configuration.size, channels: form.channels, classNames: names,
      hasSeveralLabels: try configuration.setKind.hasSeveralLabels)
  }
}

extension CIFARExperiment {
  /// Perceptrons on the images of CIFAR-10. What they subtract is kept beside their weights.
  static func examinedWithoutData(of run: RunDirectory) throws -> ExaminedNetwork? {
    let model = network(try configuration(of: run))
    let (weights, source) = try newestWeights(of: run)
    try load(weights, into: model, from: source)
    return try ExaminedNetwork(
      model.network, takes: .rows, parameters: parameters(of: model),
      transform: .centred(mean: model.mean.value.floats, deviation: model.deviation?.value.floats),
      side: 32, channels: 3, classNames: CIFAR10.classNames)
  }
}

extension LookingInside where Self: PredictingExperiment, Configuration: DigitsConfiguration {
  /// Networks on handwritten digits, whole or in patches.
  static func examinedWithoutData(of run: RunDirectory) throws -> ExaminedNetwork? {
    let configuration = try configuration(of: run)
    guard let model = predictor(for: configuration).model as? any Layer else { return nil }
    let (weights, source) = try newestWeights(of: run)
    try load(weights, into: model, from: source)
    let (network, layout) = configuration.onPixels(model)
    return try ExaminedNetwork(
      network, takes: layout, parameters: parameters(of: model), transform: .unit,
      side: 28, channels: 1, classNames: (0..<10).map(String.init))
  }
}

extension LookingInside {
  /// The settings of a run.
  static func configuration(of run: RunDirectory) throws -> Configuration {
    let saved = try RunDirectory.read(
      SavedConfiguration<Configuration>.self, from: run.configuration)
    try saved.configuration.validate()
    return saved.configuration
  }

  /// The newest weights of a run, and where they are from.
  static func newestWeights(
    of run: RunDirectory
  ) throws -> (state: [String: Tensor], source: String) {
    let file = try Prediction.newest(of: run.folder).weights
    return (try StateFile.read(file), file.path)
  }
}

extension ExaminedNetwork {
  /// A network without images.
  init(
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
}
