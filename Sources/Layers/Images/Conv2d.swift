import Tensors

/// Convolution of images with learned windows.  y = x ∗ w + b; see `convolution`.
///
/// Input `[batch, height, width, inputs]`, output `[batch, height', width', outputs]`.
/// State as PyTorch's: `weight` `[outputs, inputs / groups, height, width]`, `bias` `[outputs]`. In memory the
/// weight is `[outputs, height, width, inputs / groups]`.
public struct Conv2d: Layer {
  /// w, `[outputs, window height, window width, inputs / groups]`.
  public let weight: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter?
  /// Stride, padding, dilation, groups.
  public let geometry: ConvolutionGeometry

  /// A layer with new weights, drawn before the biases; stops if a length is below 1, or if the groups do not divide
  /// the channels.
  ///
  /// - Parameters:
  ///   - inputs: channels of the input.
  ///   - outputs: channels of the output.
  ///   - window: the size of the window.
  ///   - geometry: stride, padding, dilation, groups.
  ///   - bias: whether there is one; in front of a normalisation it would be subtracted again.
  ///   - weightInitializer: what the weights begin with; by default as PyTorch draws them.
  ///   - biasInitializer: what the biases begin with; its fans are those of the weights.
  ///   - random: where the numbers come from.
  public init(
    _ inputs: Int, _ outputs: Int, window: Extent, _ geometry: ConvolutionGeometry = .init(),
    bias: Bool = true, weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    requireLengths(inputs, outputs, window, geometry.groups, "Conv2d")
    let shape: Shape = [outputs, window.height, window.width, inputs / geometry.groups]
    let fans = Fans(ofWeight: shape)
    weight = Parameter(
      weightInitializer.tensor(shape, fans: fans, random: &random), name: "weight",
      stateLayout: .window)
    self.bias =
      bias
      ? Parameter(biasInitializer.tensor([outputs], fans: fans, random: &random), name: "bias")
      : nil
    self.geometry = geometry
  }

  /// Channels of the output.
  public var outputs: Int { weight.shape[0] }

  /// x ∗ w + b
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    convolution(x, weight.value, bias?.value, geometry)
  }

  /// One for each weight of an output's window, at each place.
  public func multiplications(output: Shape) -> Int {
    output.count * (weight.count / weight.shape[0])
  }
}

/// Transposed convolution with learned windows; see `transposedConvolution`.
///
/// Input `[batch, height, width, inputs]`, output `[batch, height', width', outputs]`.
/// State as PyTorch's: `weight` `[inputs, outputs / groups, height, width]`, `bias` `[outputs]`. In memory the
/// weight is `[inputs, height, width, outputs / groups]`.
public struct ConvTranspose2d: Layer {
  /// w, `[inputs, window height, window width, outputs / groups]`.
  public let weight: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter?
  /// That of the convolution it transposes.
  public let geometry: ConvolutionGeometry
  /// Rows and columns added at the bottom and on the right.
  public let outputPadding: Extent

  /// A layer with new weights, drawn before the biases; the parameters are those of ``Conv2d``, with `outputPadding`,
  /// rows and columns added at the bottom and on the right. Stops as that does.
  public init(
    _ inputs: Int, _ outputs: Int, window: Extent, _ geometry: ConvolutionGeometry = .init(),
    outputPadding: Extent = 0, bias: Bool = true,
    weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    requireLengths(inputs, outputs, window, geometry.groups, "ConvTranspose2d")
    // The same weight as that of the convolution from the outputs to the inputs, fans as PyTorch counts them.
    let mirrored = Conv2d(
      outputs, inputs, window: window, geometry, bias: false,
      weightInitializer: weightInitializer, random: &random)
    weight = mirrored.weight
    let fans = Fans(ofWeight: weight.shape)
    self.bias =
      bias
      ? Parameter(biasInitializer.tensor([outputs], fans: fans, random: &random), name: "bias")
      : nil
    self.geometry = geometry
    self.outputPadding = outputPadding
  }

