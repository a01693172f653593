import Tensors

/// What determines a run of `two-layer-toy`.
struct TwoLayerToyConfiguration: TimedConfiguration {
  var hidden = 10
  var batchSize = 200
  var epochs = 10
  var steps = 100
  var learningRate = 0.1
  // The exercise's epoch has one step, for a batch is larger than the set.
  var decayFactor = 0.95
  var penalty = 5e-6
  var initialPenalty = 0.05
  var weightScale = 0.1
  var seed: UInt64 = 0
  var precision = DType.float64
  var gradients = GradientSource.byHand

  static let settings: [Setting<Self>] = [
    .whole("hidden", \.hidden, in: 1...100_000, "hidden units"),
    .whole(
      "batch_size", \.batchSize, in: 1...1_000_000,
      "inputs in a batch, drawn from the five with replacement"),
    .epochs("tens of steps to train"),
    .steps,
    .learningRate(),
    .real(
      "decay_factor", \.decayFactor, in: 1e-12...1, "what the rate is multiplied by after each step"
    ),
    .real("penalty", \.penalty, in: 0...1e6, "λ in λ (‖W₁‖² + ‖W₂‖²) while it is trained"),
    .real(
      "initial_penalty", \.initialPenalty, in: 0...1e6,
      "λ at which the first loss and the first gradients are stated"),
    .real(
      "weight_scale", \.weightScale, in: 0...1e3,
      "standard deviation of the weights at the beginning"),
    .seed(
      \.seed, in: 0...UInt64(UInt32.max) - 1,
      "NumPy's seed of weights and batches; that of the inputs is one more"),
    .precision,
    .gradients,
  ]
}
