import Tensors

extension Score {
  /// The mean gradient over noisy copies of an image.  g = (1/n) Σ ∂y/∂x (x + ε)
  ///
  /// ε is normal with the deviation σ (max x − min x).
  ///
  /// Smilkov, Thorat, Kim, Viégas and Wattenberg, "SmoothGrad: removing noise by adding noise", 2017,
  /// arXiv:1706.03825.
  ///
  /// - Parameters:
  ///   - x: one image, `[1, …]`.
  ///   - samples: n, at least 1; the paper sees little change above 50.
  ///   - noise: σ, a share of the image's range, not negative; the paper uses 0.1 to 0.2.
  ///   - seed: what the noise is drawn from; copy k uses stream k of it.
  ///   - batch: how many copies go through the network at once; changes nothing but the rounding.
  /// - Returns: of the shape of x.
  public func smoothGradient(
    at x: Tensor, samples: Int = 50, noise: Double = 0.15, seed: UInt64, batch: Int = 16
  ) -> Tensor {
    requireOneImage(x, "smoothGradient")
    require(
      samples >= 1 && noise >= 0 && batch >= 1,
      "smoothGradient: \(samples) samples with noise \(noise), \(batch) at once; it takes at least one, and "
        + "noise that is not negative")
    let values = x.doubles
    let deviation = noise * ((values.max() ?? 0) - (values.min() ?? 0))
    var total = Tensor.zeros(x.shape, dtype: x.dtype)
    for start in stride(from: 0, to: samples, by: batch) {
      let copies = (start..<min(start + batch, samples)).map { copy in
        x + gaussianNoise(x.shape, seed: seed, stream: UInt64(copy), dtype: x.dtype) * deviation
      }
      let gradients = gradient(at: concatenate(copies)).gradient
      total = total + sum(gradients, axis: 0).reshaped(to: x.shape)
    }
    return total / Double(samples)
  }
}

/// Stops unless there is exactly one image.
func requireOneImage(_ x: Tensor, _ name: String) {
  require(
    x.rank >= 2 && x.shape[0] == 1,
    "\(name): images of shape \(x.shape); it takes one at a time, [1, …]")
}
