// Sine and cosine, elementwise, of radians.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let sinForward = Kernel("sin")
private let cosForward = Kernel("cos")
private let sinBackward = Kernel("sin_pullback")
private let multiply = Kernel("multiply")
private let negate = Kernel("negate")

/// Sine, elementwise, of radians.  y = sin x,  dx = dy ∘ cos x
public func sin(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("sin", sinForward(x), from: x) { dy in sinBackward(dy, kx) }
}

/// The pullback of ``sin(_:)``:  dx = dy ∘ cos x
///
/// - Parameters:
///   - dy: the cotangent of the sine.
///   - x: its input, of the same shape.
public func sinPullback(_ dy: Tensor, _ x: Tensor) -> Tensor {
  requireSame(dy, x, "sinPullback")
  return sinBackward(dy, x)
}

/// Cosine, elementwise, of radians.  y = cos x,  dx = −dy ∘ sin x
public func cos(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("cos", cosForward(x), from: x) { dy in negate(multiply(dy, sinForward(kx))) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("sin", unary: { sin($0) }) { cos($0) }
  GradientCheck.register("cos", unary: { cos($0) }) { -sin($0) }
}
