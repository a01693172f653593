import Tensors

/// What determines a run of `vae-mnist`.
struct DigitVAEConfiguration: TimedConfiguration, DigitsConfiguration {
  /// Which autoencoder it is.
  enum Kind: String, Codable, Sendable, CaseIterable {
    /// Kingma and Welling 2014.
    case vae
    /// The divergence counts more than once (Higgins and others 2017).
    case beta
    /// A codebook takes the place of the Gaussian (van den Oord and others 2017).
    case vq
    /// The decoder sees a pixel's neighbourhood too (Chen and others 2017).
    case lossy
  }

  /// Which autoencoder it is.
  var kind = Kind.vae
  /// Units in each of the two hidden layers of encoder and decoder.
  var hidden = 400
  /// The length of z.
  var latent = 20
  /// What the divergence counts in the loss of kind `beta`.
  var beta = 4.0
  /// Vectors in the codebook of kind `vq`.
  var codebook = 64
  /// How many of them describe an image.
  var positions = 16
  /// The length of one.
  var codeWidth = 16
  /// What the encoder's way to its vector counts in the loss of kind `vq`.
  var commitment = 0.25
  /// How many rows above and columns beside a pixel the decoder of kind `lossy` sees.
  var window = 2
  /// Images in a batch.
  var batchSize = 128
  /// Passes over the training images.
  var epochs = 30
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate at the beginning …
  var learningRate = 1e-3
  /// … what it falls to along half a cosine, as a share of that; 1 keeps it.
  var finalRate = 0.02
  /// Training images held back for validation, drawn by the seed.
  var validation = 0
  /// What weights, noise and the order of the images are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How many digits are drawn for training where there is no MNIST.
  var drawnTrain = 60_000
  /// How many digits are drawn for the test where there is no MNIST.
  var drawnTest = 10_000

  static let choices = [
    "kind": Kind.allCases.map(\.rawValue), "precision": DType.full.map(\.rawValue),
  ]

  var idle: [String: String] {
    let owners: [Kind: [String]] = [
      .beta: ["beta"], .vq: ["codebook", "positions", "code_width", "commitment"],
      .lossy: ["window"],
    ]
    var idle = kind == .vq ? ["latent": "another kind than vq"] : [:]
    for (owner, keys) in owners where owner != kind {
      for key in keys { idle[key] = "kind=\(owner.rawValue)" }
    }
    return idle
  }

  func validate() throws {
    try check("hidden", hidden, in: 1...100_000)
    try check("latent", latent, in: 1...1000)
    try check("beta", beta, in: 0...1e6)
    try check("codebook", codebook, in: 2...100_000)
    try check("positions", positions, in: 1...784)
    try check("code_width", codeWidth, in: 1...1000)
    try check("commitment", commitment, in: 0...1e6)
    try check("window", window, in: 0...27)
    try check("batch_size", batchSize, in: 1...60_000)
    try validateTime()
    try check("final_rate", finalRate, in: 0...1)
    try check("validation", validation, in: 0...59_999)
    try check("drawn_train", drawnTrain, in: 1...10_000_000)
    try check("drawn_test", drawnTest, in: 1...10_000_000)
  }
}
