import Tensors

/// Steps scaled by a running average of the gradient's square.
///
/// g ← g + λ p;  s ← α s + (1 − α) g²;  d = g / (√s + ε);  p ← p − η d, or with momentum
/// v ← μ v + d;  p ← p − η v.  Centred, it is scaled by the deviation: m ← α m + (1 − α) g, and √max(s − m², 0) in
/// place of √s.  State: `square_average`, `momentum` unless μ is 0, and `gradient_average` if it is centred.
///
/// Tieleman and Hinton, "Lecture 6.5: RMSProp", Neural networks for machine learning, 2012; centred by Graves,
/// "Generating sequences with recurrent neural networks", 2013, equations 38 to 41.
public final class RMSProp: Optimizer {
  /// η
  public var learningRate: Double {
    didSet { requireNonNegative(learningRate, "learning rate", of: "RMSProp") }
  }
  /// α, the weight of the past in the average.
  public let alpha: Double
  /// ε, added to the root.
  public let epsilon: Double
  /// μ
  public let momentum: Double
  /// λ, the strength of the quadratic penalty on every parameter.
  public let weightDecay: Double
  /// Whether the square of the average gradient is taken from the average square.
  public let centered: Bool
  private let memory: OptimizerMemory

  /// An optimiser of these parameters; stops if a setting is out of range.
  ///
  /// What `groups` name has rates and decays of its own, see ``ParameterGroup``.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1e-2, alpha: Double = 0.99,
    epsilon: Double = 1e-8, momentum: Double = 0, weightDecay: Double = 0, centered: Bool = false,
    groups: [ParameterGroup] = []
  ) {
    requireNonNegative(learningRate, "learning rate", of: "RMSProp")
    requireFraction(alpha, "alpha", of: "RMSProp")
    requireNonNegative(epsilon, "epsilon", of: "RMSProp")
    requireNonNegative(momentum, "momentum", of: "RMSProp")
    requireNonNegative(weightDecay, "weight decay", of: "RMSProp")
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.centered = centered
    memory = OptimizerMemory(
      parameters, of: "RMSProp",
      slots: [
        "square_average", momentum == 0 ? nil : "momentum", centered ? "gradient_average" : nil,
      ],
      groups: groups)
  }

  /// What it trains.
  public var parameters: [Parameter] { memory.parameters }
  /// What resuming needs.
  public var state: [String: Tensor] { memory.state }

  /// One step.
  public func step(_ gradients: Gradients, _ transform: GradientTransform) {
    let (rate, decay) = (learningRate, weightDecay)
    memory.forEach(gradients) { index, _, parameter, gradient in
      let (rate, decay) = memory.rateAndDecay(index, rate, decay)
      parameter.update {
        OptimizerStep.rmsProp(
          &$0, gradient, &memory.first[index]!, mean: &memory.third[index],
          velocity: &memory.second[index], transform, rate: rate, decay: decay, alpha: alpha,
          epsilon: epsilon, momentum: momentum)
      }
    }
  }

  /// Takes back a saved state.
  public func load(state: [String: Tensor], from source: String) throws {
    try memory.load(state, from: source)
  }
}
