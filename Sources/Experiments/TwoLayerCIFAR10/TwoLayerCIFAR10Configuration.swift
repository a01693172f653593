import Tensors

/// What determines a run of `two-layer-cifar10`.
struct TwoLayerCIFAR10Configuration: TimedConfiguration {
  var hidden = 50
  var batchSize = 200
  var epochs = 5
  var steps = 1000
  var learningRate = 1e-4
  var decayFactor = 0.95
  var momentum = 0.0
  var penalty = 0.25
  var weightScale = 1e-4
  var validation = 1000
  var test = false
  var seed: UInt64 = 0
  var precision = DType.float32
  var gradients = GradientSource.byHand

  static let settings: [Setting<Self>] = [
    .whole("hidden", \.hidden, in: 1...100_000, "hidden units"),
    .whole("batch_size", \.batchSize, in: 1...50_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .real(
      "decay_factor", \.decayFactor, in: 1e-12...1,
      "what the rate is multiplied by after each epoch"),
    .real("momentum", \.momentum, in: 0...0.9999, "how much of the last step is in the next"),
    .real("penalty", \.penalty, in: 0...1e6, "λ in λ (‖W₁‖² + ‖W₂‖²)"),
    .real(
      "weight_scale", \.weightScale, in: 0...1e3,
      "standard deviation of the weights at the beginning"),
    .whole(
      "validation", \.validation, in: 0...49_999, "last training images held back for validation"),
    .flag("test", "whether the test part is looked at, once, when training is over"),
    .seed(\.seed, "what weights and the order of the images are drawn from"),
    .precision,
    .gradients,
  ]
}
