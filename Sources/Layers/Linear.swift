import Tensors

/// Affine map of the rows of its input, with the activation fused.  y = act(x Wᵀ + b)
///
/// Input `[batch, inputs]`, output `[batch, outputs]`; with more axes `[…, inputs]` and `[…, outputs]`.  State:
/// `weight` `[outputs, inputs]`, `bias` `[outputs]`.
public struct Linear: Layer {
  /// W, `[outputs, inputs]`.
  public let weight: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter?
  /// What follows in the same pass.
  public let activation: Activation

  /// A layer with new weights, drawn before the biases; stops if a length is below 1.
  ///
  /// - Parameters:
  ///   - inputs: the length of an input row.
  ///   - outputs: the length of an output row.
  ///   - bias: whether there is one.
  ///   - activation: what follows in the same pass.
  ///   - weightInitializer: what the weights begin with.
  ///   - biasInitializer: what the biases begin with; its fans are those of the weights.
  ///   - random: where the numbers come from.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    require(
      inputs >= 1 && outputs >= 1,
      "Linear(\(inputs), \(outputs)): both lengths have to be at least 1")
    let shape: Shape = [outputs, inputs]
    let fans = Fans(ofWeight: shape)
    weight = Parameter(
      weightInitializer.tensor(shape, fans: fans, random: &random), name: "weight")
    self.bias =
      bias
      ? Parameter(
        biasInitializer.tensor([outputs], fans: fans, random: &random), name: "bias") : nil
    self.activation = activation
  }

  /// A layer behind flattened images, whose weight is in PyTorch's order in files.
  ///
  /// Images lie channels last in memory, and PyTorch flattens them channels first: the columns of the weight are
  /// turned when a state is loaded or saved.
  ///
  /// - Parameters:
  ///   - image: height, width and channels of the images that were flattened.
  ///   - outputs: the length of an output row.
  ///   - bias: whether there is one.
  ///   - activation: what follows in the same pass.
  ///   - weightInitializer: what the weights begin with.
  ///   - biasInitializer: what the biases begin with; its fans are those of the weights.
  ///   - random: where the numbers come from.
  public init(
    flattened image: (height: Int, width: Int, channels: Int), _ outputs: Int, bias: Bool = true,
    activation: Activation = .identity, weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    let plain = Linear(
      image.height * image.width * image.channels, outputs, bias: bias,
      weightInitializer: weightInitializer, biasInitializer: biasInitializer, random: &random)
    self.init(
      weight: Parameter(
        plain.weight.value, name: "weight",
        stateLayout: .flattenedImages(height: image.height, width: image.width)),
      bias: plain.bias, activation: activation)
  }

  /// A layer over given parameters; stops if their shapes or types do not match.
  public init(weight: Parameter, bias: Parameter? = nil, activation: Activation = .identity) {
    require(
      weight.shape.rank == 2
        && (bias.map { $0.shape == [weight.shape[0]] && $0.dtype == weight.dtype } ?? true),
      "Linear: weight of \(weight.shape) \(weight.dtype) and bias of \(bias?.shape ?? []) "
        + "\(bias?.dtype ?? weight.dtype); they have to be [outputs, inputs] and [outputs] of one type"
    )
    self.weight = weight
    self.bias = bias
    self.activation = activation
  }

  /// The length of an input row.
  public var inputs: Int { weight.shape[1] }
  /// The length of an output row.
  public var outputs: Int { weight.shape[0] }

  /// act(x Wᵀ + b)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    if x.rank > 2 && x.shape[x.rank - 1] == inputs { return mapInnerRows(of: x, context) }
    let y = linear(x, weight.value, bias?.value, activation: context.fusable(activation))
    return context.finish(y, activation)
  }

  /// The leading axes are one while it maps, and there again afterwards.
  private func mapInnerRows(of x: Tensor, _ context: Context) -> Tensor {
    let rows = x.shape.lengths.dropLast().reduce(1, *)
    let y = forward(x.reshaped(to: [rows, inputs]), context)
    return y.reshaped(to: x.shape.replacing(axis: x.rank - 1, with: outputs))
  }

  /// One for each input of each output.
  public func multiplications(output: Shape) -> Int { output.count * inputs }

  /// The same map of the columns of each sample, act(W X + b 1ᵀ), by `pointwiseConvolution`.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs, length]`.
  ///   - context: the mode.
  /// - Returns: `[batch, outputs, length]`. Stops if the shape or the type does not match.
  public func mapColumns(of x: Tensor, _ context: Context) -> Tensor {
    run(context) {
      let y = pointwiseConvolution(
        x, weight.value, bias?.value, activation: context.fusable(activation))
      return context.finish(y, activation)
    }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for hasBias in [true, false] {
    GradientCheck.register(hasBias ? "Linear" : "Linear without bias", group: .layer) { sampler in
      GradientCheck.affineLengths.map { batch, outputs, inputs in
        let x = sampler.parameter([batch, inputs])
        let layer = Linear(
          weight: sampler.parameter([outputs, inputs]),
          bias: hasBias ? sampler.parameter([outputs]) : nil)
        return .init(
          "batch \(batch) outputs \(outputs) inputs \(inputs)",
          [x, layer.weight] + (layer.bias.map { [$0] } ?? []),
          byHand: { dy in
            [matmul(dy, layer.weight.value), matmul(dy, x.value, transposeA: true)]
              + (hasBias ? [sum(dy, axis: 0)] : [])
          }
        ) { layer(x.value, .inference) }
      }
    }
  }
  GradientCheck.register("Linear of more axes", group: .layer) { sampler in
    let shapes: [(Shape, Int)] = [
      ([1, 1, 1], 1), ([2, 3, 7], 5), ([3, 1, 8], 2), ([1, 4, 9], 16), ([2, 2, 15], 3),
      ([2, 3, 2, 5], 4), ([1, 2, 1, 2, 17], 1), ([2, 1, 2, 1, 3, 3], 2), ([0, 4, 3], 2),
      ([2, 0, 3], 2),
    ]
    return shapes.map { shape, outputs in
      let inputs = shape[shape.rank - 1]
      let x = sampler.parameter(shape)
      let layer = Linear(
        weight: sampler.parameter([outputs, inputs]), bias: sampler.parameter([outputs]))
      return .init(
        "\(shape) outputs \(outputs)", [x, layer.weight, layer.bias!],
        byHand: { dy in
          let batch = shape.count / inputs
          let (dz, rows) = (
            dy.reshaped(to: [batch, outputs]), x.value.reshaped(to: [batch, inputs])
          )
          return [
            matmul(dz, layer.weight.value).reshaped(to: shape), matmul(dz, rows, transposeA: true),
            sum(dz, axis: 0),
          ]
        }
      ) { layer(x.value, .inference) }
    }
  }
  GradientCheck.register("Linear with ReLU", group: .layer) { sampler in
    [(1, 1), (5, 7), (2, 8), (7, 9), (1, 15), (8, 16), (9, 17), (2, 31), (3, 33), (0, 3)].map {
      batch, inputs in
      // Positive weights and inputs: the biases alone decide which outputs are cut, far from the kink.
      let x = sampler.parameter([batch, inputs], .positive)
      let layer = Linear(
        weight: sampler.parameter([4, inputs], .positive),
        bias: Parameter(
          Tensor([1, -1000, 2, -2000], shape: [4], dtype: sampler.dtype)), activation: .relu)
      let kept = Tensor(
        (0..<batch * 4).map { $0 % 2 == 0 ? 1 : 0 }, shape: [batch, 4], dtype: sampler.dtype)
      return .init(
        "batch \(batch) inputs \(inputs)", [x, layer.weight, layer.bias!],
        byHand: { dy in
          let dz = dy * kept
          return [
            matmul(dz, layer.weight.value), matmul(dz, x.value, transposeA: true),
            sum(dz, axis: 0),
          ]
        }
      ) { layer(x.value, .inference) }
    }
  }
}
