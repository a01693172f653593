import Datasets
import Figures
import Tensors
import Training

/// Model B with and without each of the means it is trained by.
final class TissueAblation: ImageExperiment {
  static let information = ExperimentInformation(
    name: "pathmnist-ablation",
    summary: "pathmnist-custom with and without each means of its training: variant=full, …",
    data: "any flat member of MedMNIST, or a folder of pictures: data=pathmnist, size=64",
    target: "a table of variants with means and spreads; accuracy above 0.9 on PathMNIST",
    source: "course assignment, part three, task 4",
    reached: "PneumoniaMNIST, three seeds: augmentation is worth 0.063 of the AUC")

  static let presets = [
    "default": TissueAblationConfiguration(TissueCustom.pathMNIST),
    "pneumonia": TissueAblationConfiguration(pneumoniaMNIST),
  ]

  /// With crops and smoothed labels: what taking them away showed is what pathmnist-custom does now.
  private static var pneumoniaMNIST: ImageConfiguration {
    var configuration = TissueCustom.pneumoniaMNIST
    configuration.augment = AugmentationRecipe([.crop(padding: 2)])
    configuration.labelSmoothing = TissueCustom.pathMNIST.labelSmoothing
    return configuration
  }

  static let comparison = ImageComparison.Manner(
    title: "Against the other variants", kind: "variant", reference: "full",
    names: AblationVariant.all.map { ($0.name, $0.words) }, details: .changes,
    differing: ["variant"])

  static func name(of configuration: TissueAblationConfiguration) -> String {
    configuration.variant
  }

  /// What was asked for in a setting that the variant has its own value of is not what is trained.
  static func remarks(on configuration: TissueAblationConfiguration) throws -> [String] {
    let changes = try ConfigurationEditor.changes(
      from: configuration.full, to: configuration.image)
    return changes.isEmpty
      ? [] : ["variant=\(configuration.variant): trains with \(changes.joined(separator: ", "))"]
  }

  let training: ImageTraining
  private let variant: String

  init(_ training: ImageTraining, of configuration: TissueAblationConfiguration) {
    self.training = training
    variant = configuration.variant
  }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    training.keyFigures(metrics)
      + [.init("Variant", variant, note: AblationVariant.named(variant)?.words)]
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(TissueAblation.self) }
