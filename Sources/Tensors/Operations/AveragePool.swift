// One-dimensional average pooling.

private let forward = Kernel("average_pool")
private let backward = Kernel("average_pool_pullback")

/// Means over a window that moves along one axis, as `torch.nn.functional.avg_pool1d` has them along the last;
/// of images ``averagePool2D(_:window:stride:padding:countsPadding:)`` is the one.
///
/// yⱼ = (1/w) Σᵢ x[j s + i] for i in 0 ..< w;  dx[j s + i] += dyⱼ / w
///
/// - Parameters:
///   - x: of any shape with that axis, at least as long as the window.
///   - window: w, at least 1.
///   - stride: s, at least 1; the window where nothing is said.
///   - axis: from the front, or negative from the back.
/// - Returns: the axis has ⌊(length − w) / s⌋ + 1 positions.
public func averagePool1D(
  _ x: Tensor, window: Int, stride: Int? = nil, axis: Int = -1
) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "averagePool1D")
  let stride = stride ?? window
  let parts = x.shape.split(at: axis)
  require(
    window >= 1 && stride >= 1 && window <= parts.axis,
    "averagePool1D: window \(window) and stride \(stride) along axis \(axis) of shape \(x.shape)")
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
      // A window of one, one as long as the axis, positions that overlap, that leave gaps, and a rest.
      ([1], 1, 1, 0), ([9], 3, 1, 0), ([7], 7, 1, 0), ([10], 3, 4, 0), ([2, 11], 4, 2, 1),
      ([4, 40], 25, 1, 1),
      // Along the first axis, one in the middle and the last, with as much behind it as vectors hold.
      ([5, 7], 2, 1, 0), ([8, 8], 2, 2, 0), ([3, 7, 2], 3, 3, 1), ([2, 4, 9], 3, 1, 1),
      ([1, 5, 15], 2, 2, 1), ([1, 6, 16], 5, 1, 1), ([1, 5, 17], 2, 3, 1), ([3, 33], 4, 5, 1),
      ([2, 2, 3, 5], 2, 1, 2), ([0, 5], 3, 1, 1), ([5, 0], 3, 1, 0),
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
      ) { averagePool1D(x.value, window: window, stride: stride, axis: axis) }
    }
  }
}
