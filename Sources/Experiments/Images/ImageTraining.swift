import Checkpoints
import Datasets
import Figures
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// A convolutional classifier with its data and its training: what the experiments on images share.
final class ImageTraining {
  let configuration: ImageConfiguration
  let images: ImageSet
  let network: AnyImageNetwork
  let classifier: ImageClassificationTask<AnyImageNetwork>
  let plan: TrainingPlan
  /// Puts this run, once it is over, beside the finished ones that its settings name; nil where they name none.
  let comparison: ((RunRecord) throws -> ImageComparison)?

  init<Kind: ImageExperiment>(
    _ settings: Kind.Configuration, data: DataDirectory, for experiment: Kind.Type,
    note: (String) -> Void
  ) throws {
    let configuration = settings.image
    self.configuration = configuration
    guard configuration.tune == .full || !configuration.weights.isEmpty else {
      throw AdjointError(
        .usage,
        "tune=\(configuration.tune.rawValue): there are no weights to tune; name a file with "
          + "--set weights=FILE")
    }
    images = try ImageSet(configuration, from: data, for: experiment.information.name, note: note)
    try Self.checkBest(configuration, images.parts)
    let classes = images.parts.train.classCount
    comparison = try Self.comparison(
      settings, of: experiment, data: images.description, classes: classes)
    var network = try Self.network(configuration, classes: classes)
    network.holdsFeatures = configuration.tune == .head
    self.network = network
    if !configuration.weights.isEmpty {
      let file = URL(fileURLWithPath: configuration.weights)
      try load(
        StateFile.read(file, note: note), into: network.network,
        .except([network.classifierPath]), from: file.path)
      note("weights: \(file.path), all but \(network.classifierPath)")
    }
    let parameters = parameters(of: network.network)
    let head = network.classifierPath + "."
    if configuration.tune == .head {
      for parameter in parameters where !parameter.name.hasPrefix(head) {
        parameter.isFrozen = true
      }
    }
    let channels = images.parts.train.channels
    if let obstacle = configuration.augment.obstacle(channels: channels) {
      throw AdjointError(
        .usage,
        "augment=\(configuration.augment): \(obstacle); without it: --set "
          + "augment=\(configuration.augment.fitting(channels: channels))")
    }
    let hasSeveralLabels = images.parts.train.targets != nil
    guard !hasSeveralLabels || configuration.labelSmoothing == 0 else {
      throw AdjointError(
        .usage,
        "label_smoothing=\(configuration.labelSmoothing): the images of \(configuration.data) have several "
          + "labels at once, which are not smoothed; set it to 0")
    }
    let step = ClassificationStep(
      network, optimizer: Self.optimizer(configuration, parameters, head: head),
      labelSmoothing: configuration.labelSmoothing, hasSeveralLabels: hasSeveralLabels,
      seed: configuration.seed)
    classifier = ImageClassificationTask(
      model: network, stateHolder: network.network, step: step, parts: images.parts,
      transform: images.transform, layout: .images,
      augmentation: Augmentation(configuration.augment, seed: configuration.seed),
      batchSize: configuration.batchSize, testUse: configuration.test.use, measuresArea: true,
      averageDecay: configuration.average > 0 ? configuration.average : nil,
      seed: configuration.seed, dtype: configuration.precision)
    plan = configuration.plan(stepsPerEpoch: classifier.stepsPerEpoch)
  }

  /// Throws a usage error if the metric of the best epoch is none that an epoch has.
  private static func checkBest(
    _ configuration: ImageConfiguration, _ parts: ImageClassificationParts
  ) throws {
    func metrics(of part: String, _ set: ClassificationSet?) -> [String] {
      guard let set else { return [] }
      // One class alone has no curve, nor has a label that all images have, or none.
      let frequencies = set.classFrequencies
      let hasArea =
        set.targets == nil
        ? frequencies.filter { $0 > 0 }.count > 1
        : frequencies.contains { 0 < $0 && $0 < set.count }
      return ["\(part)_accuracy"] + (hasArea ? ["\(part)_auc"] : []) + ["\(part)_loss"]
    }
    let measured =
      (configuration.test == .epochs ? metrics(of: "test", parts.test) : [])
      + (parts.train.targets == nil ? ["train_accuracy"] : []) + ["train_loss"]
      + metrics(of: "validation", parts.validation)
    guard configuration.best.isEmpty || measured.contains(configuration.best) else {
      throw AdjointError(
        .usage,
        "best=\(configuration.best): an epoch measures \(measured.joined(separator: ", ")); empty is the "
          + "last epoch")
    }
  }

