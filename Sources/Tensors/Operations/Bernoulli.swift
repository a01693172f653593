// The likelihood of pixels that are on or off.

private let forward = Kernel("bernoulli_nll")
private let backward = Kernel("bernoulli_nll_pullback")
private let multiply = Kernel("multiply_scalar")

/// Negative log-likelihood of independent Bernoulli variables given by logits, summed over features and
/// averaged over the batch: the binary cross-entropy.
///
/// L = (1/m) Σᵢ Σⱼ ln(1 + e^lᵢⱼ) − xᵢⱼ lᵢⱼ,  dl = dL (1/(1 + e^−l) − x) / m,  dx = −dL l / m
///
/// - Parameters:
///   - x: in 0 … 1, `[batch, features]`, the batch not empty.
///   - logits: l, of the same shape.
public func bernoulliNegativeLogLikelihood(_ x: Tensor, logits: Tensor) -> Tensor {
  requireSame(x, logits, "bernoulliNegativeLogLikelihood")
  require(
    x.rank == 2 && x.shape[0] > 0,
    "bernoulliNegativeLogLikelihood: shape \(x.shape); it has to be [batch, features], the batch not "
      + "empty")
  let loss = Tensor(uninitialized: .scalar, x.dtype)
  forward.run(
    x.dtype, .init(x.shape[0], x.shape[1]), x.storage, logits.storage, into: loss.storage)
  let (kx, kl) = (x.detached, logits.detached)
  return record("bernoulliNegativeLogLikelihood", loss, from: x, logits) { dy, needs in
    let scale = dy.item / Double(kx.shape[0])
    guard needs.second else { return (multiply(kl, -scale), nil) }
    let dl = Tensor(uninitialized: kl.shape, kl.dtype)
    backward.run(
      kx.dtype, .init(kx.count), kx.storage, kl.storage, into: dl.storage,
      scalars: SIMD8(repeating: scale))
    return (needs.first ? multiply(kl, -scale) : nil, dl)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("bernoulli_nll") { sampler in
    (GradientCheck.batches + [[60, 33]]).map { shape in
      let x = sampler.parameter(shape, .uniform(0, 1))
      let logits = sampler.parameter(shape, .uniform(-4, 4))
      return .init(
        "\(shape)", [x, logits],
        byHand: { dy in
          let scale = dy.item / Double(shape[0])
          let slopes = zip(x.value.doubles, sigmoid(logits.value).doubles).map { ($1 - $0) * scale }
          return [
            logits.value * -scale, Tensor(slopes, shape: shape, dtype: x.dtype),
          ]
        }
      ) { bernoulliNegativeLogLikelihood(x.value, logits: logits.value) }
    }
  }
}
