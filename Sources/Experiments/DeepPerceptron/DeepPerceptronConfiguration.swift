import Tensors

/// What determines a run of `deep-mlp-cifar10`.
struct DeepPerceptronConfiguration: TimedConfiguration {
  var depth = 2
  var hidden = 256
  var batchSize = 200
  var epochs = 15
  var steps = 0
  var learningRate = 1e-3
  var decayFactor = 0.85
  var weightDecay = 3e-3
  var validation = 1000
  var test = false
  var compare = ""
  var seed: UInt64 = 0
  var precision = DType.float32

  /// The widths of the hidden layers.
  var hiddenWidths: [Int] { [Int](repeating: hidden, count: depth - 1) }

  static let settings: [Setting<Self>] = [
    .whole(
      "depth", \.depth, in: 1...100, "layers with weights: one more than there are hidden ones"),
    .whole("hidden", \.hidden, in: 1...100_000, "units of each hidden layer"),
    .whole("batch_size", \.batchSize, in: 1...50_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .real(
      "decay_factor", \.decayFactor, in: 1e-12...1,
      "what the rate is multiplied by after each epoch"),
    .real(
      "weight_decay", \.weightDecay, in: 0...1e6,
      "λ; λ times weights and biases is added to their gradients"),
    .whole(
      "validation", \.validation, in: 0...49_999, "last training images held back for validation"),
    .flag("test", "whether the test part is looked at, once, when training is over"),
    .files(
      "compare", "folders of finished runs to stand beside this one in its report"),
    .seed(\.seed, "what weights and the order of the images are drawn from"),
    .precision,
  ]
}
