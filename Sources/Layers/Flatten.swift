import Tensors

/// All axes from one on made one: `[batch, 28, 28]` becomes `[batch, 784]`; see `Tensor.flattened(from:)`.
public struct Flatten: Layer {
  /// The first of the axes that are joined, from the front, or negative from the back.
  public let axis: Int
  /// The layer.
  public init(from axis: Int = 1) { self.axis = axis }
  /// The same elements under the shape with fewer axes.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { x.flattened(from: axis) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Flatten", group: .layer) { sampler in
    [
      ([7], 0), ([2, 3], 1), ([3, 8], 0), ([2, 3, 4], 0), ([2, 3, 4], 1), ([3, 1, 1], 1),
      ([2, 3, 5], 2), ([2, 1, 3, 2], 2), ([1, 3, 3, 17], 1), ([2, 2, 3, 2], -2), ([0, 3, 5], 1),
      ([2, 0, 3], 1),
    ].map { (shape: Shape, axis: Int) in
      let x = sampler.parameter(shape)
      return .init("\(shape) from \(axis)", [x], byHand: { dy in [dy.reshaped(to: shape)] }) {
        Flatten(from: axis)(x.value, .inference)
      }
    }
  }
}
