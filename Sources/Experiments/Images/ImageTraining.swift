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

  /// What to say of what was measured: figures that others have reached so.
  private let published: [String: String]

  /// - Parameters:
  ///   - settings: already validated.
  ///   - data: where the images are looked for.
  ///   - checkpoint: the one whose weights the network is going to get; nil where training begins.
  ///   - experiment: whose training it is.
  ///   - note: tells the user something in one line.
  init<Kind: ImageExperiment>(
    _ settings: Kind.Configuration, data: DataDirectory, resuming checkpoint: URL?,
    for experiment: Kind.Type, note: (String) -> Void
  ) throws {
    let configuration = settings.image
    self.configuration = configuration
    published = Kind.publishedNotes(for: settings)
    guard configuration.tune == .full || !configuration.weights.isEmpty else {
      throw AdjointError(
        .usage,
        "tune=\(configuration.tune.rawValue): there are no weights to tune; name a file with "
          + "--set weights=FILE")
    }
    // Before the images: a run that is looked at while it is trained may have removed this checkpoint by then.
    let given = try Self.givenWeights(configuration, from: data, resuming: checkpoint, note: note)
    images = try ImageSet(configuration, from: data, for: experiment.information.name, note: note)
    if checkpoint == nil { try Self.checkBest(configuration, images.parts) }
    comparison = try Self.comparison(
      settings, of: experiment, data: images.description, classes: images.parts.train.classCount,
      isBeginning: checkpoint == nil)
    network = try Self.network(
      configuration, for: images.parts.train, given, isBeginning: checkpoint == nil, note: note)
    try Self.requireSuited(configuration, to: images.parts.train)
    classifier = Self.classifier(configuration, network, images)
    plan = configuration.plan(stepsPerEpoch: classifier.stepsPerEpoch)
    try requireNoSingleImage()
  }

  /// Weights from elsewhere, which say how the network begins, or what became of them in a run; nil where there are
  /// none.
  private static func givenWeights(
    _ configuration: ImageConfiguration, from data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws -> (file: URL, state: [String: Tensor])? {
    guard !configuration.weights.isEmpty else { return nil }
    let file =
      try checkpoint?.appendingPathComponent("model.safetensors")
      ?? data.weights(configuration.weights)
    return (file, try StateFile.read(file, note: note))
  }

  /// The network with the weights that training begins with, or at least of their form where a checkpoint's follow.
  private static func network(
    _ configuration: ImageConfiguration, for set: ClassificationSet,
    _ given: (file: URL, state: [String: Tensor])?, isBeginning: Bool, note: (String) -> Void
  ) throws -> AnyImageNetwork {
    var network = try newNetwork(configuration, classes: set.classCount, like: given?.state)
    network.holdsFeatures = configuration.tune == .head
    if let given, isBeginning {
      let path = given.file.path
      try load(given.state, into: network.network, .except([network.classifierPath]), from: path)
      note(
        "weights: \(path), all but \(network.classifierPath); images are "
          + (try ImageSet.words(ImageSet.statistics(configuration, channels: set.channels))))
    }
    return network
  }

  /// Throws a usage error if the images cannot be changed as augmentation wants it, or their labels be smoothed.
  private static func requireSuited(
    _ configuration: ImageConfiguration, to set: ClassificationSet
  ) throws {
    let augment = configuration.augment
    if let obstacle = augment.obstacle(
      channels: set.channels, height: set.height, width: set.width)
    {
      let fitting = augment.fitting(channels: set.channels)
      throw AdjointError(
        .usage,
        "augment=\(augment): \(obstacle)"
          + (fitting == augment ? "" : "; without it: --set augment=\(fitting)"))
    }
    guard set.targets == nil || configuration.labelSmoothing == 0 else {
      throw AdjointError(
        .usage,
        "label_smoothing=\(configuration.labelSmoothing): the images of \(configuration.data) have several "
          + "labels at once, which are not smoothed; set it to 0")
    }
  }

  /// The task of training the network, or its classifier alone.
  private static func classifier(
    _ configuration: ImageConfiguration, _ network: AnyImageNetwork, _ images: ImageSet
  ) -> ImageClassificationTask<AnyImageNetwork> {
    let parameters = parameters(of: network.network)
    let head = network.classifierPath + "."
    for parameter in parameters {
      parameter.isFrozen = !network.isTrained(parameter, by: configuration.tune)
    }
    let step = ClassificationStep(
      network, optimizer: optimizer(configuration, parameters, head: head),
      labelSmoothing: configuration.labelSmoothing,
      hasSeveralLabels: images.parts.train.targets != nil, seed: configuration.seed)
    return ImageClassificationTask(
      model: network, stateHolder: network.network, step: step, parts: images.parts,
      transform: images.transform, layout: .images,
      augmentation: Augmentation(configuration.augment, seed: configuration.seed),
      batchSize: configuration.batchSize, testUse: configuration.test.use, measuresArea: true,
      averageDecay: configuration.average > 0 ? configuration.average : nil,
      seed: configuration.seed, dtype: configuration.precision)
  }

  /// Throws a usage error if a batch of one image comes to a normalisation whose maps have one place: there is nothing
  /// to take a variance of.
  private func requireNoSingleImage() throws {
    let set = images.parts.train
    guard set.count % configuration.batchSize == 1, !network.holdsFeatures,
      configuration.totalSteps(stepsPerEpoch: classifier.stepsPerEpoch) >= classifier.stepsPerEpoch
    else { return }
    var isSingle = false
    let inspection = Inspection { named, output in
      if named.layer is BatchNorm, output.count == output.shape[output.rank - 1] {
        isSingle = true
      }
    }
    let image = Tensor.zeros(
      [1, set.height, set.width, set.channels],
      dtype: classifier.step.parameters.first?.dtype ?? .float32)
    _ = network(image, .inference.inspected(by: inspection))
    guard isSingle else { return }
    throw AdjointError(
      .usage,
      "batch_size=\(configuration.batchSize): leaves one of the \(set.count) training images over, and the batch "
        + "normalisation of \(configuration.network) needs two where maps are 1 × 1, as those of "
        + "\(set.height) × \(set.width) pixels become; take another batch_size")
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
    // What is chosen by the test part says nothing of new data.
    let measured =
      (parts.train.targets == nil ? ["train_accuracy"] : []) + ["train_loss"]
      + metrics(of: "validation", parts.validation)
    if parts.validation == nil, Metric(configuration.best).part == .validation {
      throw AdjointError(
        .usage,
        "there is no validation part to choose an epoch by (best=\(configuration.best)): --set validation=N "
          + "holds back N images, --set best= takes the last epoch")
    }
    guard configuration.best.isEmpty || measured.contains(configuration.best) else {
      throw AdjointError(
        .usage,
        "best=\(configuration.best): an epoch can be chosen by \(measured.joined(separator: ", ")); empty is the "
          + "last epoch"
          + (parts.validation == nil
            ? "; --set validation=N holds back as many images to choose by" : ""))
    }
  }

  /// Where training begins, reads the runs to compare with, and sees that they can be: before an hour is spent on a run
  /// whose report cannot be written. A run that is there needs them for its report alone.
  private static func comparison<Kind: ImageExperiment>(
    _ settings: Kind.Configuration, of kind: Kind.Type, data: String, classes: Int,
    isBeginning: Bool
  ) throws -> ((RunRecord) throws -> ImageComparison)? {
    guard !settings.compare.split(separator: ",").isEmpty else { return nil }
    let known = isBeginning ? try ImageRun.collect(settings.compare) : nil
    func beside(_ record: RunRecord?) throws -> ImageComparison {
      let this = try ImageRun(
        of: kind, settings, data: data, metrics: record?.metrics ?? [:],
        history: record?.history ?? History(),
        seconds: record.flatMap { try ExperimentRunner.seconds(of: $0.folder) }, folder: nil,
        checkpoints: record?.folder.checkpoints)
      let others = try known ?? ImageRun.collect(settings.compare)
      return try ImageComparison(this, with: others, kind.comparison, classes: classes)
    }
    if isBeginning { _ = try beside(nil) }
    return { try beside($0) }
  }

  /// The network of a configuration with new weights, which begins as that of given ones does.
  private static func newNetwork(
    _ configuration: ImageConfiguration, classes: Int, like given: [String: Tensor]?
  ) throws -> AnyImageNetwork {
    var form = try ImageSet.form(configuration, classes: classes)
    form.stem = ImageNetworks.stem(of: configuration.network, weights: given)
    guard
      let network = ImageNetworks.network(configuration.network, form, seed: configuration.seed)
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
    return configuration.optimizer.optimizer(
      of: parameters, learningRate: configuration.learningRate, momentum: configuration.momentum,
      weightDecay: configuration.weightDecay, groups: groups)
  }

  /// Accuracies, AUC, and what the network costs.
  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    let set = images.parts.train
    let multiplications = network.multiplications(image: [set.height, set.width, set.channels])
    let area = metrics["test_auc"].map {
      [Report.KeyFigure("Test AUC", String(format: "%.4f", $0), note: published["test_auc"])]
    }
    let figures = ClassificationReport.keyFigures(
      metrics, classifier.step.parameters, published: published)
    // The publishers of MedMNIST state the area first; of CIFAR nobody does.
    return (images.kind.hasAreaFirst ? (area ?? []) + figures : figures + (area ?? []))
      + [
        .init(
          "Multiplications", String(format: "%.1f million", Double(multiplications) / 1e6),
          note: "for one image")
      ]
  }

  /// The network with what it takes to show it images.
  var examined: ExaminedNetwork {
    ExaminedNetwork(
      network.network, takes: .images, parameters: classifier.step.parameters,
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
    let result = classifier.shownResult
    return [
      ClassificationReport.mistakes(result, on: set, part: part),
      try AttributionReport.section(examined, result),
    ]
  }
}
