import Tensors

/// What determines a run of `mnist-mlp`.
struct MNISTPerceptronConfiguration: SteppedConfiguration, DigitsConfiguration {
  var hidden = 50
  var batchSize = 16
  var epochs = 60
  var steps = 0
  var learningRate = 0.1
  var decayFactor = 0.1
  var decayEvery = 20
  var validation = 0
  var seed: UInt64 = 0
  var precision = DType.float32
  var gradients = GradientSource.tape
  var drawnTrain = 60_000
  var drawnTest = 10_000

  static let settings: [Setting<Self>] = [
    .whole("hidden", \.hidden, in: 1...100_000, "hidden units"),
    .whole("batch_size", \.batchSize, in: 1...60_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .decayFactor,
    .decayEvery,
    .validation,
    .seed(\.seed, "what weights and the order of the images are drawn from"),
    .precision,
    .gradients,
    .drawnTrain(),
    .drawnTest,
  ]
}
