// Losses of real-valued predictions. All want equal shapes: nothing is broadcast.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let subtract = Kernel("subtract")
private let multiplyScalar = Kernel("multiply_scalar")
private let multiply = Kernel("multiply")
private let addScaled = Kernel("add_scaled")
private let absForward = Kernel("abs")
private let absBackward = Kernel("abs_pullback")
private let clampForward = Kernel("clamp")

/// Mean squared error over all elements, a scalar.  L = (1/n) Σ (ŷ − y)²,  dŷ = 2 dL (ŷ − y) / n
///
/// - Parameters:
///   - prediction: of any shape, not empty.
///   - target: of the same shape.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  requireSame(prediction, target, "meanSquaredError")
  require(prediction.count > 0, "meanSquaredError: shape \(prediction.shape) has no elements")
  let difference = subtract(prediction, target)
  let scale = 1 / Double(prediction.count)
  let loss = Tensor(scalar: sumOfSquares(difference) * scale, dtype: prediction.dtype)
  return record("meanSquaredError", loss, from: prediction, target) { dy, needs in
    let slope = 2 * scale * dy.item
    return (
      needs.first ? multiplyScalar(difference, slope) : nil,
      needs.second ? multiplyScalar(difference, -slope) : nil
    )
  }
}

/// Mean absolute error over all elements, a scalar.  L = (1/n) Σ |ŷ − y|,  dŷ = dL sign(ŷ − y) / n, where sign 0 = 0
///
/// - Parameters:
///   - prediction: of any shape, not empty.
///   - target: of the same shape.
public func meanAbsoluteError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  requireSame(prediction, target, "meanAbsoluteError")
  require(prediction.count > 0, "meanAbsoluteError: shape \(prediction.shape) has no elements")
  let difference = subtract(prediction, target)
  let loss = mean(absForward(difference))
  return record("meanAbsoluteError", loss, from: prediction, target) { dy, needs in
    let slope = dy.item / Double(difference.count)
    let steps = absBackward(
      .full(difference.shape, slope, dtype: difference.dtype), difference)
    return (needs.first ? steps : nil, needs.second ? multiplyScalar(steps, -1) : nil)
  }
}

/// Mean over all elements of a loss that is square for small and linear for large errors, a scalar.
///
/// L = (1/n) Σ h(e),  e = ŷ − y,  h(e) = ½ e² where |e| ≤ δ, else δ (|e| − ½ δ);  dŷ = dL min(max(e, −δ), δ) / n
///
/// Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964.
///
/// - Parameters:
///   - prediction: of any shape, not empty.
///   - target: of the same shape.
///   - delta: δ, the error from which on the loss is linear; stops if it is not positive and finite.
public func huberLoss(_ prediction: Tensor, _ target: Tensor, delta: Double = 1) -> Tensor {
  requireSame(prediction, target, "huberLoss")
  require(prediction.count > 0, "huberLoss: shape \(prediction.shape) has no elements")
  require(
    delta > 0 && delta.isFinite, "huberLoss: delta \(delta); it has to be positive and finite")
  let difference = subtract(prediction, target)
  let clamped = clampForward(difference, -delta, delta)
  // With c the clamped error, c (e − ½ c) is both branches.
  let loss = mean(multiply(clamped, addScaled(difference, clamped, -0.5)))
  return record("huberLoss", loss, from: prediction, target) { dy, needs in
    let slope = dy.item / Double(clamped.count)
    return (
      needs.first ? multiplyScalar(clamped, slope) : nil,
      needs.second ? multiplyScalar(clamped, -slope) : nil
    )
  }
}

/// Negative log-likelihood of a diagonal Gaussian, summed over features and averaged over the batch.
///
/// L = (1/m) Σᵢ Σⱼ ½ [ln 2π + vᵢⱼ + (xᵢⱼ − μᵢⱼ)² e^−vᵢⱼ], where v is the logarithm of the variance
///
/// - Parameters:
///   - x: `[batch, features]`, the batch not empty.
///   - mean: of the same shape.
///   - logVariance: of the same shape.
public func gaussianNegativeLogLikelihood(
  _ x: Tensor, mean: Tensor, logVariance: Tensor
) -> Tensor {
  requireSame(x, mean, "gaussianNegativeLogLikelihood")
  requireSame(x, logVariance, "gaussianNegativeLogLikelihood")
  requireBatch(x, "gaussianNegativeLogLikelihood")
  let scale = 1 / Double(x.shape[0])
  let (kx, km, kv) = (x.detached, mean.detached, logVariance.detached)
  let difference = kx - km
  let precision = exp(-kv)
  let weighted = difference * precision
  let constant = Double(x.count) * 1.837_877_066_409_345_3  // ln 2π
  let total = (sum(kv) + sum(weighted * difference) + constant) * (0.5 * scale)
  return record("gaussianNegativeLogLikelihood", total, from: x, mean, logVariance) { dy, needs in
    let slope = dy.item * scale
    return (
      needs.first ? weighted * slope : nil,
      needs.second ? weighted * -slope : nil,
      needs.third ? (1 - weighted * difference) * (0.5 * slope) : nil
    )
  }
}

