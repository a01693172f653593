import Layers
import Tensors

/// The variational autoencoder of two perceptrons, its likelihood a Gaussian of learned mean and deviation.
///
/// encoder x → [μz, ln σz],  z = μz + σz ∘ ε,  decoder z → [μx, ln σx]
///
/// D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114.
public struct GaussianVAE {
  /// x → [μz, ln σz]: `encoder.layers.0.weight`, …
  public let encoder: MultilayerPerceptron
  /// z → [μx, ln σx]: `decoder.layers.0.weight`, …
  public let decoder: MultilayerPerceptron

  /// - Parameters:
  ///   - features: the length of a row of data.
  ///   - hidden: the widths of the encoder's rectified layers; the decoder has them in reverse.
  ///   - latent: the length of z.
  ///   - random: draws the weights, as PyTorch's `nn.Linear` does by default.
  public init(features: Int, hidden: [Int], latent: Int, random: inout Philox) {
    encoder = MultilayerPerceptron(
      widths: [features] + hidden + [2 * latent], random: &random)
    decoder = MultilayerPerceptron(
      widths: [latent] + hidden.reversed() + [2 * features], random: &random)
  }

  /// The negative evidence lower bound with its two terms, scalars, each the mean over the batch.
  public struct Bound {
    /// L = R + β D
    public let loss: Tensor
    /// R, the negative log-likelihood of the rows given one z each.
    public let reconstruction: Tensor
    /// D, the divergence of the encoder's Gaussians from the standard normal distribution.
    public let divergence: Tensor
  }

  /// The bound for a batch and given noise.
  ///
  /// - Parameters:
  ///   - x: `[batch, features]`.
  ///   - noise: ε, `[batch, latent]`.
  ///   - beta: β, what the divergence counts (Higgins and others, "beta-VAE", ICLR 2017).
  public func bound(_ x: Tensor, noise: Tensor, beta: Double = 1) -> Bound {
    let head = encoder(x, .inference)
    let z = reparameterize(head, noise: noise)
    let reconstruction = gaussianHeadNegativeLogLikelihood(x, head: decoder(z, .inference))
    let divergence = gaussianHeadKLDivergence(head)
    let weighted = beta == 1 ? divergence : divergence * beta
    return Bound(
      loss: reconstruction + weighted, reconstruction: reconstruction.detached,
      divergence: divergence.detached)
  }

  /// New rows: the decoder's means for given z, and what its Gaussians give with given noise.
  ///
  /// - Parameters:
  ///   - z: `[count, latent]`, from the standard normal distribution.
  ///   - noise: `[count, features]`, likewise.
  /// - Returns: both `[count, features]`.
  public func samples(_ z: Tensor, noise: Tensor) -> (means: Tensor, noisy: Tensor) {
    let head = decoder(z, .inference)
    return (
      slice(head, axis: 1, from: 0, count: noise.shape[1]), reparameterize(head, noise: noise)
    )
  }
}