  /// Reads the runs to compare with, and sees that they can be: before an hour is spent on a run whose report cannot
  /// be written.
  private static func comparison<Kind: ImageExperiment>(
    _ settings: Kind.Configuration, of kind: Kind.Type, data: String, classes: Int
  ) throws -> ((RunRecord) throws -> ImageComparison)? {
    let others = try ImageRun.collect(settings.compare)
    guard !others.runs.isEmpty else { return nil }
    func beside(
      _ metrics: [String: Double], _ history: History, _ seconds: Double?
    ) throws -> ImageComparison {
      let this = try ImageRun(
        of: kind, settings, data: data, metrics: metrics, history: history, seconds: seconds,
        folder: nil)
      return try ImageComparison(this, with: others, kind.comparison, classes: classes)
    }
    _ = try beside([:], History(), nil)
    return { try beside($0.metrics, $0.history, ImageRun.seconds(of: $0.folder)) }
  }

  /// The network of a configuration with new weights.
  private static func network(
    _ configuration: ImageConfiguration, classes: Int
  ) throws -> AnyImageNetwork {
    guard
      let network = ImageNetworks.network(
        configuration.network, try ImageSet.form(configuration, classes: classes),
        seed: configuration.seed)
    else {
      throw AdjointError(
        .usage, unknown("network", configuration.network, among: ImageNetworks.names))
    }
    if configuration.precision == .float64 { convert(network.network, to: .float64) }
    return network
  }

  private static func optimizer(
    _ configuration: ImageConfiguration, _ parameters: [Parameter], head: String
  ) -> any Optimizer {
    let factor = configuration.tune == .discriminative ? configuration.backboneRate : 1
    let groups = ParameterGroup.groups(of: parameters) { parameter in
      parameter.name.hasPrefix(head) ? 1 : factor
    }
    let (rate, decay) = (configuration.learningRate, configuration.weightDecay)
    switch configuration.optimizer {
    case .sgd:
      return SGD(
        parameters, learningRate: rate, momentum: configuration.momentum, weightDecay: decay,
        groups: groups)
    case .adam: return Adam(parameters, learningRate: rate, weightDecay: decay, groups: groups)
    case .adamw: return AdamW(parameters, learningRate: rate, weightDecay: decay, groups: groups)
    }
  }

  /// Accuracies, AUC, and what the network costs.
  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    let set = images.parts.train
    let multiplications = network.multiplications(image: [set.height, set.width, set.channels])
    let area = metrics["test_auc"].map {
      [Report.KeyFigure("Test AUC", String(format: "%.4f", $0))]
    }
    return (area ?? [])
      + ClassificationReport.keyFigures(metrics, classifier.step.parameters)
      + [
        .init(
          "Multiplications", String(format: "%.1f million", Double(multiplications) / 1e6),
          note: "for one image")
      ]
  }

  /// The network with what it takes to show it images.
  var examined: ExaminedNetwork {
    // Named again: what counts multiplications meets them inside another layer.
    ExaminedNetwork(
      network.network, takes: .images, parameters: parameters(of: network.network),
      transform: classifier.transform, training: images.parts.train, shown: classifier.shownPart)
  }

  /// What it gets wrong, and where it looks.
  func reportSections() throws -> [Report.Section] {
    let (part, set) = classifier.shownPart
    if set.targets != nil {
      let result = classifier.evaluateLabels(set)
      return [
        MultiLabelReport.mistakes(result, on: set, part: part),
        try AttributionReport.section(examined, result),
      ]
    }
    let result = classifier.evaluate(set)
    return [
      ClassificationReport.mistakes(result, on: set, part: part),
      try AttributionReport.section(examined, result),
    ]
  }
}
