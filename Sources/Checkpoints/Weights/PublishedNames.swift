import Tensors

/// Names that others publish the same weights under, brought to those that the models here have.
///
/// Known are residual networks as Hugging Face's `transformers` names them, which become torchvision's, and the two
/// parts of a normalised weight as PyTorch's `parametrizations.weight_norm` names them, which become `weight_g` and
/// `weight_v`.
enum PublishedNames {
  /// The same tensors with the names of the models here; those that are not known keep theirs, and all do where
  /// two would get the same name.
  ///
  /// - Parameter told: which names were translated, and into which.
  static func translated(_ tensors: [String: Tensor], told: (String) -> Void) -> [String: Tensor] {
    var tensors = tensors
    for scheme in schemes {
      guard tensors.keys.contains(where: scheme.isMark) else { continue }
      let names = tensors.keys.map { (from: $0, to: scheme.name($0) ?? $0) }
      guard Set(names.map(\.to)).count == names.count else { continue }
      told(scheme.description)
      tensors = Dictionary(uniqueKeysWithValues: names.map { ($0.to, tensors[$0.from]!) })
    }
    return tensors
  }

  private struct Scheme: Sendable {
    let description: String
    /// Whether a name is one that only the scheme gives.
    let isMark: @Sendable (String) -> Bool
    /// The name here; nil for a name that is none of the scheme's.
    let name: @Sendable (String) -> String?
  }

  private static let schemes = [
    Scheme(
      description: "the names are those of transformers, read as torchvision's",
      // The last layer's, classifier.1, is that of many other networks too.
      isMark: { torchvision($0).map { !$0.hasPrefix("fc.") } ?? false }, name: torchvision),
    Scheme(
      description: "the parts of normalised weights are called weight_g and weight_v",
      isMark: { weightNormalization($0) != nil }, name: weightNormalization),
  ]

  /// `resnet.encoder.stages.0.layers.1.layer.0.convolution.weight` as `layer1.1.conv1.weight`.
  private static func torchvision(_ name: String) -> String? {
    var path = name.split(separator: ".", omittingEmptySubsequences: false)[...]
    // The network without a classifier has no name in front.
    if path.first == "resnet" { path.removeFirst() }
    guard let value = path.popLast() else { return nil }
    let module: String? =
      switch Array(path) {
      case ["classifier", "1"]: "fc"
      case ["embedder", "embedder", "convolution"]: "conv1"
      case ["embedder", "embedder", "normalization"]: "bn1"
      default: block(path)
      }
    return module.map { "\($0).\(value)" }
  }

  /// `encoder.stages.S.layers.B`, then `layer.N` or `shortcut`, then `convolution` or `normalization`.
  private static func block(_ path: ArraySlice<Substring>) -> String? {
    let parts = Array(path)
    guard parts.count >= 7, parts[0] == "encoder", parts[1] == "stages", parts[3] == "layers",
      let stage = Int(parts[2]), stage < Int.max
    else { return nil }
    let start = "layer\(stage + 1).\(parts[4])"
    switch (parts[5], parts.count, parts[parts.count - 1]) {
    case ("shortcut", 7, "convolution"): return "\(start).downsample.0"
    case ("shortcut", 7, "normalization"): return "\(start).downsample.1"
    case ("layer", 8, let kind):
      guard let number = Int(parts[6]), number < Int.max else { return nil }
      switch kind {
      case "convolution": return "\(start).conv\(number + 1)"
      case "normalization": return "\(start).bn\(number + 1)"
      default: return nil
      }
    default: return nil
    }
  }

  /// `layer.parametrizations.weight.original0` as `layer.weight_g`, `original1` as `weight_v`.
  private static func weightNormalization(_ name: String) -> String? {
    for (ending, own) in [("original0", "weight_g"), ("original1", "weight_v")] {
      let published = "parametrizations.weight.\(ending)"
      if name == published { return own }
      if name.hasSuffix("." + published) { return name.dropLast(published.count) + own }
    }
    return nil
  }
}