/// Kullback–Leibler divergence of a diagonal Gaussian from the standard normal distribution, summed over
/// features and averaged over the batch.
///
/// L = (1/m) Σᵢ Σⱼ ½ (μᵢⱼ² + e^vᵢⱼ − vᵢⱼ − 1), where v is the logarithm of the variance
/// (Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, appendix B)
///
/// - Parameters:
///   - mean: `[batch, features]`, the batch not empty.
///   - logVariance: of the same shape.
public func gaussianKLDivergence(mean: Tensor, logVariance: Tensor) -> Tensor {
  requireSame(mean, logVariance, "gaussianKLDivergence")
  requireBatch(mean, "gaussianKLDivergence")
  let scale = 1 / Double(mean.shape[0])
  let (km, kv) = (mean.detached, logVariance.detached)
  let variance = exp(kv)
  let total = sum(km * km + variance - kv - 1) * (0.5 * scale)
  return record("gaussianKLDivergence", total, from: mean, logVariance) { dy, needs in
    let slope = dy.item * scale
    return (
      needs.first ? km * slope : nil,
      needs.second ? (variance - 1) * (0.5 * slope) : nil
    )
  }
}

private func requireBatch(_ x: Tensor, _ name: StaticString) {
  require(
    x.rank == 2 && x.shape[0] > 0,
    "\(name): shape \(x.shape); it has to be [batch, features], the batch not empty")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("mean_squared_error") { sampler in
    (GradientCheck.smallShapes + [[2, 3, 17]]).filter { $0.count > 0 }.map { shape in
      let (x, y) = (sampler.parameter(shape), sampler.parameter(shape))
      return .init(
        "\(shape)", [x, y],
        byHand: { dy in
          let slope = 2 * dy.item / Double(shape.count)
          let dx = zip(x.value.doubles, y.value.doubles).map { ($0 - $1) * slope }
          return [
            Tensor(dx, shape: shape, dtype: x.dtype),
            Tensor(dx.map { -$0 }, shape: shape, dtype: x.dtype),
          ]
        }
      ) { meanSquaredError(x.value, y.value) }
    }
  }
  registerLoss("mean_absolute_error", meanAbsoluteError) { $0 > 0 ? 1 : -1 }
  registerLoss("huber_loss", { huberLoss($0, $1, delta: 0.5) }) { min(max($0, -0.5), 0.5) }
  GradientCheck.register("gaussian_nll") { sampler in
    GradientCheck.batches.map { shape in
      let (x, m) = (sampler.parameter(shape), sampler.parameter(shape))
      let v = sampler.parameter(shape, .uniform(-1.5, 1.5))
      return .init(
        "\(shape)", [x, m, v],
        byHand: { dy in
          let (slope, logarithms) = (dy.item / Double(shape[0]), v.value.doubles)
          let differences = zip(x.value.doubles, m.value.doubles).map { $0 - $1 }
          let dx = zip(differences, logarithms).map { slope * $0 * exp(-$1) }
          let dv = zip(differences, logarithms).map { 0.5 * slope * (1 - $0 * $0 * exp(-$1)) }
          return [dx, dx.map { -$0 }, dv].map { Tensor($0, shape: shape, dtype: x.dtype) }
        }
      ) { gaussianNegativeLogLikelihood(x.value, mean: m.value, logVariance: v.value) }
    }
  }
  GradientCheck.register("gaussian_kl") { sampler in
    GradientCheck.batches.map { shape in
      let m = sampler.parameter(shape)
      let v = sampler.parameter(shape, .uniform(-1.5, 1.5))
      return .init(
        "\(shape)", [m, v],
        byHand: { dy in
          let slope = dy.item / Double(shape[0])
          let dm = m.value.doubles.map { slope * $0 }
          let dv = v.value.doubles.map { 0.5 * slope * (exp($0) - 1) }
          return [dm, dv].map { Tensor($0, shape: shape, dtype: m.dtype) }
        }
      ) { gaussianKLDivergence(mean: m.value, logVariance: v.value) }
    }
  }
}

/// Enters the check of a mean of a function of the errors alone, with its derivative written without tensors. The
/// errors keep away from 0 and from 0.5.
private func registerLoss(
  _ name: String, _ loss: @escaping @Sendable (Tensor, Tensor) -> Tensor,
  derivative: @escaping @Sendable (Double) -> Double
) {
  GradientCheck.register(name) { sampler in
    (GradientCheck.smallShapes + [[2, 3, 17]]).filter { $0.count > 0 }.map { shape in
      let target = sampler.parameter(shape)
      let (small, large) = (
        sampler.tensor(shape, .uniform(0.1, 0.4)).doubles,
        sampler.tensor(shape, .uniform(0.6, 2)).doubles
      )
      let values = target.value.doubles.enumerated().map { index, y in
        let error = index % 4 < 2 ? small[index] : large[index]
        return Double(Float(index % 2 == 0 ? y + error : y - error))
      }
      let x = Parameter(Tensor(values, shape: shape, dtype: sampler.dtype))
      return .init(
        "\(shape)", [x, target],
        byHand: { dy in
          let slope = dy.item / Double(shape.count)
          let dx = zip(x.value.doubles, target.value.doubles).map { derivative($0 - $1) * slope }
          return [dx, dx.map { -$0 }].map { Tensor($0, shape: shape, dtype: x.dtype) }
        }
      ) { loss(x.value, target.value) }
    }
  }
}
