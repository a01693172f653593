private let absForward = Kernel("abs")
private let absBackward = Kernel("abs_pullback")

/// Absolute value, elementwise.  y = |x|,  dx = dy ∘ sign x, which is 0 at 0
public func abs(_ x: Tensor) -> Tensor {
  let kx = x.detached
  return record("abs", absForward(x), from: x) { dy in absBackward(dy, kx) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("abs", unary: { abs($0) }, domain: .awayFromZero) { $0 > 0 ? 1 : -1 }
}
