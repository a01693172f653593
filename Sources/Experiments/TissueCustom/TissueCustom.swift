import Datasets
import Figures
import Tensors
import Training

/// Model B: a small network of inverted bottlenecks on a member of MedMNIST; `SmallEfficientNet` says why it is as it is.
final class TissueCustom: ImageExperiment {
  static let information = ExperimentInformation(
    name: "pathmnist-custom",
    summary:
      "nine inverted bottlenecks, fused while maps are large, with squeeze-and-excitation; AdamW",
    data: "any flat member of MedMNIST, or a folder of pictures: data=pathmnist, size=64",
    target: "better than pathmnist-resnet18 at fewer multiplications",
    source: "course assignment, part three, task 3; the network is of our own design",
    reached: "PneumoniaMNIST AUC 0.985, accuracy 0.946; model A 0.979, 0.891")

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
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TissueCustom.self) }
