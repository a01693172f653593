private let addScaledForward = Kernel("add_scaled")

/// A tensor and a multiple of another in one pass.  y = a + s b,  da = dy,  db = s dy
///
/// - Parameters:
///   - a: of any shape.
///   - b: of the same shape and type; stops otherwise.
///   - scale: s.
public func addScaled(_ a: Tensor, _ b: Tensor, _ scale: Double) -> Tensor {
  requireSame(a, b, "addScaled")
  return record("addScaled", addScaledForward(a, b, scale), from: a, b) { dy, needs in
    (dy, needs.second ? dy * scale : nil)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("add_scaled") { sampler in
    GradientCheck.shapes.map { shape in
      let (a, b) = (sampler.parameter(shape), sampler.parameter(shape))
      return .init(
        "\(shape)", [a, b],
        byHand: { dy in
          [dy, Tensor(dy.doubles.map { $0 * -0.75 }, shape: shape, dtype: dy.dtype)]
        }
      ) { addScaled(a.value, b.value, -0.75) }
    }
  }
}
