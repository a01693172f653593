// Exponential, logarithm and square root, elementwise.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let expForward = Kernel("exp")
private let logForward = Kernel("log")
private let sqrtForward = Kernel("sqrt")
private let sqrtPullback = Kernel("sqrt_pullback")
private let multiply = Kernel("multiply")
private let divide = Kernel("divide")

/// Exponential, elementwise.  y = eˣ,  dx = dy ∘ y
public func exp(_ x: Tensor) -> Tensor {
  let y = expForward(x)
  return record("exp", y, from: x) { dy in multiply(dy, y) }
}

/// Natural logarithm, elementwise; −∞ at zero, NaN below.  y = ln x,  dx = dy / x
public func log(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("log", logForward(x), from: x) { dy in divide(dy, kx) }
}

/// Square root, elementwise; NaN below zero.  y = √x,  dx = dy / (2 y)
public func sqrt(_ x: Tensor) -> Tensor {
  let y = sqrtForward(x)
  return record("sqrt", y, from: x) { dy in sqrtPullback(dy, y) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("exp", unary: { exp($0) }) { exp($0) }
  GradientCheck.register("log", unary: { log($0) }, domain: .positive) { 1 / $0 }
  GradientCheck.register("sqrt", unary: { sqrt($0) }, domain: .positive) { 0.5 / $0.squareRoot() }
}
