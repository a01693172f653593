import Tensors

/// What determines a run of `two-layer-cifar10`.
struct TwoLayerCIFAR10Configuration: TimedConfiguration {
  /// Hidden units.
  var hidden = 50
  /// Images in a batch.
  var batchSize = 200
  /// Passes over the training images, where steps is 0.
  var epochs = 5
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 1000
  /// The learning rate of the first epoch.
  var learningRate = 1e-4
  /// What it is multiplied by after each epoch.
  var decayFactor = 0.95
  /// The share of the last step that the next one begins with.
  var momentum = 0.0
  /// λ in λ (‖W₁‖² + ‖W₂‖²).
  var penalty = 0.25
  /// The standard deviation of the weights at the beginning.
  var weightScale = 1e-4
  /// How many of the last training images are held back.
  var validation = 1000
  /// Whether the test part is looked at, once, when training is over.
  var test = false
  /// What weights and the order of the images are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How gradients are worked out.
  var gradients = GradientSource.byHand

  static let choices = [
    "precision": DType.full.map(\.rawValue),
    "gradients": GradientSource.allCases.map(\.rawValue),
  ]

  func validate() throws {
    try check("hidden", hidden, in: 1...100_000)
    try check("batch_size", batchSize, in: 1...50_000)
    try validateTime()
    try check("validation", validation, in: 0...49_999)
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("momentum", momentum, in: 0...0.9999)
    try check("penalty", penalty, in: 0...1e6)
    try check("weight_scale", weightScale, in: 0...1e3)
  }
}
