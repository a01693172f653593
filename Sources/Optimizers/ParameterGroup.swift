import Tensors

/// Parameters that an optimiser treats in another way than the rest: at another rate, with another decay.
///
/// Groups name those that differ; what no group names has the optimiser's own settings. Nothing of them is in
/// a checkpoint. They are PyTorch's parameter groups with `lr` η × `rateFactor`, so that a schedule moves all
/// rates together.
///
/// ```swift
/// let all = parameters(of: model)
/// SGD(all, learningRate: 0.1, weightDecay: 5e-4, groups: [
///   ParameterGroup(all.filter { $0.name.hasPrefix("backbone.") }, rateFactor: 0.1),
///   ParameterGroup(all.filter { $0.name.hasPrefix("fc.") }, weightDecay: 0),
/// ])
/// ```
///
/// `parameters(of: model.backbone)` would give them other names than checkpoints of the model have.
///
/// Howard and Ruder, "Universal language model fine-tuning for text classification", ACL 2018, for rates that
/// differ by layer.
public struct ParameterGroup: Sendable {
  /// Which they are.
  public let parameters: [Parameter]
  /// What the optimiser's rate is multiplied by, not negative.
  public let rateFactor: Double
  /// λ for these; nil for the optimiser's.
  public let weightDecay: Double?

  /// A group; stops if a setting is out of range.
  public init(_ parameters: [Parameter], rateFactor: Double = 1, weightDecay: Double? = nil) {
    requireNonNegative(rateFactor, "rate factor", of: "ParameterGroup")
    requireNonNegative(weightDecay ?? 0, "weight decay", of: "ParameterGroup")
    self.parameters = parameters
    self.rateFactor = rateFactor
    self.weightDecay = weightDecay
  }

  /// Groups by a factor for each parameter, and without decay of biases and of what scales and shifts a
  /// normalisation: of all that has fewer than two axes.
  ///
  /// Parameters of the same settings share a group; those of factor 1 with decay are in none.
  ///
  /// - Parameters:
  ///   - parameters: those of the optimiser.
  ///   - decaysVectors: whether what has fewer than two axes decays like the rest.
  ///   - rateFactor: what a parameter's rate is multiplied by.
  public static func groups(
    of parameters: [Parameter], decaysVectors: Bool = false,
    rateFactor: (Parameter) -> Double = { _ in 1 }
  ) -> [ParameterGroup] {
    struct Key: Hashable {
      let factor: Double
      let decays: Bool
    }
    var order: [Key] = []
    var members: [Key: [Parameter]] = [:]
    for parameter in parameters {
      let key = Key(
        factor: rateFactor(parameter), decays: decaysVectors || parameter.shape.rank >= 2)
      if key == Key(factor: 1, decays: true) { continue }
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(parameter)
    }
    return order.map { key in
      ParameterGroup(
        members[key] ?? [], rateFactor: key.factor, weightDecay: key.decays ? nil : 0)
    }
  }

  /// What a group says of one parameter.
  struct Setting {
    var rateFactor = 1.0
    var weightDecay: Double?
  }

  /// What the groups say of each parameter, in their order; nil where there are no groups.
  static func settings(
    of parameters: [Parameter], in groups: [ParameterGroup], for optimizer: StaticString
  ) -> [Setting]? {
    if groups.isEmpty { return nil }
    let positions = Dictionary(
      uniqueKeysWithValues: parameters.enumerated().map { (ObjectIdentifier($1), $0) })
    var settings = [Setting](repeating: Setting(), count: parameters.count)
    var seen: Set<Int> = []
    for (number, group) in groups.enumerated() {
      for parameter in group.parameters {
        guard let position = positions[ObjectIdentifier(parameter)] else {
          stop(
            "\(optimizer): group \(number) holds parameter \(parameter.name) of \(parameter.shape), "
              + "which is not among those to train")
        }
        require(
          seen.insert(position).inserted,
          "\(optimizer): parameter \(parameter.name) of \(parameter.shape) is in two groups or twice "
            + "in one")
        settings[position] = Setting(
          rateFactor: group.rateFactor, weightDecay: group.weightDecay)
      }
    }
    return settings
  }
}
