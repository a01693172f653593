// Batch normalisation, rectifier and the maxima of windows in one pass over the images.

private let forward = Kernel("batch_norm_max_pool")
private let findLines = Kernel("batch_norm_max_pool_lines")
private let pull = Kernel("batch_norm_max_pool_pullback")

/// Maxima over windows of what batch normalisation by the batch's statistics gives, in one pass.
/// y = max over each window of act(γ ∘ x̂ + β),  x̂ = (x − μ) / √(σ² + ε)
///
/// The same function as `maxPool` of `batchNormalization`, and the same gradient; the normalised images are never
/// written. In float64 it is those two.
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`, with at least two values for each channel.
///   - gamma: γ, `[channels]`, or nil for ones.
///   - beta: β, `[channels]`, or nil for zeros.
///   - epsilon: ε.
///   - activation: what stands between the normalisation and the maxima.
///   - window: of the maxima.
///   - stride: from one window to the next, or nil for that of the window.
///   - padding: on each side at most half of the window.
/// - Returns: y, `[batch, ⌊(height + padding − window) / stride⌋ + 1, likewise, channels]`, and μ and σ², which
///   carry no history. Stops if shapes or types do not match.
public func batchNormalizationMaxPool(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, epsilon: Double = 1e-5,
  activation: Activation = .identity, window: Extent, stride: Extent? = nil, padding: Padding = 0
) -> (output: Tensor, mean: Tensor, variance: Tensor) {
  let shape = PoolShape(x, window, stride, padding)
  requireBatchNormInputs(x, gamma, beta, nil, epsilon)
  if x.dtype == .float64 {
    let (z, mean, variance) = batchNormalization(
      x, gamma, beta, epsilon: epsilon, activation: activation)
    return (maxPool(z, window: window, stride: stride, padding: padding), mean, variance)
  }
  let (mean, variance) = channelStatistics(x, "batchNormalizationMaxPool")
  let y = largest(
    x, gamma, beta, batchNormCoefficients(mean, variance, gamma, beta, epsilon), activation, shape,
    hasStatistics: true)
  return (y, mean, variance)
}

/// Maxima over windows of what batch normalisation by given statistics gives, in one pass; see
/// ``batchNormalizationMaxPool(_:_:_:epsilon:activation:window:stride:padding:)``.
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`.
///   - gamma: γ, `[channels]`, or nil for ones.
///   - beta: β, `[channels]`, or nil for zeros.
///   - mean: μ, `[channels]`, a constant.
///   - variance: σ², `[channels]`, a constant.
///   - epsilon: ε.
///   - activation: what stands between the normalisation and the maxima.
///   - window: of the maxima.
///   - stride: from one window to the next, or nil for that of the window.
///   - padding: on each side at most half of the window.
public func batchNormalizationMaxPool(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, mean: Tensor, variance: Tensor,
  epsilon: Double = 1e-5, activation: Activation = .identity, window: Extent,
  stride: Extent? = nil, padding: Padding = 0
) -> Tensor {
  let shape = PoolShape(x, window, stride, padding)
  requireBatchNormInputs(x, gamma, beta, nil, epsilon)
  requireStatistics(mean, variance, x)
  if x.dtype == .float64 {
    let z = batchNormalization(
      x, gamma, beta, mean: mean, variance: variance, epsilon: epsilon, activation: activation)
    return maxPool(z, window: window, stride: stride, padding: padding)
  }
  return largest(
    x, gamma, beta, batchNormCoefficients(mean, variance, gamma, beta, epsilon), activation, shape,
    hasStatistics: false)
}

extension PoolShape {
  fileprivate init(_ x: Tensor, _ window: Extent, _ stride: Extent?, _ padding: Padding) {
    self.init(
      x, window: window, stride: stride ?? window, padding: padding, dilation: 1,
      "batchNormalizationMaxPool")
  }
}

