// The arithmetic of the optimisers: each changes a parameter and its state in place, in one pass.

private let sgdKernel = Kernel("sgd_step")
private let momentumKernel = Kernel("momentum_step")
private let adamKernel = Kernel("adam_step")
private let rmsPropKernels = (
  plain: Kernel("rmsprop_step"), withMomentum: Kernel("rmsprop_momentum_step")
)
private let centeredRMSPropKernels = (
  plain: Kernel("centered_rmsprop_step"), withMomentum: Kernel("centered_rmsprop_momentum_step")
)
private let adagradKernel = Kernel("adagrad_step")

/// What is done to a gradient on its way into a step, at no cost.
public struct GradientTransform: Sendable, Equatable {
  /// What every element is multiplied by first: below 1 to clip a norm.
  public var scale: Double
  /// The magnitude that elements are then clamped to.
  public var limit: Double

  /// Leaves gradients as they are.
  public static let none = GradientTransform(scale: 1, limit: .infinity)

  /// A transform.
  public init(scale: Double = 1, limit: Double = .infinity) {
    self.scale = scale
    self.limit = limit
  }
}

/// Stops unless a gradient or a state goes with the parameter: the kernels know one size only.
@inline(__always)
private func requireMatch(_ step: StaticString, _ p: Tensor, _ other: Tensor) {
  require(
    other.shape == p.shape && other.dtype == p.dtype,
    "OptimizerStep.\(step): a gradient or state of shape \(other.shape) \(other.dtype) for a parameter "
      + "of shape \(p.shape) \(p.dtype)")
}

/// One step of an optimiser for one parameter; g is the gradient after its transform.
public enum OptimizerStep {
  /// p ← p − η (g + λ p)
  @inline(__always)
  public static func sgd(
    _ p: inout Tensor, _ gradient: Tensor, _ transform: GradientTransform, rate: Double,
    decay: Double
  ) {
    requireMatch("sgd", p, gradient)
    p.makeUnique()
    sgdKernel.run(
      p.dtype, .init(p.count), gradient.storage, into: p.storage,
      scalars: SIMD8(rate, decay, 0, 0, 0, 0, transform.limit, transform.scale))
  }

  /// a ← a + w (p − a), a step of an exponential moving average
  @inline(__always)
  public static func average(_ a: inout Tensor, _ p: Tensor, weight: Double) {
    requireMatch("average", a, p)
    // It is the descent of a along p − a: a − (−w) (p + (−1) a).
    sgd(&a, p, .none, rate: -weight, decay: -1)
  }

  /// v ← μ v + (1 − δ) g;  p ← p − η v, or with Nesterov p − η (g + μ v), where g includes λ p
  @inline(__always)
  public static func momentum(
    _ p: inout Tensor, _ gradient: Tensor, _ v: inout Tensor, _ transform: GradientTransform,
    rate: Double, decay: Double, momentum: Double, dampening: Double, nesterov: Bool
  ) {
    requireMatch("momentum", p, gradient)
    requireMatch("momentum", p, v)
    p.makeUnique()
    v.makeUnique()
    momentumKernel.run(
      p.dtype, .init(p.count), gradient.storage, into: p.storage, v.storage,
      scalars: SIMD8(
        rate, decay, momentum, 1 - dampening, nesterov ? 1 : 0, 0, transform.limit,
        transform.scale))
  }

  /// m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← κ p − η′ m / (√v + ε′), where g includes λ p
  ///
  /// Kingma and Ba, "Adam", ICLR 2015, with the corrections of both averages after step t folded into
  /// `rate` η′ = η r/(1 − β₁ᵗ) and `epsilon` ε′ = ε r, r = √(1 − β₂ᵗ); κ = 1 − η λ′ is that of Loshchilov
  /// and Hutter, "Decoupled weight decay regularization", ICLR 2019.
  @inline(__always)
  public static func adam(
    _ p: inout Tensor, _ gradient: Tensor, _ m: inout Tensor, _ v: inout Tensor,
    _ transform: GradientTransform, rate: Double, beta1: Double, beta2: Double, epsilon: Double,
    decay: Double, keep: Double
  ) {
    requireMatch("adam", p, gradient)
    requireMatch("adam", p, m)
    requireMatch("adam", p, v)
    p.makeUnique()
    m.makeUnique()
    v.makeUnique()
    adamKernel.run(
      p.dtype, .init(p.count), gradient.storage, into: p.storage, m.storage, v.storage,
      scalars: SIMD8(rate, beta1, beta2, epsilon, decay, keep, transform.limit, transform.scale))
  }

  /// s ← α s + (1 − α) g²;  d = g / (√s + ε);  p ← p − η d, where g includes λ p
  ///
  /// Where there is a mean m of the gradients, m ← α m + (1 − α) g and √max(s − m², 0) takes the place of √s; where
  /// there is a velocity v, v ← μ v + d and p ← p − η v.
  @inline(__always)
  public static func rmsProp(
    _ p: inout Tensor, _ gradient: Tensor, _ s: inout Tensor, mean m: inout Tensor?,
    velocity v: inout Tensor?, _ transform: GradientTransform, rate: Double, decay: Double,
    alpha: Double, epsilon: Double, momentum: Double
  ) {
    requireMatch("rmsProp", p, gradient)
    requireMatch("rmsProp", p, s)
    if let m { requireMatch("rmsProp", p, m) }
    if let v { requireMatch("rmsProp", p, v) }
    p.makeUnique()
    s.makeUnique()
    m?.makeUnique()
    v?.makeUnique()
    let kernels = m == nil ? rmsPropKernels : centeredRMSPropKernels
    (v == nil ? kernels.plain : kernels.withMomentum).run(
      p.dtype, .init(p.count), gradient.storage, into: p.storage, s.storage,
      (m ?? v)?.storage, m == nil ? nil : v?.storage,
      scalars: SIMD8(
        rate, decay, alpha, epsilon, momentum, 0, transform.limit, transform.scale))
  }

  /// s ← s + g²;  p ← p − η g / (√s + ε), where g includes λ p
  ///
  /// Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011).
  @inline(__always)
  public static func adagrad(
    _ p: inout Tensor, _ gradient: Tensor, _ s: inout Tensor, _ transform: GradientTransform,
    rate: Double, decay: Double, epsilon: Double
  ) {
    requireMatch("adagrad", p, gradient)
    requireMatch("adagrad", p, s)
    p.makeUnique()
    s.makeUnique()
    adagradKernel.run(
      p.dtype, .init(p.count), gradient.storage, into: p.storage, s.storage,
      scalars: SIMD8(rate, decay, epsilon, 0, 0, 0, transform.limit, transform.scale))
  }
}
