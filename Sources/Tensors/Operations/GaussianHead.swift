// Diagonal Gaussians as a network gives them: one matrix `[batch, 2n]`, each row n means μ and then n
// logarithms s = ln σ of standard deviations. No half is copied out.
//
// The formulas are those of Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let reparameterizeForward = Kernel("reparameterize")
private let reparameterizeBackward = Kernel("reparameterize_pullback")
private let likelihoodForward = Kernel("gaussian_head_nll")
private let likelihoodBackward = Kernel("gaussian_head_nll_pullback")
private let divergenceForward = Kernel("gaussian_head_kl")
private let divergenceBackward = Kernel("gaussian_head_kl_pullback")
private let negate = Kernel("negate")

/// A sample of a Gaussian as a function of its parameters.  z = μ + e^s ∘ ε,  dμ = dz,  ds = dz ∘ e^s ∘ ε
///
/// - Parameters:
///   - head: μ and s, `[batch, 2n]`.
///   - noise: ε, `[batch, n]`, a constant.
/// - Returns: `[batch, n]`.
public func reparameterize(_ head: Tensor, noise: Tensor) -> Tensor {
  requireHead(head, noise, "reparameterize")
  let z = Tensor(uninitialized: noise.shape, noise.dtype)
  reparameterizeForward.run(
    z.dtype, .init(z.shape[0], z.shape[1]), head.storage, noise.storage, into: z.storage)
  let (kh, kn) = (head.detached, noise.detached)
  return record("reparameterize", z, from: head) { dz in
    reparameterizePullback(dz, head: kh, noise: kn)
  }
}

/// The pullback of ``reparameterize(_:noise:)``:  [dz, dz ∘ e^s ∘ ε], `[batch, 2n]`
public func reparameterizePullback(_ dz: Tensor, head: Tensor, noise: Tensor) -> Tensor {
  requireHead(head, noise, "reparameterizePullback")
  requireSame(dz, noise, "reparameterizePullback")
  let dhead = Tensor(uninitialized: head.shape, head.dtype)
  reparameterizeBackward.run(
    head.dtype, .init(noise.shape[0], noise.shape[1]), dz.storage, head.storage, noise.storage,
    into: dhead.storage)
  return dhead
}

/// Negative log-likelihood of a Gaussian head, summed over features and averaged over the batch.
///
/// L = (1/m) Σᵢ Σⱼ ½ ln 2π + sᵢⱼ + ½ (xᵢⱼ − μᵢⱼ)² e^−2sᵢⱼ
///
/// - Parameters:
///   - x: `[batch, n]`, the batch not empty.
///   - head: μ and s, `[batch, 2n]`.
public func gaussianHeadNegativeLogLikelihood(_ x: Tensor, head: Tensor) -> Tensor {
  requireHead(head, x, "gaussianHeadNegativeLogLikelihood")
  let loss = Tensor(uninitialized: .scalar, x.dtype)
  likelihoodForward.run(
    x.dtype, .init(x.shape[0], x.shape[1]), x.storage, head.storage, into: loss.storage)
  let (kx, kh) = (x.detached, head.detached)
  return record("gaussianHeadNegativeLogLikelihood", loss, from: x, head) { dy, needs in
    let dhead = gaussianHeadNegativeLogLikelihoodPullback(
      dy.item / Double(kx.shape[0]), kx, head: kh)
    return (
      needs.first ? negate(slice(dhead, axis: 1, from: 0, count: kx.shape[1])) : nil,
      needs.second ? dhead : nil
    )
  }
}

/// The pullback of ``gaussianHeadNegativeLogLikelihood(_:head:)`` to the head, `[batch, 2n]`.
///
/// dμ = c (μ − x) e^−2s,  ds = c (1 − (x − μ)² e^−2s);  dx = −dμ
///
/// - Parameters:
///   - scale: c, the cotangent of the mean loss over the number of rows.
///   - x: `[batch, n]`.
///   - head: μ and s, `[batch, 2n]`.
public func gaussianHeadNegativeLogLikelihoodPullback(
  _ scale: Double, _ x: Tensor, head: Tensor
) -> Tensor {
  requireHead(head, x, "gaussianHeadNegativeLogLikelihoodPullback")
  let dhead = Tensor(uninitialized: head.shape, head.dtype)
  likelihoodBackward.run(
    x.dtype, .init(x.shape[0], x.shape[1]), x.storage, head.storage, into: dhead.storage,
    scalars: SIMD8(repeating: scale))
  return dhead
}

/// Kullback–Leibler divergence of a Gaussian head from the standard normal distribution, summed over
/// features and averaged over the batch.
///
/// L = (1/m) Σᵢ Σⱼ −sᵢⱼ − ½ + ½ (μᵢⱼ² + e^2sᵢⱼ)
///
/// - Parameter head: μ and s, `[batch, 2n]`, the batch not empty.
public func gaussianHeadKLDivergence(_ head: Tensor) -> Tensor {
  requireHead(head, "gaussianHeadKLDivergence")
  let loss = Tensor(uninitialized: .scalar, head.dtype)
  divergenceForward.run(
    head.dtype, .init(head.shape[0], head.shape[1] / 2), head.storage, into: loss.storage)
  let kept = head.detached
  return record("gaussianHeadKLDivergence", loss, from: head) { dy in
    gaussianHeadKLDivergencePullback(dy.item / Double(kept.shape[0]), head: kept)
  }
}

