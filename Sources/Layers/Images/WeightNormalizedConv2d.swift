import Tensors

/// Convolution of images with windows whose lengths are apart from their directions.  y = x ∗ w + b,  w = g v / ‖v‖
///
/// The length is that of all of an output's window. Input `[batch, height, width, inputs]`, output `[batch, height',
/// width', outputs]`. State as PyTorch's `weight_norm(Conv2d)` keeps it: `weight_v` `[outputs, inputs / groups, height,
/// width]`, `weight_g` `[outputs, 1, 1, 1]`, `bias` `[outputs]`. In memory `weight_v` is `[outputs, height, width,
/// inputs / groups]`, `weight_g` `[outputs]`.
/// Salimans and Kingma, "Weight normalization", NeurIPS 2016, equation 2.
public struct WeightNormalizedConv2d: Layer {
  /// g, the lengths of the windows, `[outputs]`.
  public let weightG: Parameter
  /// v, their directions, `[outputs, window height, window width, inputs / groups]`.
  public let weightV: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter?
  /// Stride, padding, dilation, groups.
  public let geometry: ConvolutionGeometry

  /// A layer with new weights; the lengths are those of the windows drawn, so that w = v at first.
  ///
  /// The parameters are those of ``Conv2d``.
  public init(
    _ inputs: Int, _ outputs: Int, window: Extent, _ geometry: ConvolutionGeometry = .init(),
    bias: Bool = true, weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    let plain = Conv2d(
      inputs, outputs, window: window, geometry, bias: bias, weightInitializer: weightInitializer,
      biasInitializer: biasInitializer, random: &random)
    weightV = Parameter(plain.weight.value, name: "weight_v", stateLayout: .window)
    weightG = Parameter(
      rowLengths(rows(of: plain.weight.value)), name: "weight_g",
      stateLayout: .rowLengths(rank: 4))
    self.bias = plain.bias
    self.geometry = geometry
  }

  /// The weight w, `[outputs, window height, window width, inputs / groups]`.
  public var weight: Tensor {
    let v = weightV.value
    return weightNormalization(rows(of: v), weightG.value).reshaped(to: v.shape)
  }

  /// x ∗ w + b
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    convolution(x, weight, bias?.value, geometry)
  }

  /// One for each weight of an output's window, at each place; those of g v / ‖v‖ do not grow with the batch and are
  /// not counted.
  public func multiplications(output: Shape) -> Int {
    output.count * (weightV.count / weightV.shape[0])
  }
}

/// A window for each output as one row, `[outputs, height · width · inputs / groups]`.
private func rows(of weight: Tensor) -> Tensor {
  weight.reshaped(to: [weight.shape[0], weight.count / weight.shape[0]])
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("WeightNormalizedConv2d", group: .layer) { sampler in
    convolutionCases.map { image, outputs, window, geometry in
      let x = sampler.parameter(image)
      var random = Philox(seed: 1)
      let layer = WeightNormalizedConv2d(
        image[3], outputs, window: window, geometry, weightInitializer: .uniform(0.3, 1),
        random: &random)
      convert(layer, to: sampler.dtype)
      return .init(
        "\(image) to \(outputs), window \(window)",
        [x, layer.weightG, layer.weightV, layer.bias!],
        byHand: { dy in
          let plain = naiveConvolutionGradients(x.value, layer.weight, dy, geometry)
          let (dg, dv) = naiveWeightNormalizationGradients(
            rows(of: layer.weightV.value), layer.weightG.value, dw: rows(of: plain[1]))
          return [plain[0], dg, dv.reshaped(to: plain[1].shape), naiveSums(dy)]
        }
      ) { layer(x.value, .inference) }
    }
  }
}
