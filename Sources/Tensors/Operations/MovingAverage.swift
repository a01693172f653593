// The trend of a series: its centred moving average.

private let forward = Kernel("moving_average")
private let backward = Kernel("moving_average_pullback")

/// Centred moving average along the last axis, the ends repeated, so that the length stays.
///
/// yⱼ = (1/w) Σₒ x[clamp(j + o)] for o in −(w−1)/2 ... (w−1)/2, where clamp keeps to 0 ..< length;
/// dx[clamp(j + o)] += dyⱼ / w.  It is ``averagePool1D(_:window:stride:axis:)`` of ``pad(_:axis:before:after:mode:)``
/// with edges, in one pass.
///
/// - Parameters:
///   - x: with at least one axis, the last one not empty.
///   - window: w, odd; it may be longer than the axis.
/// - Returns: the shape of `x`.
public func movingAverage(_ x: Tensor, window: Int) -> Tensor {
  require(
    window >= 1 && window % 2 == 1, "movingAverage: window \(window); it has to be odd and positive"
  )
  require(
    x.rank > 0 && x.shape[x.rank - 1] > 0,
    "movingAverage: shape \(x.shape); its last axis has to have an element")
  if window == 1 { return x }
  let parts = x.shape.split(at: x.rank - 1)
  let sizes = Kernel.Sizes(parts.outer, parts.axis, window)
  let y = Tensor(uninitialized: x.shape, x.dtype)
  forward.run(x.dtype, sizes, x.storage, into: y.storage)
  return record("movingAverage", y, from: x) { dy in
    let dx = Tensor(uninitialized: dy.shape, dy.dtype)
    backward.run(dy.dtype, sizes, dy.storage, into: dx.storage)
    return dx
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("moving_average") { sampler in
    [
      ([1], 3), ([7], 1), ([9], 3), ([5, 16], 5), ([3, 17], 7), ([2, 3, 33], 13), ([2, 6], 25),
      ([4, 96], 25), ([0, 5], 3), ([400, 96], 25),
    ].map { (shape: Shape, window: Int) in
      let x = sampler.parameter(shape)
      let (half, length) = (window / 2, shape[shape.rank - 1])
      return .init(
        "\(shape) window \(window)", [x],
        byHand: { dy in
          var dx = [Double](repeating: 0, count: shape.count)
          for (place, cotangent) in dy.doubles.enumerated() {
            let (row, j) = (place / length, place % length)
            for o in -half...half {
              dx[row * length + min(max(j + o, 0), length - 1)] += cotangent / Double(window)
            }
          }
          return [Tensor(dx, shape: shape, dtype: dy.dtype)]
        }
      ) { movingAverage(x.value, window: window) }
    }
  }
}