/// The pullback of ``gaussianHeadKLDivergence(_:)``:  dμ = c μ,  ds = c (e^2s − 1), `[batch, 2n]`
///
/// - Parameters:
///   - scale: c, the cotangent of the mean divergence over the number of rows.
///   - head: μ and s, `[batch, 2n]`.
public func gaussianHeadKLDivergencePullback(_ scale: Double, head: Tensor) -> Tensor {
  requireHead(head, "gaussianHeadKLDivergencePullback")
  let dhead = Tensor(uninitialized: head.shape, head.dtype)
  divergenceBackward.run(
    head.dtype, .init(head.shape[0], head.shape[1] / 2), head.storage, into: dhead.storage,
    scalars: SIMD8(repeating: scale))
  return dhead
}

@inline(__always)
private func requireHead(_ head: Tensor, _ x: Tensor, _ name: StaticString) {
  require(
    head.rank == 2 && x.rank == 2 && x.shape[0] == head.shape[0] && x.shape[0] > 0
      && head.shape[1] == 2 * x.shape[1],
    "\(name): a head of shape \(head.shape) for \(x.shape); they have to be [batch, 2n] and [batch, n], "
      + "the batch not empty")
  require(
    x.dtype == head.dtype,
    "\(name): types \(head.dtype) and \(x.dtype) differ; use converted(to:) on one of them")
}

@inline(__always)
private func requireHead(_ head: Tensor, _ name: StaticString) {
  require(
    head.rank == 2 && head.shape[0] > 0 && head.shape[1] % 2 == 0,
    "\(name): a head of shape \(head.shape); it has to be [batch, 2n], the batch not empty")
}

/// The shared shapes, and one that is shared out over threads.
private let headShapes = (GradientCheck.batches + [[60, 33]]).map { (batch: $0[0], n: $0[1]) }

/// For each feature of each row, where it stands in `[batch, n]`, and where its μ and s do in the head.
private func places(_ batch: Int, _ n: Int) -> [(feature: Int, mean: Int, logarithm: Int)] {
  (0..<batch).flatMap { row in
    (0..<n).map { (row * n + $0, 2 * row * n + $0, (2 * row + 1) * n + $0) }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("reparameterize") { sampler in
    headShapes.map { batch, n in
      let head = sampler.parameter([batch, 2 * n], .uniform(-1.5, 1.5))
      let noise = sampler.tensor([batch, n])
      return .init(
        "[\(batch), \(n)]", [head],
        byHand: { dz in
          let (h, e, dz) = (head.value.doubles, noise.doubles, dz.doubles)
          var dhead = [Double](repeating: 0, count: head.count)
          for (feature, mean, logarithm) in places(batch, n) {
            dhead[mean] = dz[feature]
            dhead[logarithm] = dz[feature] * exp(h[logarithm]) * e[feature]
          }
          return [Tensor(dhead, shape: head.shape, dtype: head.dtype)]
        }
      ) { reparameterize(head.value, noise: noise) }
    }
  }
  GradientCheck.register("gaussian_head_nll") { sampler in
    headShapes.map { batch, n in
      let x = sampler.parameter([batch, n])
      let head = sampler.parameter([batch, 2 * n], .uniform(-1, 1))
      return .init(
        "[\(batch), \(n)]", [x, head],
        byHand: { dy in
          let (scale, xs, h) = (dy.item / Double(batch), x.value.doubles, head.value.doubles)
          var dx = [Double](repeating: 0, count: x.count)
          var dhead = [Double](repeating: 0, count: head.count)
          for (feature, mean, logarithm) in places(batch, n) {
            let difference = xs[feature] - h[mean]
            let weighted = difference * exp(-2 * h[logarithm])
            dx[feature] = scale * weighted
            dhead[mean] = -scale * weighted
            dhead[logarithm] = scale * (1 - weighted * difference)
          }
          return [
            Tensor(dx, shape: x.shape, dtype: x.dtype),
            Tensor(dhead, shape: head.shape, dtype: head.dtype),
          ]
        }
      ) { gaussianHeadNegativeLogLikelihood(x.value, head: head.value) }
    }
  }
  GradientCheck.register("gaussian_head_kl") { sampler in
    headShapes.map { batch, n in
      let head = sampler.parameter([batch, 2 * n], .uniform(-1.5, 1.5))
      return .init(
        "[\(batch), \(n)]", [head],
        byHand: { dy in
          let (scale, h) = (dy.item / Double(batch), head.value.doubles)
          var dhead = [Double](repeating: 0, count: head.count)
          for (_, mean, logarithm) in places(batch, n) {
            dhead[mean] = scale * h[mean]
            dhead[logarithm] = scale * (exp(2 * h[logarithm]) - 1)
          }
          return [Tensor(dhead, shape: head.shape, dtype: head.dtype)]
        }
      ) { gaussianHeadKLDivergence(head.value) }
    }
  }
}
