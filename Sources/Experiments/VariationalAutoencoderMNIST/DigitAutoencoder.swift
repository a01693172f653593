import Figures
import Foundation
import Models
import Tensors

/// What the kinds of `vae-mnist` have in common: a loss, and images made of what describes them.
protocol DigitAutoencoder {
  /// What is trained, for names and checkpoints.
  var model: Any { get }
  /// The numbers of noise that an image needs.
  var noiseWidth: Int { get }
  /// The loss of a batch of images `[batch, 784]` of 0 and 1, and its terms in nats for an image.
  func terms(_ x: Tensor, noise: Tensor) -> DigitTerms
  /// The probabilities of pixels, or drawn pixels, of images like the given ones.
  func reconstruction(_ x: Tensor) -> Tensor
  /// What a report shows of it beyond its reconstructions.
  func sections(of report: DigitVAEReport) -> [Report.Section]
}

/// The loss of a batch and what it is made of, scalars.
struct DigitTerms {
  /// What is trained.
  let loss: Tensor
  /// −ln p(x | z)
  let reconstruction: Double
  /// What it takes to tell z: the divergence from the prior.
  let divergence: Double
  /// Which vectors of a codebook were used.
  var codes: IndexTensor?
}

/// Kinds whose z is a Gaussian.
protocol GaussianDigitAutoencoder: DigitAutoencoder {
  var encoder: MultilayerPerceptron { get }
  /// What images of given z `[count, latent]` look like on the mean: how often each pixel is on.
  func decoded(_ z: Tensor) -> Tensor
  /// Images drawn for given z, where drawing pixels one by one needs `[count, 784]` uniform numbers.
  func drawn(_ z: Tensor, seed: UInt64, stream: UInt64) -> Tensor
}

extension GaussianDigitAutoencoder {
  func reconstruction(_ x: Tensor) -> Tensor {
    let head = encoder(x, .inference)
    return decoded(slice(head, axis: 1, from: 0, count: noiseWidth))
  }

  func sections(of report: DigitVAEReport) -> [Report.Section] { report.sections(of: self) }
}

/// `vae` and `beta`.
struct PlainDigitAutoencoder: GaussianDigitAutoencoder {
  let network: BernoulliVAE
  let beta: Double

  var model: Any { network }
  var encoder: MultilayerPerceptron { network.encoder }
  var noiseWidth: Int { network.decoder.layers[0].inputs }

  func terms(_ x: Tensor, noise: Tensor) -> DigitTerms {
    let (reconstruction, divergence) = network.terms(x, noise: noise)
    return DigitTerms(
      loss: reconstruction + (beta == 1 ? divergence : divergence * beta),
      reconstruction: reconstruction.item, divergence: divergence.item)
  }

  func decoded(_ z: Tensor) -> Tensor { sigmoid(network.decoder(z, .inference)) }
  func drawn(_ z: Tensor, seed: UInt64, stream: UInt64) -> Tensor { decoded(z) }
}

/// `lossy`
struct LossyDigitAutoencoder: GaussianDigitAutoencoder {
  let network: LossyVAE

  var model: Any { network }
  var encoder: MultilayerPerceptron { network.encoder }
  var noiseWidth: Int { network.decoder.layers[0].inputs }

  func terms(_ x: Tensor, noise: Tensor) -> DigitTerms {
    let (reconstruction, divergence) = network.terms(x, noise: noise)
    return DigitTerms(
      loss: reconstruction + divergence, reconstruction: reconstruction.item,
      divergence: divergence.item)
  }

  /// The share of ``draws`` images in which a pixel is on: no single probability says it, for each pixel
  /// depends on what came of those before it.
  func decoded(_ z: Tensor) -> Tensor {
    var total = drawn(z, seed: 0, stream: 0)
    for stream in 1..<Self.draws { total = total + drawn(z, seed: 0, stream: UInt64(stream)) }
    return total / Double(Self.draws)
  }

  static let draws = 24

  func drawn(_ z: Tensor, seed: UInt64, stream: UInt64) -> Tensor {
    var random = Philox(seed: seed, stream: stream)
    let limits = (0..<z.shape[0] * 784).map { _ in random.uniformFloat() }
    return network.images(z, thresholds: Tensor(limits, shape: [z.shape[0], 784]))
  }
}

/// `vq`
struct QuantizedDigitAutoencoder: DigitAutoencoder {
  let network: VectorQuantizedAutoencoder
  let commitment: Double

  var model: Any { network }
  var noiseWidth: Int { 1 }

  func terms(_ x: Tensor, noise: Tensor) -> DigitTerms {
    let (reconstruction, quantization, codes) = network.terms(x, commitment: commitment)
    // Under a uniform prior each position takes ln K nats to tell, whatever it is.
    let divergence = Double(network.positions) * log(Double(network.codebook.shape[0]))
    return DigitTerms(
      loss: reconstruction + quantization, reconstruction: reconstruction.item,
      divergence: divergence, codes: codes)
  }

  func reconstruction(_ x: Tensor) -> Tensor { sigmoid(network.logits(for: network.codes(of: x))) }

  func sections(of report: DigitVAEReport) -> [Report.Section] { report.sections(of: network) }
}

extension DigitVAEConfiguration {
  /// The network of the kind, its weights drawn from the seed.
  func autoencoder() -> any DigitAutoencoder {
    var random = Philox(seed: seed)
    let widths = [hidden, hidden]
    switch kind {
    case .vae, .beta:
      return PlainDigitAutoencoder(
        network: BernoulliVAE(features: 784, hidden: widths, latent: latent, random: &random),
        beta: kind == .beta ? beta : 1)
    case .vq:
      return QuantizedDigitAutoencoder(
        network: VectorQuantizedAutoencoder(
          features: 784, hidden: widths, positions: positions, vectors: codebook,
          width: codeWidth, random: &random), commitment: commitment)
    case .lossy:
      return LossyDigitAutoencoder(
        network: LossyVAE(
          height: 28, width: 28, hidden: widths, latent: latent, window: window, random: &random))
    }
  }
}
