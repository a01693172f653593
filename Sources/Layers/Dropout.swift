import Tensors

/// Sets elements to zero with a probability in training and scales the others; see `dropout`.
///
/// Any shape; in inference the input itself.
/// Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 15 (2014).
public struct Dropout: Layer {
  /// p, in `0 ..< 1`.
  public let probability: Double

  /// A layer; stops if the probability is out of range.
  public init(_ probability: Double) {
    require(
      probability >= 0 && probability < 1,
      "Dropout: probability \(probability) is not in 0 ..< 1")
    self.probability = probability
  }

  /// x ∘ M with a mask of this call in training, else x
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    switch context.mode {
    case .inference: return x
    case .training: return dropout(x, probability: probability, key: context.dropoutKey())
    }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Dropout", group: .layer) { sampler in
    (GradientCheck.smallShapes + [[2, 3, 9]]).map { shape in
      let x = sampler.parameter(shape)
      let context = Context.training(seed: 5)
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          context.begin(step: 11)
          return [
            dy * dropoutMask(shape, probability: 0.3, key: context.dropoutKey(), dtype: x.dtype)
          ]
        }
      ) {
        context.begin(step: 11)
        return Dropout(0.3)(x.value, context)
      }
    }
  }
}
