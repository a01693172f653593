import Tensors

/// Stochastic gradient descent, with momentum if asked.
///
/// g ← g + λ p;  v ← μ v + (1 − δ) g, the first time v ← g;  p ← p − η v, or with Nesterov
/// p ← p − η (g + μ v).  State: `momentum`, unless μ is 0.
///
/// Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
/// learning", ICML 2013.
public final class SGD: Optimizer {
  /// η
  public var learningRate: Double {
    didSet { requireNonNegative(learningRate, "learning rate", of: "SGD") }
  }
  /// μ
  public let momentum: Double
  /// δ, the share of a gradient that does not enter the momentum.
  public let dampening: Double
  /// Whether the step looks ahead along the momentum.
  public let nesterov: Bool
  /// λ, the strength of the quadratic penalty on every parameter.
  public let weightDecay: Double
  private let memory: OptimizerMemory

  /// An optimiser of these parameters; stops if a setting is out of range.
  ///
  /// What `groups` name has rates and decays of its own, see ``ParameterGroup``.
  public init(
    _ parameters: [Parameter], learningRate: Double, momentum: Double = 0, dampening: Double = 0,
    nesterov: Bool = false, weightDecay: Double = 0, groups: [ParameterGroup] = []
  ) {
    requireNonNegative(learningRate, "learning rate", of: "SGD")
    requireNonNegative(momentum, "momentum", of: "SGD")
    requireNonNegative(weightDecay, "weight decay", of: "SGD")
    require(dampening.isFinite, "SGD: dampening is \(dampening); it has to be a finite number")
    require(
      !nesterov || (momentum > 0 && dampening == 0),
      "SGD: Nesterov's step needs momentum above 0 and dampening 0; they are \(momentum) and "
        + "\(dampening)")
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    memory = OptimizerMemory(
      parameters, of: "SGD", slots: momentum == 0 ? [] : ["momentum"], groups: groups)
  }

  /// What it trains.
  public var parameters: [Parameter] { memory.parameters }
  /// What resuming needs.
  public var state: [String: Tensor] { memory.state }

  /// One step.
  public func step(_ gradients: Gradients, _ transform: GradientTransform) {
    let (rate, decay) = (learningRate, weightDecay)
    if momentum == 0 {
      memory.forEach(gradients) { index, _, parameter, gradient in
        let (rate, decay) = memory.rateAndDecay(index, rate, decay)
        parameter.update {
          OptimizerStep.sgd(&$0, gradient, transform, rate: rate, decay: decay)
        }
      }
      return
    }
    memory.forEach(gradients) { index, step, parameter, gradient in
      // The buffer begins as the first gradient itself: it is zero then, and nothing is damped.
      let dampening = step == 1 ? 0 : dampening
      let (rate, decay) = memory.rateAndDecay(index, rate, decay)
      parameter.update {
        OptimizerStep.momentum(
          &$0, gradient, &memory.first[index]!, transform, rate: rate, decay: decay,
          momentum: momentum, dampening: dampening, nesterov: nesterov)
      }
    }
  }

  /// Takes back a saved state.
  public func load(state: [String: Tensor], from source: String) throws {
    try memory.load(state, from: source)
  }
}
