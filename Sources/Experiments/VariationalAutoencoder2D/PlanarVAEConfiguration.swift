import Datasets
import Tensors

/// What determines a run of `vae-2d`.
struct PlanarVAEConfiguration: TimedConfiguration {
  var target = PlanarDistribution.checkerboard
  var hidden = 128
  var latent = 4
  var beta = 1.0
  var betaStart = 0.5
  var betaRise = 0.2
  // Many: what is left to learn in the end is smaller than the noise of few.
  var batchSize = 512
  var samplesPerEpoch = 204_800
  var epochs = 250
  var steps = 0
  var learningRate = 3e-3
  var finalRate = 0.01
  var evaluationPoints = 10_000
  var evaluationDraws = 20
  var snapshotEvery = 10
  var seed: UInt64 = 0
  var precision = DType.float32
  var gradients = GradientSource.tape

  /// The steps of the epochs, or as many as are asked for.
  var totalSteps: Int { totalSteps(stepsPerEpoch: samplesPerEpoch / batchSize) }

  /// β in a step, from 0.
  func beta(step: Int) -> Double {
    let rising = betaRise * Double(totalSteps)
    let share = rising > 0 ? min(1, Double(step) / rising) : 1
    return beta * (betaStart + (1 - betaStart) * share)
  }

  /// Two latent numbers, as a plane is drawn with, batches of 128 and Adam's usual rate: the autoencoder that one tries
  /// first. The assignment gives no sizes.
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

  static let settings: [Setting<Self>] = [
    .word("target", PlanarDistribution.self, "distribution that is learned"),
    .whole(
      "hidden", \.hidden, in: 1...10_000,
      "units in each of the two hidden layers of encoder and decoder"),
    .whole("latent", \.latent, in: 1...1000, "length of z"),
    .real("beta", \.beta, in: 0...1e6, "what the divergence counts in the loss"),
    .real(
      "beta_start", \.betaStart, in: 0...1, "what it counts at the beginning, as a share of beta"),
    .real(
      "beta_rise", \.betaRise, in: 0...1,
      "share of the steps over which that rises to beta; 0 for beta from the first step on"
    ),
    .whole("batch_size", \.batchSize, in: 1...1_000_000, "points in a batch"),
    .whole(
      "samples_per_epoch", \.samplesPerEpoch, in: 1...100_000_000,
      "points of an epoch; each epoch draws its own"),
    .epochs("epochs of samples_per_epoch points"),
    .steps,
    .learningRate(),
    .real(
      "final_rate", \.finalRate, in: 0...1,
      "what the rate falls to along half a cosine, as a share of itself; 1 keeps it"),
    .whole(
      "evaluation_points", \.evaluationPoints, in: 2...100_000,
      "points on which the bound is measured, and in each set whose distances are"),
    .whole(
      "evaluation_draws", \.evaluationDraws, in: 1...1000,
      "pairs of sets whose distances are averaged"),
    .whole(
      "snapshot_every", \.snapshotEvery, in: 1...1_000_000,
      "epochs from one picture of the samples to the next, at most a sixth of all"),
    .seed(\.seed, "what weights, points and noise are drawn from"),
    .precision,
    .gradients,
  ]

  var idle: [String: String] {
    betaRise == 0 ? ["beta_start": "a beta_rise above 0"] : [:]
  }

  func validateTogether() throws {
    guard batchSize <= samplesPerEpoch else {
      throw AdjointError(
        .usage, "batch_size=\(batchSize): has to be at most samples_per_epoch, \(samplesPerEpoch)")
    }
  }
}
