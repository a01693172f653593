import Tensors

/// What determines a run of `mnist-mlp`.
struct MNISTPerceptronConfiguration: TimedConfiguration {
  /// Hidden units.
  var hidden = 50
  /// Images in a batch.
  var batchSize = 16
  /// Passes over the training images.
  var epochs = 60
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate of the first epochs.
  var learningRate = 0.1
  /// What it is multiplied by …
  var decayFactor = 0.1
  /// … after every so many epochs.
  var decayEvery = 20
  /// Training images held back for validation, drawn by the seed.
  var validation = 0
  /// What weights and the order of the images are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How gradients are worked out.
  var gradients = GradientSource.tape
  /// How many digits are drawn for training where there is no MNIST.
  var drawnTrain = 60_000
  /// How many digits are drawn for the test where there is no MNIST.
  var drawnTest = 10_000

  static let choices = [
    "precision": DType.full.map(\.rawValue),
    "gradients": GradientSource.allCases.map(\.rawValue),
  ]

  func validate() throws {
    try check("hidden", hidden, in: 1...100_000)
    try check("batch_size", batchSize, in: 1...60_000)
    try validateTime()
    try check("decay_every", decayEvery, in: 1...1_000_000)
    try check("validation", validation, in: 0...59_999)
    try check("drawn_train", drawnTrain, in: 1...10_000_000)
    try check("drawn_test", drawnTest, in: 1...10_000_000)
    try check("decay_factor", decayFactor, in: 1e-12...1)
  }
}
