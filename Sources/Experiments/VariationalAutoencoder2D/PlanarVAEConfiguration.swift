import Datasets
import Tensors

/// What determines a run of `vae-2d`.
struct PlanarVAEConfiguration: TimedConfiguration {
  /// The distribution that is learned.
  var target = PlanarDistribution.checkerboard
  /// Units in each of the two hidden layers of encoder and decoder.
  var hidden = 128
  /// The length of z.
  var latent = 4
  /// What the divergence counts in the loss …
  var beta = 1.0
  /// … at the beginning, as a share of that …
  var betaStart = 0.5
  /// … from where it rises linearly over this share of the steps; 0 for the whole from the first step on.
  var betaRise = 0.2
  /// Points in a batch. Many: what is left to learn in the end is smaller than the noise of few.
  var batchSize = 512
  /// Points of an epoch; each epoch draws its own.
  var samplesPerEpoch = 204_800
  /// Epochs.
  var epochs = 250
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate at the beginning …
  var learningRate = 3e-3
  /// … what it falls to along half a cosine, as a share of that; 1 keeps it.
  var finalRate = 0.01
  /// Points on which the bound is measured, and in each set whose distances are.
  var evaluationPoints = 10_000
  /// Pairs of sets whose distances are averaged.
  var evaluationDraws = 20
  /// Epochs from one picture of the samples to the next.
  var snapshotEvery = 10
  /// What weights, points and noise are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How gradients are worked out.
  var gradients = GradientSource.tape

  /// The steps of the epochs, or as many as are asked for.
  var totalSteps: Int { steps > 0 ? steps : epochs * (samplesPerEpoch / batchSize) }

  /// β in a step, from 0.
  func beta(step: Int) -> Double {
    let rising = betaRise * Double(totalSteps)
    let share = rising > 0 ? min(1, Double(step) / rising) : 1
    return beta * (betaStart + (1 - betaStart) * share)
  }

  /// The network and the rate of the assignment.
  static var assignment: PlanarVAEConfiguration {
    var configuration = PlanarVAEConfiguration()
    configuration.latent = 2
    configuration.batchSize = 128
    configuration.samplesPerEpoch = 51_200
    configuration.learningRate = 1e-3
    configuration.finalRate = 1
    configuration.betaRise = 0
    return configuration
  }

  static let choices = [
    "target": PlanarDistribution.allCases.map(\.rawValue),
    "precision": DType.full.map(\.rawValue),
    "gradients": GradientSource.allCases.map(\.rawValue),
  ]

  var idle: [String: String] {
    betaRise == 0 ? ["beta_start": "a beta_rise above 0"] : [:]
  }

  func validate() throws {
    try check("hidden", hidden, in: 1...10_000)
    try check("latent", latent, in: 1...1000)
    try check("beta", beta, in: 0...1e6)
    try check("beta_start", betaStart, in: 0...1)
    try check("beta_rise", betaRise, in: 0...1)
    try check("batch_size", batchSize, in: 1...1_000_000)
    try check("samples_per_epoch", samplesPerEpoch, in: 1...100_000_000)
    try validateTime()
    try check("final_rate", finalRate, in: 0...1)
    try check("evaluation_points", evaluationPoints, in: 2...100_000)
    try check("evaluation_draws", evaluationDraws, in: 1...1000)
    try check("snapshot_every", snapshotEvery, in: 1...1_000_000)
    guard batchSize <= samplesPerEpoch else {
      throw AdjointError(
        .usage, "batch_size=\(batchSize): has to be at most samples_per_epoch, \(samplesPerEpoch)")
    }
  }
}
