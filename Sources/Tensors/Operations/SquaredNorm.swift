/// Squared Euclidean norm of all elements, a scalar; for penalties on weights.  y = Σ x²,  dx = 2 dy x
///
/// The sum is taken in double precision and rounded once.
public func squaredNorm(_ x: Tensor) -> Tensor {
  let kx = x.detached
  let y = Tensor(scalar: sumOfSquares(x), dtype: x.dtype)
  return record("squaredNorm", y, from: x) { dy in kx * (2 * dy.item) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("squared_norm") { sampler in
    // Differences of a sum of ten thousand squares would lose the digits that are checked.
    GradientCheck.smallShapes.map { shape in
      let x = sampler.parameter(shape)
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let values = x.value.doubles.map { 2 * dy.item * $0 }
          return [Tensor(values, shape: shape, dtype: dy.dtype)]
        }
      ) { squaredNorm(x.value) }
    }
  }
}