private func largest(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, _ map: Tensor, _ activation: Activation,
  _ shape: PoolShape, hasStatistics: Bool
) -> Tensor {
  let sizes = Kernel.Sizes(
    shape.lengths + [activation == .relu ? 1 : 0, hasStatistics ? 1 : 0])
  let y = Tensor(uninitialized: shape.output, x.dtype)
  let positions = shape.positions()
  let atMaxima = Tensor(uninitialized: shape.output, x.dtype)
  forward.run(
    x.dtype, sizes, x.storage, map.storage, into: y.storage, positions, atMaxima.storage)
  let kx = x.detached
  let (hasGamma, hasBeta) = (gamma != nil, beta != nil)
  let inputs = [x] + [gamma, beta].compactMap(\.self)
  return record("batchNormalizationMaxPool", y, from: inputs) { dy, needs in
    let channels = kx.shape[3]
    let dgamma = Tensor(uninitialized: [channels], map.dtype)
    let dbeta = Tensor(uninitialized: [channels], map.dtype)
    let lines = Tensor(uninitialized: .matrix(5, channels), map.dtype)
    findLines.run(
      dy.dtype, sizes, dy.storage, atMaxima.storage, map.storage, into: dgamma.storage,
      dbeta.storage, lines.storage)
    var dx: Tensor?
    if needs[0] {
      dx = Tensor(uninitialized: kx.shape, kx.dtype)
      pull.run(
        dy.dtype, sizes, dy.storage, positions, kx.storage, lines.storage, into: dx!.storage)
    }
    return [dx] + (hasGamma ? [dgamma] : []) + (hasBeta ? [dbeta] : [])
  }
}

// MARK: - Checks

@section("adjoint_registry") @used
private let checks: Registration = {
  let cases: [(image: Shape, window: Extent, stride: Extent, padding: Padding)] = [
    ([2, 1, 1, 1], 1, 1, 0), ([2, 4, 6, 7], 2, 2, 0), ([1, 5, 7, 16], 3, 2, 1),
    ([2, 6, 5, 17], 3, 2, 1), ([1, 9, 8, 33], Extent(3, 2), Extent(1, 3), 1),
    ([1, 18, 18, 2], 17, 1, 3), ([5, 1, 1, 9], 3, 2, 1), ([2, 3, 2, 8], Extent(3, 2), 1, 0),
    ([1, 5, 6, 4], 2, 3, 0), ([2, 1, 4, 15], Extent(1, 2), Extent(1, 3), 0),
    (
      [1, 4, 1, 31], Extent(3, 1), Extent(2, 1), Padding(top: 1, left: 0, bottom: 0, right: 0)
    ),
  ]
  for (name, isGiven) in [
    ("batch_normalization_max_pool", false),
    ("batch_normalization_max_pool_by_given_statistics", true),
  ] {
    GradientCheck.register(name, tolerance: 1e-7, tolerance32: 5e-5) { sampler in
      cases.map { image, window, stride, padding in
        let channels = image[3]
        // Numbers in 0 ... 8, so far apart that no step of a difference changes their order, for which the shifts
        // clearly cut every third channel and no other. Scales are positive: the largest number gives the largest
        // maximum.
        let numbers = sampler.distinctParameter(image).value
        let x = Parameter(numbers * (64 / Double(image.count)))
        let gamma = sampler.parameter([channels], .uniform(0.3, 1))
        let shifts = (0..<channels).map { $0 % 3 == 1 ? -13.0 : 13 }
        let beta = Parameter(Tensor(shifts, shape: [channels], dtype: sampler.dtype))
        let mean = sampler.tensor([channels], .uniform(-1, 1))
        let variance = sampler.tensor([channels], .uniform(0.5, 2))
        return .init(
          "\(image) window \(window) stride \(stride) padding \(padding)", [x, gamma, beta],
          byHand: { dy in
            let dz = naiveMaximumGradient(x.value, dy, (image, window, stride, padding, 1))
            return naiveBatchNormGradients(
              x, [gamma, beta], dz, .relu, isGiven: isGiven ? (mean.doubles, variance.doubles) : nil
            ).prefix(3).map { Tensor($0.1, shape: $0.0, dtype: dy.dtype) }
          }
        ) {
          isGiven
            ? batchNormalizationMaxPool(
              x.value, gamma.value, beta.value, mean: mean, variance: variance, epsilon: 0.1,
              activation: .relu, window: window, stride: stride, padding: padding)
            : batchNormalizationMaxPool(
              x.value, gamma.value, beta.value, epsilon: 0.1, activation: .relu, window: window,
              stride: stride, padding: padding
            ).output
        }
      }
    }
  }
}
