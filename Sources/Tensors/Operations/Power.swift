#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let powerForward = Kernel("power")
private let powerBackward = Kernel("power_pullback")

/// Power with a number as exponent, elementwise.  y = xᵖ,  dx = p dy ∘ xᵖ⁻¹
///
/// As the C library's `pow`: of a negative number NaN, unless p is a whole number. x⁰ is 1 everywhere, with gradient 0.
///
/// - Parameters:
///   - x: of any shape.
///   - exponent: p; stops if it is not finite.
public func power(_ x: Tensor, _ exponent: Double) -> Tensor {
  require(exponent.isFinite, "power: exponent \(exponent); it has to be a finite number")
  let kx = x.detached
  return record("power", powerForward(x, exponent), from: x) { dy in
    powerBackward(dy, kx, exponent)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("power", unary: { power($0, 2.5) }, domain: .positive) {
    2.5 * pow($0, 1.5)
  }
  GradientCheck.register("power_square", unary: { power($0, 2) }) { 2 * $0 }
  GradientCheck.register("power_inverse_cube", unary: { power($0, -3) }, domain: .awayFromZero) {
    -3 / ($0 * $0 * $0 * $0)
  }
}
