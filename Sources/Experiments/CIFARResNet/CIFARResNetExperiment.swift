import Datasets
import Figures
import Tensors
import Training

/// A residual network of twenty layers on CIFAR-10, with the usual augmentation.
final class CIFARResNetExperiment: ImageExperiment {
  static let information = ExperimentInformation(
    name: "cifar10-resnet",
    summary: "ResNet-20, mirrored and moved images, SGD with momentum, warm-up and cosine",
    data: "CIFAR-10, 50,000 / 10,000 images",
    target: "within 1.5 points of PyTorch's test accuracy with the same recipe on the same files",
    source: "He et al. 2016, section 4.2; the recipe is ours",
    reached: "test accuracy 0.833; PyTorch 0.838")

  static let presets = ["default": resNet20]

  private static var resNet20: ImageConfiguration {
    var configuration = ImageConfiguration()
    configuration.network = "resnet20"
    configuration.epochs = 10
    configuration.learningRate = 0.2
    configuration.warmup = 1
    configuration.augment = .standard
    return configuration
  }

  let training: ImageTraining

  init(_ training: ImageTraining, of configuration: ImageConfiguration) {
    self.training = training
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(CIFARResNetExperiment.self) }
