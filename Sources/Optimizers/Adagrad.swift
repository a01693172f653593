import Tensors

/// Steps scaled by the sum of all squared gradients so far.
///
/// g ← g + λ p;  s ← s + g²;  p ← p − η/(1 + (t − 1) ρ) g / (√s + ε).  State: `sum_of_squares`.
///
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization", JMLR 12 (2011).
public final class Adagrad: Optimizer {
  /// η
  public var learningRate: Double {
    didSet { requireNonNegative(learningRate, "learning rate", of: "Adagrad") }
  }
  /// ρ, by which the rate falls with the steps of a parameter.
  public let learningRateDecay: Double
  /// ε, added to the root.
  public let epsilon: Double
  /// λ, the strength of the quadratic penalty on every parameter.
  public let weightDecay: Double
  private let memory: OptimizerMemory

  /// An optimiser of these parameters; stops if a setting is out of range.
  ///
  /// `initialAccumulator` is what s begins with; what `groups` name has rates and decays of its own, see
  /// ``ParameterGroup``.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1e-2, learningRateDecay: Double = 0,
    initialAccumulator: Double = 0, epsilon: Double = 1e-10, weightDecay: Double = 0,
    groups: [ParameterGroup] = []
  ) {
    requireNonNegative(learningRate, "learning rate", of: "Adagrad")
    requireNonNegative(learningRateDecay, "learning rate decay", of: "Adagrad")
    requireNonNegative(initialAccumulator, "initial accumulator", of: "Adagrad")
    requireNonNegative(epsilon, "epsilon", of: "Adagrad")
    requireNonNegative(weightDecay, "weight decay", of: "Adagrad")
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    memory = OptimizerMemory(
      parameters, of: "Adagrad", slots: ["sum_of_squares"], initial: initialAccumulator,
      groups: groups)
  }

  /// What it trains.
  public var parameters: [Parameter] { memory.parameters }
  /// What resuming needs.
  public var state: [String: Tensor] { memory.state }

  /// One step.
  public func step(_ gradients: Gradients, _ transform: GradientTransform) {
    let (rate, decay) = (learningRate, weightDecay)
    memory.forEach(gradients) { index, step, parameter, gradient in
      let earlier = Double(step - 1)
      let (rate, decay) = memory.rateAndDecay(index, rate, decay)
      parameter.update {
        OptimizerStep.adagrad(
          &$0, gradient, &memory.first[index]!, transform,
          rate: rate / (1 + earlier * learningRateDecay), decay: decay,
          epsilon: epsilon)
      }
    }
  }

  /// Takes back a saved state.
  public func load(state: [String: Tensor], from source: String) throws {
    try memory.load(state, from: source)
  }
}
