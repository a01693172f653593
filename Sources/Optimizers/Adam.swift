#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

/// Adam: steps scaled by running averages of the gradient and of its square.
///
/// g ← g + λ p;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;
/// p ← p − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
/// State: `first_moment`, `second_moment`.
///
/// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
public final class Adam: Optimizer {
  /// η
  public var learningRate: Double {
    didSet { requireNonNegative(learningRate, "learning rate", of: "Adam") }
  }
  /// λ, the strength of the quadratic penalty on every parameter.
  public let weightDecay: Double
  private let rule: AdamRule

  /// An optimiser of these parameters; stops if a setting is out of range.
  ///
  /// What `groups` name has rates and decays of its own, see ``ParameterGroup``.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    groups: [ParameterGroup] = []
  ) {
    requireNonNegative(learningRate, "learning rate", of: "Adam")
    requireNonNegative(weightDecay, "weight decay", of: "Adam")
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    rule = AdamRule(parameters, "Adam", beta1, beta2, epsilon, groups)
  }

  /// What it trains.
  public var parameters: [Parameter] { rule.memory.parameters }
  /// What resuming needs.
  public var state: [String: Tensor] { rule.memory.state }

  /// One step.
  public func step(_ gradients: Gradients, _ transform: GradientTransform) {
    rule.step(
      gradients, transform, rate: learningRate, decay: weightDecay, isDecoupled: false)
  }

  /// Takes back a saved state.
  public func load(state: [String: Tensor], from source: String) throws {
    try rule.memory.load(state, from: source)
  }
}

/// Adam whose weight decay acts on the parameters and not through the averages.
///
/// As ``Adam`` with λ = 0, after p ← (1 − η λ) p.  State: `first_moment`, `second_moment`.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
public final class AdamW: Optimizer {
  /// η
  public var learningRate: Double {
    didSet { requireNonNegative(learningRate, "learning rate", of: "AdamW") }
  }
  /// λ, the share of a parameter, times η, that each step takes away.
  public let weightDecay: Double
  private let rule: AdamRule

  /// An optimiser of these parameters; stops if a setting is out of range.
  ///
  /// What `groups` name has rates and decays of its own, see ``ParameterGroup``.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 1e-2,
    groups: [ParameterGroup] = []
  ) {
    requireNonNegative(learningRate, "learning rate", of: "AdamW")
    requireNonNegative(weightDecay, "weight decay", of: "AdamW")
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    rule = AdamRule(parameters, "AdamW", beta1, beta2, epsilon, groups)
  }

  /// What it trains.
  public var parameters: [Parameter] { rule.memory.parameters }
  /// What resuming needs.
  public var state: [String: Tensor] { rule.memory.state }

  /// One step.
  public func step(_ gradients: Gradients, _ transform: GradientTransform) {
    rule.step(gradients, transform, rate: learningRate, decay: weightDecay, isDecoupled: true)
  }

  /// Takes back a saved state.
  public func load(state: [String: Tensor], from source: String) throws {
    try rule.memory.load(state, from: source)
  }
}

/// What Adam and AdamW share.
private struct AdamRule {
  let memory: OptimizerMemory
  private let beta1, beta2, epsilon: Double

  init(
    _ parameters: [Parameter], _ name: StaticString, _ beta1: Double, _ beta2: Double,
    _ epsilon: Double, _ groups: [ParameterGroup]
  ) {
    requireFraction(beta1, "beta1", of: name)
    requireFraction(beta2, "beta2", of: name)
    requireNonNegative(epsilon, "epsilon", of: name)
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    memory = OptimizerMemory(
      parameters, of: name, slots: ["first_moment", "second_moment"], groups: groups)
  }

  @inline(__always)
  func step(
    _ gradients: Gradients, _ transform: GradientTransform, rate: Double, decay: Double,
    isDecoupled: Bool
  ) {
    // Parameters have nearly always made the same number of steps: two powers for all of them.
    var corrected = 0
    var (root, rest, stepEpsilon) = (1.0, 1.0, 0.0)
    memory.forEach(gradients) { index, step, parameter, gradient in
      if step != corrected {
        root = (1 - pow(beta2, Double(step))).squareRoot()
        rest = 1 - pow(beta1, Double(step))
        stepEpsilon = epsilon * root
        corrected = step
      }
      let (rate, decay) = memory.rateAndDecay(index, rate, decay)
      parameter.update {
        OptimizerStep.adam(
          &$0, gradient, &memory.first[index]!, &memory.second[index]!, transform,
          rate: rate * root / rest, beta1: beta1, beta2: beta2, epsilon: stepEpsilon,
          decay: isDecoupled ? 0 : decay, keep: isDecoupled ? 1 - rate * decay : 1)
      }
    }
  }
}
