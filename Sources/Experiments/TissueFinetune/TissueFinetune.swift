import Datasets
import Figures
import Tensors
import Training

/// A network that was trained on other images, tuned to a member of MedMNIST; and the same network from scratch beside
/// it.
final class TissueFinetune: ImageExperiment {
  static let information = ExperimentInformation(
    name: "pathmnist-finetune",
    summary:
      "a network with weights from elsewhere, its classifier replaced: head, full or discriminative tuning",
    data:
      "any flat member of MedMNIST, or a folder of pictures; weights=FILE of ResNet-18/34/50 or the CIFAR ResNet-20 … 56",
    target: "converges sooner than the same network from scratch",
    source: "course assignment, part three, task 5",
    reached: "drawn tissue: 95 % of what scratch ends with after 3 epochs, scratch after 6")

  static let presets = [
    "default": tuned, "scratch": scratch, "head": with(.head),
    "discriminative": with(.discriminative),
  ]

  private static var scratch: ImageConfiguration {
    var configuration = ImageConfiguration()
    configuration.data = "pathmnist"
    configuration.network = "resnet20"
    configuration.epochs = 10
    configuration.learningRate = 0.05
    configuration.warmup = 1
    return configuration
  }

  /// All of it at a rate that does not wash away what it has learnt.
  private static var tuned: ImageConfiguration {
    var configuration = scratch
    configuration.learningRate = 0.01
    return configuration
  }

  private static func with(_ tuning: ImageConfiguration.Tuning) -> ImageConfiguration {
    var configuration = scratch
    configuration.tune = tuning
    return configuration
  }

  /// What is trained of given weights, or the same network from its first weights on.
  static let comparison = ImageComparison.Manner(
    title: "Against the same network from scratch", kind: "what is tuned", reference: "scratch",
    names: [
      ("scratch", "all of it, from new weights"), ("head", "the classifier alone"),
      ("full", "all of it, at one rate"),
      ("discriminative", "all of it, at a lower rate in front of the classifier"),
    ], details: .convergence)

  static func name(of configuration: ImageConfiguration) -> String {
    configuration.weights.isEmpty ? "scratch" : configuration.tune.rawValue
  }

  static func remarks(on configuration: ImageConfiguration) -> [String] {
    configuration.weights.isEmpty
      ? ["no weights are named (--set weights=FILE): the network begins from new ones"] : []
  }

  static let presetsOfGivenWeights: Set = ["default", "head", "discriminative"]

  let training: ImageTraining

  init(_ training: ImageTraining, of configuration: ImageConfiguration) {
    self.training = training
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TissueFinetune.self) }
