import Tensors

/// How much each number of an image adds to the difference of its score from that of a baseline.
///
/// a = (x − x₀) ∘ ∫₀¹ ∂y/∂x (x₀ + t (x − x₀)) dt, the integral as a mean over the middles of m equal intervals.
/// Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017.
public struct IntegratedGradients: Sendable {
  /// a, of the shape of the image.
  public let attributions: Tensor
  /// y(x), the score of the image.
  public let value: Double
  /// y(x₀), the score of the baseline.
  public let baselineValue: Double

  /// Σ a
  public var total: Double { attributions.doubles.reduce(0, +) }
  /// |Σ a − (y(x) − y(x₀))|, which is zero for the integral itself: what the sum over m intervals misses.
  public var completenessGap: Double { abs(total - (value - baselineValue)) }
}

extension Score {
  /// Integrated gradients along the straight line from a baseline to an image.
  ///
  /// - Parameters:
  ///   - x: one image, `[1, …]`.
  ///   - baseline: x₀, of its shape: an image that says nothing, such as a black or a mean one.
  ///   - steps: m, at least 1; the paper finds 20 to 300 to be enough.
  ///   - batch: how many points go through the network at once; changes nothing but the rounding.
  public func integratedGradients(
    of x: Tensor, baseline: Tensor, steps: Int = 64, batch: Int = 16
  ) -> IntegratedGradients {
    requireOneImage(x, "integratedGradients")
    require(
      baseline.shape == x.shape && baseline.dtype == x.dtype,
      "integratedGradients: a baseline of shape \(baseline.shape) \(baseline.dtype) for an image of "
        + "\(x.shape) \(x.dtype); they have to be alike")
    require(
      steps >= 1 && batch >= 1,
      "integratedGradients: \(steps) steps, \(batch) at once; it takes at least one")
    let difference = x - baseline
    var total = Tensor.zeros(x.shape, dtype: x.dtype)
    for start in stride(from: 0, to: steps, by: batch) {
      let points = (start..<min(start + batch, steps)).map { step in
        baseline + difference * ((Double(step) + 0.5) / Double(steps))
      }
      let gradients = gradient(at: concatenate(points)).gradient
      total = total + sum(gradients, axis: 0).reshaped(to: x.shape)
    }
    let ends = self(concatenate([x, baseline])).doubles
    return IntegratedGradients(
      attributions: difference * (total / Double(steps)), value: ends[0], baselineValue: ends[1])
  }
}
