import Layers
import Tensors

/// The variational autoencoder of two perceptrons for pixels that are on or off.
///
/// encoder x → [μz, ln σz],  z = μz + σz ∘ ε,  decoder z → logits of the pixels
///
/// D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114, appendix C.1.
public struct BernoulliVAE {
  /// x → [μz, ln σz]: `encoder.layers.0.weight`, …
  public let encoder: MultilayerPerceptron
  /// z → logits: `decoder.layers.0.weight`, …
  public let decoder: MultilayerPerceptron

  /// - Parameters:
  ///   - features: pixels of an image.
  ///   - hidden: the widths of the encoder's rectified layers; the decoder has them in reverse.
  ///   - latent: the length of z.
  ///   - random: draws the weights, as PyTorch's `nn.Linear` does by default.
  public init(features: Int, hidden: [Int], latent: Int, random: inout Philox) {
    encoder = MultilayerPerceptron(
      widths: [features] + hidden + [2 * latent], random: &random)
    decoder = MultilayerPerceptron(
      widths: [latent] + hidden.reversed() + [features], random: &random)
  }

  /// −ln p(x | z) and the divergence of q(z | x) from N(0, 1), scalars: means over the batch.
  ///
  /// - Parameters:
  ///   - x: 0 or 1, `[batch, features]`.
  ///   - noise: ε, `[batch, latent]`.
  public func terms(
    _ x: Tensor, noise: Tensor
  ) -> (reconstruction: Tensor, divergence: Tensor) {
    let head = encoder(x, .inference)
    let logits = decoder(reparameterize(head, noise: noise), .inference)
    return (
      bernoulliNegativeLogLikelihood(x, logits: logits), gaussianHeadKLDivergence(head)
    )
  }
}
