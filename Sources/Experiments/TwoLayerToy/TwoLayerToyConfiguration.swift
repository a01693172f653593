import Tensors

/// What determines a run of `two-layer-toy`.
struct TwoLayerToyConfiguration: TimedConfiguration {
  /// Hidden units.
  var hidden = 10
  /// Inputs in a batch, drawn from the five with replacement.
  var batchSize = 200
  /// Tens of steps to train, where steps is 0.
  var epochs = 10
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 100
  /// The learning rate of the first step.
  var learningRate = 0.1
  /// What it is multiplied by after each step: the exercise's epoch has one, for a batch is larger than the set.
  var decayFactor = 0.95
  /// λ in λ (‖W₁‖² + ‖W₂‖²) while it is trained.
  var penalty = 5e-6
  /// λ at which the first loss and the first gradients are stated.
  var initialPenalty = 0.05
  /// The standard deviation of the weights at the beginning.
  var weightScale = 0.1
  /// NumPy's seed of the weights and the batches; that of the inputs is one more.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float64
  /// How gradients are worked out.
  var gradients = GradientSource.byHand

  static let choices = [
    "precision": DType.full.map(\.rawValue),
    "gradients": GradientSource.allCases.map(\.rawValue),
  ]

  func validate() throws {
    try check("hidden", hidden, in: 1...100_000)
    try check("batch_size", batchSize, in: 1...1_000_000)
    try validateTime()
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("penalty", penalty, in: 0...1e6)
    try check("initial_penalty", initialPenalty, in: 0...1e6)
    try check("weight_scale", weightScale, in: 0...1e3)
    try check("seed", seed, in: 0...UInt64(UInt32.max) - 1)
  }
}
