import Tensors

/// Leaves out a branch for some samples of a batch in training and scales it for the others; see `dropoutRows`.
///
/// Any shape with the samples along the first axis; in inference the input itself. It stands between a branch
/// and the sum with the shortcut, as torchvision's in its mode "row".
/// Huang, Sun, Liu, Sedra and Weinberger, "Deep networks with stochastic depth", ECCV 2016.
public struct StochasticDepth: Layer {
  /// p, in `0 ..< 1`.
  public let probability: Double

  /// A layer; stops if the probability is out of range.
  public init(_ probability: Double) {
    require(
      probability >= 0 && probability < 1,
      "StochasticDepth: probability \(probability) is not in 0 ..< 1")
    self.probability = probability
  }

  /// 0 or x / (1 − p), sample by sample, in training, else x
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    switch context.mode {
    case .inference: return x
    case .training: return dropoutRows(x, probability: probability, key: context.dropoutKey())
    }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("StochasticDepth", group: .layer) { sampler in
    (GradientCheck.smallShapes + [[6, 2, 2, 9]]).filter { $0.rank > 0 }.map { shape in
      let x = sampler.parameter(shape)
      let context = Context.training(seed: 5)
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          context.begin(step: 11)
          let mask = dropoutMask([shape[0]], probability: 0.3, key: context.dropoutKey()).doubles
          let row = shape.count / max(1, shape[0])
          let values = dy.doubles.enumerated().map { $1 * (mask[$0 / row] == 0 ? 0 : 1 / 0.7) }
          return [Tensor(values, shape: shape, dtype: dy.dtype)]
        }
      ) {
        context.begin(step: 11)
        return StochasticDepth(0.3)(x.value, context)
      }
    }
  }
}
