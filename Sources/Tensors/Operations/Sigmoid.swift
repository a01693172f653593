// The logistic function and the hyperbolic tangent, elementwise.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let sigmoidForward = Kernel("sigmoid")
private let sigmoidPullback = Kernel("sigmoid_pullback")
private let tanhForward = Kernel("tanh")
private let tanhPullback = Kernel("tanh_pullback")

/// Logistic function, elementwise.  y = 1 / (1 + e⁻ˣ),  dx = dy ∘ y ∘ (1 − y)
public func sigmoid(_ x: Tensor) -> Tensor {
  let y = sigmoidForward(x)
  return record("sigmoid", y, from: x) { dy in sigmoidPullback(dy, y) }
}

/// Hyperbolic tangent, elementwise.  y = tanh x,  dx = dy ∘ (1 − y²)
public func tanh(_ x: Tensor) -> Tensor {
  let y = tanhForward(x)
  return record("tanh", y, from: x) { dy in tanhPullback(dy, y) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("sigmoid", unary: sigmoid) { exp(-$0) / ((1 + exp(-$0)) * (1 + exp(-$0))) }
  GradientCheck.register("tanh", unary: { tanh($0) }) { 1 / (cosh($0) * cosh($0)) }
}
