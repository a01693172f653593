import Tensors

/// What determines a run of `deep-mlp-cifar10`.
struct DeepPerceptronConfiguration: TimedConfiguration {
  /// Layers with weights: one more than there are hidden ones.
  var depth = 2
  /// Units of each hidden layer.
  var hidden = 256
  /// Images in a batch.
  var batchSize = 200
  /// Passes over the training images, where steps is 0.
  var epochs = 15
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate of the first epoch.
  var learningRate = 1e-3
  /// What it is multiplied by after each epoch.
  var decayFactor = 0.85
  /// λ; λ times the weights and biases is added to their gradients.
  var weightDecay = 3e-3
  /// How many of the last training images are held back.
  var validation = 1000
  /// Whether the test part is looked at, once, when training is over.
  var test = false
  /// Folders of finished runs of other depths to stand beside this one in its report, separated by commas.
  var compare = ""
  /// What weights and the order of the images are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32

  static let choices = ["precision": DType.full.map(\.rawValue)]
  static let pathLists = ["compare"]

  func validate() throws {
    try check("depth", depth, in: 1...100)
    try check("hidden", hidden, in: 1...100_000)
    try check("batch_size", batchSize, in: 1...50_000)
    try validateTime()
    try check("validation", validation, in: 0...49_999)
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("weight_decay", weightDecay, in: 0...1e6)
  }
}
