import Tensors

/// Probabilities along an axis; see `softmax`. Before a cross-entropy it is left out: that takes logits.
///
/// Input and output of one shape, any one that has the axis.
public struct Softmax: Layer {
  /// From the front, or negative from the back.
  public let axis: Int
  /// The layer.
  public init(axis: Int = -1) { self.axis = axis }
  /// e^xᵢ / Σⱼ e^xⱼ
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { softmax(x, axis: axis) }
}

/// Logarithms of probabilities along an axis; see `logSoftmax`.
///
/// Input and output of one shape, any one that has the axis.
public struct LogSoftmax: Layer {
  /// From the front, or negative from the back.
  public let axis: Int
  /// The layer.
  public init(axis: Int = -1) { self.axis = axis }
  /// xᵢ − ln Σⱼ e^xⱼ
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { logSoftmax(x, axis: axis) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for isLogarithm in [false, true] {
    GradientCheck.register(isLogarithm ? "LogSoftmax" : "Softmax", group: .layer) { sampler in
      (axisShapes + [([3, 5], -1), ([2, 3, 4], -2)]).map { shape, axis in
        let x = sampler.parameter(shape)
        return .init(
          "\(shape) axis \(axis)", [x],
          byHand: { dy in
            let y = Softmax(axis: axis)(x.value, .inference)
            let weighted = isLogarithm ? dy : dy * y
            let axis = axis < 0 ? axis + shape.rank : axis
            let total = sum(weighted, axis: axis).reshaped(to: shape.replacing(axis: axis, with: 1))
            return [weighted - y * broadcast(total, to: shape)]
          }
        ) {
          isLogarithm
            ? LogSoftmax(axis: axis)(x.value, .inference) : Softmax(axis: axis)(x.value, .inference)
        }
      }
    }
  }
}
