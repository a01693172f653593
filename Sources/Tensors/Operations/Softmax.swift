// Softmax and its logarithm along an axis.

private let softmaxForward = Kernel("softmax")
private let softmaxBackward = Kernel("softmax_pullback")
private let logSoftmaxForward = Kernel("log_softmax")
private let logSoftmaxBackward = Kernel("log_softmax_pullback")

/// Softmax along an axis.  yᵢ = e^xᵢ / Σⱼ e^xⱼ,  dx = y ∘ (dy − Σⱼ dyⱼ yⱼ)
///
/// The largest element is subtracted first, so that nothing overflows.
///
/// - Parameters:
///   - x: of any shape with that axis, which is not empty.
///   - axis: from the front, or negative from the back.
/// - Returns: probabilities of the shape of `x`, which add up to 1 along the axis.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let (y, sizes) = run(softmaxForward, x, axis, "softmax")
  return record("softmax", y, from: x) { dy in pullBack(dy, y, sizes) }
}

/// The pullback of ``softmax(_:axis:)``, its Jacobian's product with a cotangent:  dx = y ∘ (dy − Σⱼ dyⱼ yⱼ)
///
/// - Parameters:
///   - dy: the cotangent of the probabilities.
///   - y: the probabilities, of the same shape.
///   - axis: the one they add up to 1 along, from the front, or negative from the back.
public func softmaxPullback(_ dy: Tensor, _ y: Tensor, axis: Int = -1) -> Tensor {
  requireSame(dy, y, "softmaxPullback")
  let parts = y.shape.split(at: y.shape.resolve(axis: axis, for: "softmaxPullback"))
  return pullBack(dy, y, .init(parts.outer, parts.axis, parts.inner))
}

private func pullBack(_ dy: Tensor, _ y: Tensor, _ sizes: Kernel.Sizes) -> Tensor {
  let dx = Tensor(uninitialized: dy.shape, dy.dtype)
  softmaxBackward.run(dy.dtype, sizes, dy.storage, y.storage, into: dx.storage)
  return dx
}

/// Logarithm of the softmax along an axis.  yᵢ = xᵢ − ln Σⱼ e^xⱼ,  dx = dy − e^y Σⱼ dyⱼ
///
/// - Parameters:
///   - x: of any shape with that axis, which is not empty.
///   - axis: from the front, or negative from the back.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let (y, sizes) = run(logSoftmaxForward, x, axis, "logSoftmax")
  return record("logSoftmax", y, from: x) { dy in
    let dx = Tensor(uninitialized: dy.shape, dy.dtype)
    logSoftmaxBackward.run(dy.dtype, sizes, dy.storage, y.storage, into: dx.storage)
    return dx
  }
}

private func run(
  _ kernel: Kernel, _ x: Tensor, _ axis: Int, _ name: StaticString
) -> (Tensor, Kernel.Sizes) {
  let axis = x.shape.resolve(axis: axis, for: name)
  let parts = x.shape.split(at: axis)
  require(
    parts.axis > 0 || parts.outer * parts.inner == 0,
    "\(name): axis \(axis) of shape \(x.shape) is empty")
  let sizes = Kernel.Sizes(parts.outer, parts.axis, parts.inner)
  let y = Tensor(uninitialized: x.shape, x.dtype)
  kernel.run(x.dtype, sizes, x.storage, into: y.storage)
  return (y, sizes)
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for isLogarithm in [false, true] {
    GradientCheck.register(isLogarithm ? "log_softmax" : "softmax") { sampler in
      axisShapes.map { shape, axis in
        let x = sampler.parameter(shape)
        return .init(
          "\(shape) axis \(axis)", [x],
          byHand: { dy in [jacobianProduct(x.value, axis, dy, isLogarithm)] }
        ) { isLogarithm ? logSoftmax(x.value, axis: axis) : softmax(x.value, axis: axis) }
      }
    }
  }
}

/// dy times the whole Jacobian, ∂yᵢ/∂xⱼ = yᵢ (δᵢⱼ − yⱼ), or δᵢⱼ − yⱼ for the logarithm.
private func jacobianProduct(
  _ x: Tensor, _ axis: Int, _ dy: Tensor, _ isLogarithm: Bool
) -> Tensor {
  let parts = x.shape.split(at: axis)
  let y = softmax(x, axis: axis).doubles
  let cotangent = dy.doubles
  var dx = [Double](repeating: 0, count: y.count)
  for line in 0..<(parts.outer * parts.inner) {
    let start = line / parts.inner * parts.axis * parts.inner + line % parts.inner
    for i in 0..<parts.axis {
      for j in 0..<parts.axis {
        let (a, b) = (start + i * parts.inner, start + j * parts.inner)
        let slope = (a == b ? 1 : 0) - y[b]
        dx[b] += cotangent[a] * (isLogarithm ? slope : y[a] * slope)
      }
    }
  }
  return Tensor(dx, shape: x.shape, dtype: x.dtype)
}
