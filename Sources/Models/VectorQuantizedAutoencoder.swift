import Layers
import Tensors

/// The autoencoder of vector quantisation (VQ-VAE) of two perceptrons, for pixels that are on or off.
///
/// encoder x → e₁ … e_P;  kₚ = argminⱼ ‖eₚ − cⱼ‖;  decoder of c_k₁ … c_k_P → logits
///
///     L = −ln p(x | c) + Σₚ ‖sg(eₚ) − c_kₚ‖² + γ Σₚ ‖eₚ − sg(c_kₚ)‖²
///
/// sg stops the gradient. The decoder's gradient goes straight through to the encoder, as if eₚ had not been
/// replaced: z = e + sg(c − e).
///
/// A. van den Oord, O. Vinyals and K. Kavukcuoglu, "Neural discrete representation learning", NeurIPS 2017,
/// arXiv:1711.00937, equations 1–3.
public struct VectorQuantizedAutoencoder {
  /// x → e, P vectors in a row: `encoder.layers.0.weight`, …
  public let encoder: MultilayerPerceptron
  /// P vectors of the codebook in a row → logits: `decoder.layers.0.weight`, …
  public let decoder: MultilayerPerceptron
  /// c, `[vectors, width]`.
  public let codebook: Parameter
  /// P
  public let positions: Int

  /// - Parameters:
  ///   - features: pixels of an image.
  ///   - hidden: the widths of the encoder's rectified layers; the decoder has them in reverse.
  ///   - positions: P, how many vectors describe an image.
  ///   - vectors: how many the codebook has.
  ///   - width: the length of a vector.
  ///   - random: draws the weights, then the codebook from N(0, 0.1²): about as far apart as the encoder's
  ///     first outputs, so that no few vectors catch them all.
  public init(
    features: Int, hidden: [Int], positions: Int, vectors: Int, width: Int, random: inout Philox
  ) {
    encoder = MultilayerPerceptron(
      widths: [features] + hidden + [positions * width], random: &random)
    decoder = MultilayerPerceptron(
      widths: [positions * width] + hidden.reversed() + [features], random: &random)
    let values = (0..<vectors * width).map { _ in Float(0.1 * random.normal()) }
    codebook = Parameter(Tensor(values, shape: [vectors, width]))
    self.positions = positions
  }

  /// The index of the nearest vector for each, by the euclidean distance; the first of equal ones.
  ///
  /// - Parameter e: `[count, width]`.
  /// - Returns: `[count]`.
  public func nearest(to e: Tensor) -> IndexTensor {
    // ‖e − c‖² = ‖e‖² − 2 e·c + ‖c‖², of which the first term is the same for all c.
    let book = codebook.value.detached
    let halves = sum(book * book, axis: 1) * -0.5
    let scores = linear(e.detached, book, halves)
    return argmax(scores, axis: 1)
  }

  /// What describes images: the index of a vector for each position.
  ///
  /// - Parameter x: `[batch, features]`.
  /// - Returns: `[batch · positions]`.
  public func codes(of x: Tensor) -> IndexTensor { nearest(to: encoded(x)) }

  /// The logits of images that these vectors describe: `[batch · positions]` → `[batch, features]`.
  public func logits(for codes: IndexTensor) -> Tensor {
    let rows = gather(codebook.value, codes)
    let batch = codes.count / positions
    return decoder(
      rows.reshaped(to: [batch, positions * codebook.shape[1]]), .inference)
  }

  /// e, `[batch · positions, width]`.
  public func encoded(_ x: Tensor) -> Tensor {
    encoder(x, .inference).reshaped(to: [x.shape[0] * positions, codebook.shape[1]])
  }

  /// −ln p(x | c) and the two terms that bring vectors and encoder together, scalars: means over the batch.
  ///
  /// - Parameters:
  ///   - x: 0 or 1, `[batch, features]`.
  ///   - commitment: γ.
  public func terms(
    _ x: Tensor, commitment: Double
  ) -> (reconstruction: Tensor, quantization: Tensor, codes: IndexTensor) {
    let e = encoded(x)
    let codes = nearest(to: e)
    let c = gather(codebook.value, codes)
    // Sums over an image, where the function takes the mean over all elements.
    let scale = Double(positions * codebook.shape[1])
    let quantization =
      meanSquaredError(c, e.detached) * scale
      + meanSquaredError(e, c.detached) * (commitment * scale)
    let straight = e + (c.detached - e.detached)
    let batch = x.shape[0]
    let logits = decoder(
      straight.reshaped(to: [batch, positions * codebook.shape[1]]), .inference)
    return (bernoulliNegativeLogLikelihood(x, logits: logits), quantization, codes)
  }
}
