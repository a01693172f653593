// The Gaussian error linear unit, exact and in its tanh form, elementwise.
// Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let exactForward = Kernel("gelu")
private let exactPullback = Kernel("gelu_pullback")
private let tanhForward = Kernel("gelu_tanh")
private let tanhPullback = Kernel("gelu_tanh_pullback")

/// How ``gelu(_:approximation:)`` computes the normal distribution function.
public enum GELUApproximation: String, Sendable, Codable {
  /// Φ(x) = ½ erfc(−x/√2)
  case none
  /// ½ (1 + tanh(√(2/π) (x + 0.044715 x³)))
  case tanh
}

/// Gaussian error linear unit, elementwise.  y = x Φ(x),  dx = dy ∘ (Φ(x) + x φ(x))
public func gelu(_ x: Tensor, approximation: GELUApproximation = .none) -> Tensor {
  let kx = x.detached
  switch approximation {
  case .none: return record("gelu", exactForward(x), from: x) { dy in exactPullback(dy, kx) }
  case .tanh: return record("gelu", tanhForward(x), from: x) { dy in tanhPullback(dy, kx) }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("gelu", unary: { gelu($0) }) { x in
    0.5 * (1 + erf(x / 2.0.squareRoot())) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  }
  GradientCheck.register("gelu_tanh", unary: { gelu($0, approximation: .tanh) }) { x in
    let c = (2 / Double.pi).squareRoot()
    let u = c * (x + 0.044715 * x * x * x)
    let du = c * (1 + 3 * 0.044715 * x * x)
    return 0.5 * (1 + tanh(u)) + 0.5 * x * du / (cosh(u) * cosh(u))
  }
}
