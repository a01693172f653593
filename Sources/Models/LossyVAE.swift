#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Layers
import Tensors

/// A variational lossy autoencoder of fully connected parts.
///
/// encoder x → [μz, ln σz],  z = μz + σz ∘ ε,  logits = decoder(z) + x (W ∘ M)ᵀ
///
/// The decoder sees, beside z, the pixels just before each pixel in reading order: M keeps the weights from
/// pixels at most `window` rows above and at most `window` columns to either side, or to the left in the same
/// row. What such a neighbourhood tells (ink goes on, paper goes on) costs z nothing, so that z is left with
/// what no neighbourhood tells: which digit, how large, how slanted.
///
/// X. Chen and others, "Variational lossy autoencoder", ICLR 2017, arXiv:1611.02731, section 3.1.
/// Reduced: there the local decoder is a PixelCNN of several masked convolutions and the prior an
/// autoregressive flow; here it is one masked linear map added to the decoder's logits, the same kind of map
/// with a weight of its own for each pair of places, and the prior is the standard normal distribution.
public struct LossyVAE {
  /// x → [μz, ln σz]: `encoder.layers.0.weight`, …
  public let encoder: MultilayerPerceptron
  /// z → logits: `decoder.layers.0.weight`, …
  public let decoder: MultilayerPerceptron
  /// W, `[pixels, pixels]`: what each pixel's logit gets from each earlier one in its window.
  public let local: Parameter
  /// M, `[pixels, pixels]`: 1 where a weight counts.
  public let mask: Buffer
  /// Pixels in a row of the image.
  public let width: Int

  /// - Parameters:
  ///   - height: rows of an image.
  ///   - width: pixels in a row.
  ///   - hidden: the widths of the encoder's rectified layers; the decoder has them in reverse.
  ///   - latent: the length of z.
  ///   - window: how far the decoder sees.
  ///   - random: draws the weights; the local ones begin with 0.
  public init(
    height: Int, width: Int, hidden: [Int], latent: Int, window: Int, random: inout Philox
  ) {
    let pixels = height * width
    encoder = MultilayerPerceptron(widths: [pixels] + hidden + [2 * latent], random: &random)
    decoder = MultilayerPerceptron(
      widths: [latent] + hidden.reversed() + [pixels], random: &random)
    local = Parameter(.zeros([pixels, pixels]))
    mask = Buffer(LossyVAE.mask(height: height, width: width, window: window))
    self.width = width
  }

  /// M, `[pixels, pixels]`: row p has 1 at the pixels before p that are within the window.
  public static func mask(height: Int, width: Int, window: Int) -> Tensor {
    let pixels = height * width
    var values = [Float](repeating: 0, count: pixels * pixels)
    for row in 0..<height {
      for column in 0..<width {
        for above in max(0, row - window)...row {
          let last = above == row ? column - 1 : min(width - 1, column + window)
          for left in stride(from: max(0, column - window), through: last, by: 1) {
            values[(row * width + column) * pixels + above * width + left] = 1
          }
        }
      }
    }
    return Tensor(values, shape: [pixels, pixels])
  }

  /// W ∘ M
  public var localWeights: Tensor { local.value * mask.value }

  /// −ln p(x | z) and the divergence of q(z | x) from N(0, 1), scalars: means over the batch.
  ///
  /// - Parameters:
  ///   - x: 0 or 1, `[batch, pixels]`.
  ///   - noise: ε, `[batch, latent]`.
  public func terms(
    _ x: Tensor, noise: Tensor
  ) -> (reconstruction: Tensor, divergence: Tensor) {
    let head = encoder(x, .inference)
    let global = decoder(reparameterize(head, noise: noise), .inference)
    let logits = global + linear(x, localWeights)
    return (
      bernoulliNegativeLogLikelihood(x, logits: logits), gaussianHeadKLDivergence(head)
    )
  }

  /// Images for given z, pixel after pixel.
  ///
  /// - Parameters:
  ///   - z: `[count, latent]`.
  ///   - thresholds: `[count, pixels]`: a pixel is on where its probability is above; ½ everywhere takes the
  ///     likelier, uniform numbers draw.
  /// - Returns: 0 or 1, float32, `[count, pixels]`.
  public func images(_ z: Tensor, thresholds: Tensor) -> Tensor {
    let global = decoder(z, .inference).doubles
    let weights = localWeights.doubles
    let kept = mask.value.floats
    let limits = thresholds.doubles
    let pixels = local.shape[0]
    let neighbours = (0..<pixels).map { pixel in
      (0..<pixel).filter { kept[pixel * pixels + $0] != 0 }
    }
    var images = [Float](repeating: 0, count: global.count)
    for start in stride(from: 0, to: images.count, by: pixels) {
      for pixel in 0..<pixels {
        var logit = global[start + pixel]
        for earlier in neighbours[pixel] where images[start + earlier] != 0 {
          logit += weights[pixel * pixels + earlier]
        }
        // p > t without the exponential's overflow.
        let limit = limits[start + pixel]
        images[start + pixel] = logit > LossyVAE.logit(limit) ? 1 : 0
      }
    }
    return Tensor(images, shape: z.shape.replacing(axis: 1, with: pixels))
  }

  private static func logit(_ p: Double) -> Double {
    p <= 0 ? -.infinity : p >= 1 ? .infinity : log(p / (1 - p))
  }
}
