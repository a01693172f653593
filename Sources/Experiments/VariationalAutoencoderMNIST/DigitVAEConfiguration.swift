import Foundation
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

  var kind = Kind.vae
  var hidden = 400
  var latent = 20
  var beta = 4.0
  var codebook = 64
  var positions = 16
  var codeWidth = 16
  var commitment = 0.25
  var window = 2
  var batchSize = 128
  var epochs = 30
  var steps = 0
  var learningRate = 1e-3
  var finalRate = 0.02
  var validation = 0
  var seed: UInt64 = 0
  var precision = DType.float32
  var drawnTrain = 60_000
  var drawnTest = 10_000

  static let settings: [Setting<Self>] = [
    .word("kind", Kind.self, "which autoencoder it is"),
    .whole(
      "hidden", \.hidden, in: 1...100_000,
      "units in each of the two hidden layers of encoder and decoder"),
    .whole("latent", \.latent, in: 1...1000, "length of z"),
    .real("beta", \.beta, in: 0...1e6, "with kind=beta, what the divergence counts in the loss"),
    .whole("codebook", \.codebook, in: 2...100_000, "with kind=vq, vectors in the codebook"),
    .whole("positions", \.positions, in: 1...784, "with kind=vq, vectors that describe an image"),
    .whole("code_width", \.codeWidth, in: 1...1000, "with kind=vq, length of a vector"),
    .real(
      "commitment", \.commitment, in: 0...1e6,
      "with kind=vq, what the encoder's way to its vector counts in the loss"),
    .whole(
      "window", \.window, in: 0...27,
      "with kind=lossy, rows above and columns beside a pixel that the decoder sees"),
    .whole("batch_size", \.batchSize, in: 1...60_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .real(
      "final_rate", \.finalRate, in: 0...1,
      "what the rate falls to along half a cosine, as a share of itself; 1 keeps it"),
    .validation,
    .seed(\.seed, "what weights, noise and the order of the images are drawn from"),
    .precision,
    .drawnTrain(),
    .drawnTest,
  ]

  /// What is trained, in a phrase.
  var summary: String {
    let z = "\(latent) Gaussian \(latent == 1 ? "axis" : "axes")"
    return switch kind {
    case .vae: "variational autoencoder, \(z)"
    case .beta: "β-variational autoencoder, \(z), β = " + String(format: "%g", beta)
    case .vq: "vector-quantised autoencoder, \(positions) positions × \(codebook) vectors"
    case .lossy:
      "variational lossy autoencoder, \(z), a decoder that sees \(window) rows above and columns beside a pixel"
    }
  }

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
}