  /// The transposed convolution of x with w, plus b
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    transposedConvolution(x, weight.value, bias?.value, geometry, outputPadding: outputPadding)
  }

  /// One for each weight of an input's window, at each place of the input: those of the convolution it transposes.
  public func multiplications(output: Shape) -> Int {
    let (height, width) = (output[1] - outputPadding.height, output[2] - outputPadding.width)
    let places = geometry.positions(of: Extent(weight.shape[1], weight.shape[2]), height, width)
    return output[0] * places.height * places.width * weight.count
  }
}

private func requireLengths(
  _ inputs: Int, _ outputs: Int, _ window: Extent, _ groups: Int, _ name: StaticString
) {
  require(
    inputs >= 1 && outputs >= 1 && window.height >= 1 && window.width >= 1 && groups >= 1
      && inputs % groups == 0 && outputs % groups == 0,
    "\(name)(\(inputs), \(outputs)): window \(window) in \(groups) groups; lengths have to be at least 1, "
      + "and the groups have to divide inputs and outputs")
}

/// Small convolutions, the image that of a transposed one too: a pixel, one among padding, all of the image, a stride
/// that leaves a rest, sides of unequal padding, pixels of a window apart, groups of one channel and of several, and
/// channels around the width of vectors.
let convolutionCases:
  [(image: Shape, outputs: Int, window: Extent, geometry: ConvolutionGeometry)] = [
    ([3, 1, 1, 2], 1, 1, .init()), ([2, 1, 1, 3], 2, 3, .init(padding: 1)),
    ([1, 3, 2, 5], 2, Extent(3, 2), .init()), ([2, 5, 6, 3], 4, 3, .init(padding: 1)),
    ([1, 6, 5, 4], 6, Extent(3, 2), .init(stride: 2, groups: 2)),
    ([1, 7, 6, 2], 3, 2, .init(stride: Extent(3, 2))),
    (
      [1, 5, 4, 2], 3, Extent(2, 3),
      .init(padding: Padding(top: 0, left: 1, bottom: 1, right: 0))
    ),
    ([1, 6, 5, 1], 2, 3, .init(padding: 1, dilation: Extent(2, 1))),
    ([1, 2, 3, 7], 7, Extent(1, 2), .init(groups: 7)),
    ([1, 3, 2, 4], 8, 2, .init(padding: 1, groups: 4)), ([1, 1, 3, 9], 8, 1, .init()),
    ([1, 2, 2, 15], 1, 2, .init()), ([1, 1, 2, 16], 7, 1, .init()),
    ([1, 2, 2, 17], 2, 2, .init(stride: 2, padding: 1)),
  ]

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Conv2d", group: .layer) { sampler in
    convolutionCases.map { image, outputs, window, geometry in
      let x = sampler.parameter(image)
      var random = Philox(seed: 1)
      let layer = Conv2d(image[3], outputs, window: window, geometry, random: &random)
      convert(layer, to: sampler.dtype)
      return .init(
        "\(image) to \(outputs), window \(window)", [x, layer.weight, layer.bias!],
        byHand: { dy in
          naiveConvolutionGradients(x.value, layer.weight.value, dy, geometry) + [naiveSums(dy)]
        }
      ) { layer(x.value, .inference) }
    }
  }
  GradientCheck.register("ConvTranspose2d", group: .layer) { sampler in
    convolutionCases.map { image, outputs, window, geometry in
      let (x, stride) = (sampler.parameter(image), geometry.stride)
      var random = Philox(seed: 1)
      let layer = ConvTranspose2d(
        image[3], outputs, window: window, geometry,
        outputPadding: Extent(min(1, stride.height - 1), min(1, stride.width - 1)), random: &random)
      convert(layer, to: sampler.dtype)
      return .init(
        "\(image) to \(outputs), window \(window)", [x, layer.weight, layer.bias!],
        byHand: { dy in
          naiveTransposedGradients(x.value, layer.weight.value, dy, geometry) + [naiveSums(dy)]
        }
      ) { layer(x.value, .inference) }
    }
  }
}
