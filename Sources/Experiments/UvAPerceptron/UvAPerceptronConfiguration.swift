import Tensors

/// What determines a run of `uva-mlp`.
struct UvAPerceptronConfiguration: TimedConfiguration {
  /// Hidden units.
  var hidden = 100
  /// Images in a batch.
  var batchSize = 200
  /// Passes over the training images, where steps is 0.
  var epochs = 6
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 1500
  /// The learning rate of the first epoch.
  var learningRate = 2e-3
  /// What it is multiplied by after each epoch. At a constant rate (1, `preset=document`) the order of the last
  /// batches decides over some hundredths of accuracy.
  var decayFactor = 0.6
  /// The standard deviation of the weights at the beginning.
  var weightScale = 1e-4
  /// How many of the last training images are held back.
  var validation = 0
  /// What weights and the order of the images are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How gradients are worked out: module by module, or by the tape.
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
    try check("weight_scale", weightScale, in: 0...1e3)
  }
}
