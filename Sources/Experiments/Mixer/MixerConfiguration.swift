import Tensors

/// What determines a run of `mixer`.
struct MixerConfiguration: TimedConfiguration, DigitsConfiguration {
  /// The side of a square patch in pixels.
  var patch = 2
  /// Pixels from one patch to the next, in both directions.
  var stride = 2
  /// Mixing blocks one after the other; the document has one.
  var blocks = 1
  /// Images in a batch.
  var batchSize = 64
  /// Passes over the training images.
  var epochs = 12
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate of the first epochs.
  var learningRate = 0.05
  /// What it is multiplied by …
  var decayFactor = 0.2
  /// … after every so many epochs.
  var decayEvery = 5
  /// How much of the last step is in the next.
  var momentum = 0.9
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
    try check("patch", patch, in: 1...28)
    try check("stride", stride, in: 1...28)
    try check("blocks", blocks, in: 1...100)
    try check("batch_size", batchSize, in: 1...60_000)
    try validateTime()
    try check("decay_every", decayEvery, in: 1...1_000_000)
    try check("validation", validation, in: 0...59_999)
    try check("drawn_train", drawnTrain, in: 1...10_000_000)
    try check("drawn_test", drawnTest, in: 1...10_000_000)
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("momentum", momentum, in: 0...0.9999)
    guard (28 - patch) % stride == 0 else {
      throw AdjointError(
        .usage,
        "patch=\(patch), stride=\(stride): patches have to reach the edge of 28 pixels, so that 28 − patch "
          + "is a multiple of stride")
    }
    guard gradients == .tape || blocks == 1 else {
      throw AdjointError(
        .usage,
        "gradients=by-hand, blocks=\(blocks): the gradients written out by hand are those of one block"
      )
    }
  }

  /// Patches in a row of patches, and rows of them.
  var patchesAcross: Int { (28 - patch) / stride + 1 }
  /// L.
  var positions: Int { patchesAcross * patchesAcross }
  /// D.
  var features: Int { patch * patch }
}
