// One-dimensional average pooling.

private let forward = Kernel("average_pool")
private let backward = Kernel("average_pool_pullback")

/// Means over a window that moves along an axis.
///
/// yⱼ = (1/w) Σᵢ x[j s + i] for i in 0 ..< w;  dx[j s + i] += dyⱼ / w
///
/// - Parameters:
///   - x: of any shape with that axis, at least as long as the window.
///   - window: w, at least 1.
///   - stride: s, at least 1.
///   - axis: from the front, or negative from the back.
/// - Returns: the axis has ⌊(length − w) / s⌋ + 1 positions.
public func averagePool(_ x: Tensor, window: Int, stride: Int = 1, axis: Int = -1) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "averagePool")
  let parts = x.shape.split(at: axis)
  require(
    window >= 1 && stride >= 1 && window <= parts.axis,
    "averagePool: window \(window) and stride \(stride) along axis \(axis) of shape \(x.shape)")
  let length = (parts.axis - window) / stride + 1
  let sizes = Kernel.Sizes(parts.outer, parts.axis, parts.inner, window, stride, length)
  let y = Tensor(uninitialized: x.shape.replacing(axis: axis, with: length), x.dtype)
  forward.run(x.dtype, sizes, x.storage, into: y.storage)
  let shape = x.shape
  return record("averagePool", y, from: x) { dy in
    let dx = Tensor(uninitialized: shape, dy.dtype)
    backward.run(dy.dtype, sizes, dy.storage, into: dx.storage)
    return dx
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("average_pool") { sampler in
    [
      ([1], 1, 1, 0), ([9], 3, 1, 0), ([2, 11], 4, 2, 1), ([3, 7, 2], 3, 3, 1),
      ([4, 40], 25, 1, 1),
    ].map { (shape: Shape, window: Int, stride: Int, axis: Int) in
      let x = sampler.parameter(shape)
      return .init(
        "\(shape) window \(window) stride \(stride) axis \(axis)", [x],
        byHand: { dy in
          let (parts, length) = (shape.split(at: axis), dy.shape[axis])
          var dx = [Double](repeating: 0, count: shape.count)
          for (place, cotangent) in dy.doubles.enumerated() {
            let (inner, line) = (place % parts.inner, place / parts.inner)
            let (j, outer) = (line % length, line / length)
            for i in j * stride..<j * stride + window {
              dx[(outer * parts.axis + i) * parts.inner + inner] += cotangent / Double(window)
            }
          }
          return [Tensor(dx, shape: shape, dtype: dy.dtype)]
        }
      ) { averagePool(x.value, window: window, stride: stride, axis: axis) }
    }
  }
}
