import Datasets
import Figures
import Tensors
import Training

/// Model A: a residual network of eighteen layers on a member of MedMNIST, from scratch.
final class TissueResNet: ImageExperiment {
  static let information = ExperimentInformation(
    name: "pathmnist-resnet18",
    summary: "ResNet-18 from scratch; AUC and accuracy",
    data: "any flat member of MedMNIST, or a folder of pictures: data=pathmnist, size=64",
    target: "AUC ≥ 0.944 on PneumoniaMNIST at 28×28",
    source: "course assignment, part three, task 1; MedMNIST v2, Scientific Data 10:41, table 3",
    figures: [
      PublishedFigure("test_auc", 0.944, preset: "pneumonia"),
      PublishedFigure("test_accuracy", 0.854, preset: "pneumonia"),
    ], published: "and of PathMNIST at 28×28 AUC 0.983, accuracy 0.907",
    reached: "PneumoniaMNIST AUC 0.979, accuracy 0.891")

  static let presets = ["default": pathMNIST, "pneumonia": pneumoniaMNIST]

  private static var pathMNIST: ImageConfiguration {
    var configuration = ImageConfiguration()
    configuration.data = "pathmnist"
    configuration.size = 64
    configuration.network = "resnet18"
    configuration.epochs = 10
    configuration.learningRate = 0.05
    configuration.warmup = 1
    configuration.best = "validation_auc"
    return configuration
  }

  /// 4,708 small grey images: more passes, and a lower rate.
  private static var pneumoniaMNIST: ImageConfiguration {
    var configuration = pathMNIST
    configuration.data = "pneumoniamnist"
    configuration.size = 28
    configuration.epochs = 15
    configuration.learningRate = 0.02
    configuration.augment = AugmentationRecipe([.crop(padding: 2)])
    return configuration
  }

  let training: ImageTraining

  init(_ training: ImageTraining, of configuration: ImageConfiguration) {
    self.training = training
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TissueResNet.self) }
