// The sigmoid linear unit and the softplus, elementwise.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let siluForward = Kernel("silu")
private let siluPullback = Kernel("silu_pullback")
private let softplusForward = Kernel("softplus")
private let softplusPullback = Kernel("softplus_pullback")

/// Sigmoid linear unit, elementwise.  y = x σ(x),  dx = dy ∘ σ(x) (1 + x (1 − σ(x)))
///
/// Elfwing, Uchibe and Doya, Neural Networks 107 (2018), doi:10.1016/j.neunet.2017.12.012.
public func silu(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("silu", siluForward(x), from: x) { dy in siluPullback(dy, kx) }
}

/// Softplus, elementwise.  y = ln(1 + eˣ),  dx = dy ∘ σ(x)
public func softplus(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("softplus", softplusForward(x), from: x) { dy in softplusPullback(dy, kx) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("silu", unary: silu) { x in
    let s = 1 / (1 + exp(-x))
    return s + x * s * (1 - s)
  }
  GradientCheck.register("softplus", unary: softplus) { 1 / (1 + exp(-$0)) }
}
