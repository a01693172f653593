import Tensors

/// Batch normalisation of the columns of a matrix, its gradient written out by hand.
///
/// For a batch of m rows:
///
///     μ = (1/m) Xᵀ 1                          [features]
///     v = (1/m) ((X − 1 μᵀ) ∘ (X − 1 μᵀ))ᵀ 1   [features]
///     s = 1 / √(v + ε)                        [features]
///     X̂ = (X − 1 μᵀ) diag(s)                  [m, features]
///     Y = X̂ diag(γ) + 1 βᵀ                    [m, features]
///
/// Ioffe and Szegedy, "Batch normalization", ICML 2015.
public struct BatchNormalizationModule {
  /// γ, `[features]`.
  public let scale: Parameter
  /// β, `[features]`.
  public let shift: Parameter
  /// ε, which keeps the root away from zero.
  public let epsilon: Double
  private var normalized: Tensor?
  private var inverseDeviation: Tensor?

  /// A module over given parameters; stops unless they are two vectors of one length and ε is positive.
  public init(scale: Parameter, shift: Parameter, epsilon: Double = 1e-5) {
    require(
      scale.shape.rank == 1 && shift.shape == scale.shape,
      "BatchNormalizationModule: scale of shape \(scale.shape) and shift of shape \(shift.shape); they "
        + "have to be [features] both")
    require(
      epsilon > 0 && epsilon.isFinite,
      "BatchNormalizationModule: epsilon is \(epsilon); it has to be a positive number")
    (self.scale, self.shift, self.epsilon) = (scale, shift, epsilon)
  }

  /// Y for X, both `[m, features]`, m > 1; keeps X̂ and s.
  public mutating func forward(_ x: Tensor) -> Tensor {
    require(
      x.rank == 2 && x.shape[0] > 0 && x.shape[1] == scale.shape[0],
      "BatchNormalizationModule.forward: input of shape \(x.shape); it has to be "
        + "[batch, \(scale.shape[0])], the batch not empty")
    require(
      x.shape[0] > 1,
      "BatchNormalizationModule.forward: input of shape \(x.shape) has one value for each feature, whose "
        + "variance is 0; training needs a larger batch")
    let centred = x - broadcast(mean(x, axis: 0), to: x.shape)
    let s = 1 / sqrt(mean(centred * centred, axis: 0) + epsilon)
    let xHat = centred * broadcast(s, to: x.shape)
    (normalized, inverseDeviation) = (xHat, s)
    return xHat * broadcast(scale.value, to: x.shape) + broadcast(shift.value, to: x.shape)
  }

  /// ∂L/∂X, ∂L/∂γ and ∂L/∂β for ∂L/∂Y; stops if there was no forward pass.
  public func backward(_ dy: Tensor) -> (input: Tensor, scale: Tensor, shift: Tensor) {
    guard let xHat = normalized, let s = inverseDeviation else {
      stop("BatchNormalizationModule.backward: there was no forward pass")
    }
    let dscale = sum(dy * xHat, axis: 0)  // ∂L/∂γ = (∂L/∂Y ∘ X̂)ᵀ 1
    let dshift = sum(dy, axis: 0)  // ∂L/∂β = (∂L/∂Y)ᵀ 1
    let dxHat = dy * broadcast(scale.value, to: dy.shape)  // ∂L/∂X̂ = ∂L/∂Y diag(γ)
    // What is left when the mean, and what points along X̂, are taken out.
    let means = broadcast(mean(dxHat, axis: 0), to: dy.shape)
    let along = xHat * broadcast(mean(dxHat * xHat, axis: 0), to: dy.shape)
    let dx = (dxHat - means - along) * broadcast(s, to: dy.shape)
    return (dx, dscale, dshift)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  // Three ways: this module, sums and products that each know their gradient, and the fused operation; the
  // gradients of all are held against those by hand.
  let ways: [(String, @Sendable (Tensor, Parameter, Parameter) -> Tensor)] = [
    (
      "module",
      { x, scale, shift in
        var module = BatchNormalizationModule(scale: scale, shift: shift, epsilon: 0.1)
        return module.forward(x)
      }
    ),
    (
      "composed",
      { x, scale, shift in
        composedBatchNormalization(x, scale.value, shift.value, epsilon: 0.1)
      }
    ),
    (
      "fused",
      { x, scale, shift in
        batchNormalization(x, scale.value, shift.value, epsilon: 0.1).output
      }
    ),
  ]
  for (way, function) in ways {
    GradientCheck.register("batch_normalization_\(way)", group: .network) { sampler in
      [
        (2, 1), (5, 3), (3, 7), (7, 8), (4, 9), (3, 15), (9, 16), (16, 17), (3, 31), (4, 33),
        (33, 2),
      ].map { batch, features in
        let x = sampler.parameter([batch, features])
        let scale = sampler.parameter([features], .awayFromZero)
        let shift = sampler.parameter([features])
        return .init(
          "\(batch) rows \(features) features", [x, scale, shift],
          byHand: { dy in
            var module = BatchNormalizationModule(scale: scale, shift: shift, epsilon: 0.1)
            _ = module.forward(x.value)
            let (dx, dscale, dshift) = module.backward(dy)
            return [dx, dscale, dshift]
          }
        ) { function(x.value, scale, shift) }
      }
    }
  }
}
