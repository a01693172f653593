import Tensors

/// A layer's output added to its input.  y = x + inner(x)
///
/// Stops if the two shapes differ.  State: that of the layer under `inner`.
/// He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
public struct Residual<Inner: Layer>: Layer {
  /// The layer beside the shortcut.
  public let inner: Inner
  /// A shortcut around a layer.
  public init(_ inner: Inner) { self.inner = inner }
  /// x + inner(x)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let y = inner(x, context)
    require(
      y.shape == x.shape,
      "input of shape \(x.shape) and \(y.shape) from the layer beside it; they have to be the "
        + "same")
    return x + y
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Residual", group: .layer) { sampler in
    [(1, 1), (5, 3), (4, 7), (2, 8), (7, 9), (1, 15), (2, 16), (3, 17), (0, 3)].map {
      batch, width in
      let x = sampler.parameter([batch, width])
      let inner = Linear(
        weight: sampler.parameter([width, width]), bias: sampler.parameter([width]))
      return .init(
        "batch \(batch) width \(width)", [x, inner.weight, inner.bias!],
        byHand: { dy in
          [
            dy + matmul(dy, inner.weight.value), matmul(dy, x.value, transposeA: true),
            sum(dy, axis: 0),
          ]
        }
      ) { Residual(inner)(x.value, .inference) }
    }
  }
}
