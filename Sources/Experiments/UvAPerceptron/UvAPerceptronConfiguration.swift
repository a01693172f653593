import Tensors

/// What determines a run of `uva-mlp`.
struct UvAPerceptronConfiguration: TimedConfiguration {
  var hidden = 100
  var batchSize = 200
  var epochs = 6
  var steps = 1500
  var learningRate = 2e-3
  // At a constant rate (1, `preset=document`) the order of the last batches decides over some hundredths of accuracy.
  var decayFactor = 0.6
  var weightScale = 1e-4
  var validation = 0
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
    .real(
      "weight_scale", \.weightScale, in: 0...1e3,
      "standard deviation of the weights at the beginning"),
    .whole(
      "validation", \.validation, in: 0...49_999, "last training images held back for validation"),
    .seed(\.seed, "what weights and the order of the images are drawn from"),
    .precision,
    .gradients,
  ]
}
