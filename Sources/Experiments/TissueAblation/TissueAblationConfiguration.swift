import Tensors

/// What determines a run of `pathmnist-ablation`: the settings of the full training, and what a variant changes of
/// them.
///
/// All settings stand side by side in a file and in `--set`, as those of the other experiments with images do.
struct TissueAblationConfiguration: ImageSettings {
  var variant = "full"
  /// The settings of the full training.
  var full: ImageConfiguration

  /// What is carried out.
  var image: ImageConfiguration { AblationVariant.named(variant)?.applied(to: full) ?? full }

  var compare: String { full.compare }
  var epochs: Int { full.epochs }
  var steps: Int { full.steps }
  var learningRate: Double { full.learningRate }
  var seed: UInt64 { full.seed }

  static let settings: [Setting<Self>] =
    [
      .word("variant", AblationVariant.all.map(\.name), "what is changed of the full training")
    ] + ImageConfiguration.settings.map { $0.of(\.full) }

  var idle: [String: String] { image.idle }

  init(_ full: ImageConfiguration) { self.full = full }

  func validateTogether() throws {
    guard AblationVariant.named(variant) != nil else {
      throw AdjointError(
        .usage, unknown("variant", variant, among: AblationVariant.all.map(\.name)))
    }
    try full.validateTogether()
    try image.validate()
    guard variant == "full" || image != full else {
      throw AdjointError(
        .usage, "variant=\(variant): changes nothing, for the settings are those without it")
    }
  }

  private enum CodingKeys: String, CodingKey {
    case variant
  }

  init(from decoder: any Decoder) throws {
    full = try ImageConfiguration(from: decoder)
    variant = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .variant)
  }

  func encode(to encoder: any Encoder) throws {
    try full.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(variant, forKey: .variant)
  }
}
