import Tensors

/// Affine map of the rows of its input with a normalised weight.  y = act(x wᵀ + b),  w = g v / ‖v‖
///
/// Input `[batch, inputs]`, output `[batch, outputs]`.  State as PyTorch's `weight_norm(Linear)` keeps it:
/// `weight_v` `[outputs, inputs]`, `weight_g` `[outputs, 1]`, `bias` `[outputs]`.
/// Salimans and Kingma, "Weight normalization", NeurIPS 2016, equation 2.
public struct WeightNormalizedLinear: Layer {
  /// g, the lengths of the rows, `[outputs]`.
  public let weightG: Parameter
  /// v, their directions, `[outputs, inputs]`.
  public let weightV: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter?
  /// What follows in the same pass.
  public let activation: Activation

  /// A layer with new weights; the lengths are those of the directions drawn, so that w = v at first. Stops if a length
  /// is below 1.
  ///
  /// - Parameters:
  ///   - inputs: the length of an input row.
  ///   - outputs: the length of an output row.
  ///   - bias: whether there is one.
  ///   - activation: what follows in the same pass.
  ///   - weightInitializer: what the weight begins with.
  ///   - biasInitializer: what the biases begin with; its fans are those of the weight.
  ///   - random: where the numbers come from.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    let plain = Linear(
      inputs, outputs, bias: bias, weightInitializer: weightInitializer,
      biasInitializer: biasInitializer, random: &random)
    weightV = Parameter(plain.weight.value, name: "weight_v")
    weightG = Parameter(
      rowLengths(plain.weight.value), name: "weight_g", stateLayout: .rowLengths(rank: 2))
    self.bias = plain.bias
    self.activation = activation
  }

  /// The weight w, `[outputs, inputs]`.
  public var weight: Tensor { weightNormalization(weightV.value, weightG.value) }

  /// act(x wᵀ + b)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let y = weightNormalizedLinear(
      x, weightV.value, weightG.value, bias?.value, activation: context.fusable(activation))
    return context.finish(y, activation)
  }

  /// One for each input of each output; those of g v / ‖v‖ do not grow with the batch and are not counted.
  public func multiplications(output: Shape) -> Int { output.count * weightV.shape[1] }
}

/// dg and dv of w = g v / ‖v‖ for rows, by the paper's equation 3.
func naiveWeightNormalizationGradients(
  _ v: Tensor, _ g: Tensor, dw: Tensor
) -> (dg: Tensor, dv: Tensor) {
  func column(_ values: Tensor) -> Tensor {
    broadcast(values.reshaped(to: [values.count, 1]), to: v.shape)
  }
  let lengths = rowLengths(v)
  let dg = sum(dw * v, axis: 1) / lengths
  return (dg, column(g / lengths) * (dw - column(dg / lengths) * v))
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("WeightNormalizedLinear", group: .layer, toleranceByHand: 5e-12) {
    sampler in
    GradientCheck.normalizedLengths.map { batch, outputs, inputs in
      let x = sampler.parameter([batch, inputs])
      var random = Philox(seed: 1)
      let layer = WeightNormalizedLinear(
        inputs, outputs, weightInitializer: .uniform(0.3, 1), random: &random)
      convert(layer, to: sampler.dtype)
      return .init(
        "batch \(batch) outputs \(outputs) inputs \(inputs)",
        [x, layer.weightG, layer.weightV] + (layer.bias.map { [$0] } ?? []),
        byHand: { dy in
          let (dg, dv) = naiveWeightNormalizationGradients(
            layer.weightV.value, layer.weightG.value,
            dw: matmul(dy, x.value, transposeA: true))
          return [matmul(dy, layer.weight), dg, dv, sum(dy, axis: 0)]
        }
      ) { layer(x.value, .inference) }
    }
  }
}
