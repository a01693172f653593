import Datasets
import Figures
import Tensors
import Training

/// Model B: a small network of inverted bottlenecks on a member of MedMNIST; `SmallEfficientNet` says why it is as it
/// is.
final class TissueCustom: ImageExperiment {
  static let information = ExperimentInformation(
    name: "pathmnist-custom",
    summary:
      "nine inverted bottlenecks, fused while maps are large, with squeeze-and-excitation; AdamW",
    data: "any flat member of MedMNIST, or a folder of pictures: data=pathmnist, size=64",
    target: "better than pathmnist-resnet18 at fewer multiplications",
    source: "course assignment, part three, task 3; the network is of our own design",
    reached: "PneumoniaMNIST AUC 0.985, accuracy 0.946; model A 0.979, 0.891, "
      + "with B's augmentation 0.988, 0.952")

  static let presets = ["default": pathMNIST, "pneumonia": pneumoniaMNIST]

  static var pathMNIST: ImageConfiguration {
    var configuration = ImageConfiguration()
    configuration.data = "pathmnist"
    configuration.size = 64
    configuration.network = "efficient"
    configuration.epochs = 15
    configuration.optimizer = .adamw
    configuration.learningRate = 2e-3
    configuration.weightDecay = 0.02
    configuration.warmup = 1
    configuration.augment = .tissue
    configuration.labelSmoothing = 0.1
    configuration.average = 0.99
    configuration.best = "validation_auc"
    return configuration
  }

  /// 4,708 small grey images. A thorax is not mirrored, but it fills more or less of the picture; and labels of two
  /// classes are not smoothed, which cost more than it gave (`pathmnist-ablation`).
  static var pneumoniaMNIST: ImageConfiguration {
    var configuration = pathMNIST
    configuration.data = "pneumoniamnist"
    configuration.size = 28
    configuration.augment = AugmentationRecipe([
      .resizedCrop(scale: 0.7...1, ratio: 4.0 / 3),
      .colorJitter(brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0),
    ])
    configuration.labelSmoothing = 0
    return configuration
  }

  let training: ImageTraining

  init(_ training: ImageTraining, of configuration: ImageConfiguration) {
    self.training = training
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    try imageSections(of: run, Self.design(training.configuration).map { [$0] } ?? [])
  }

  /// Why network and training are as they are, as far as they are; nothing of another network.
  static func design(_ configuration: ImageConfiguration) -> Report.Section? {
    guard configuration.network == pathMNIST.network else { return nil }
    let isTrainedSo =
      configuration.optimizer == .adamw && configuration.schedule == .cosine
      && configuration.average > 0
    return Report.Section(
      "Why the network is as it is", design + (isTrainedSo ? [trainingDesign] : []))
  }

  private static let design: [Report.Block] = [
    .paragraph(
      "Tissue, and the lungs of a chest, are told by texture at two or three scales: three stages, each halving "
        + "the maps, and a last one of 128 channels. Nine inverted bottlenecks (MobileNetV2) widen their input four "
        + "times, convolve, and narrow it again, so that what is kept and added up from block to block has few "
        + "channels: few weights, which a small training set asks for."),
    .paragraph(
      "Where maps are large and channels few, one plain 3×3 convolution takes the place of the widening and the "
        + "depthwise convolution (fused blocks, EfficientNetV2): it keeps the processor busy where a depthwise one "
        + "waits for memory. The later blocks are depthwise, with squeeze-and-excitation, which weighs channels by "
        + "what the whole image holds. Blocks are left out at random in training, the later ones more often, and a "
        + "fifth of the features in front of the classifier is dropped."),
  ]

  private static let trainingDesign = Report.Block.paragraph(
    "AdamW with a cosine, and the running average of the weights, are what trains it: "
      + "the rates of such blocks with batch normalisation are forgiving, and the average makes runs of few "
      + "epochs differ less from seed to seed. What each means of training is worth, pathmnist-ablation "
      + "measures.")
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TissueCustom.self) }
