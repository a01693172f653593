import Tensors

/// Weighs the channels of each image by what the whole image shows.
/// y = x ∘ σ(fc2(act(fc1(mean of x)))), σ the logistic function
///
/// Input and output `[batch, height, width, channels]`.  State as torchvision's: `fc1.weight` `[reduced,
/// channels, 1, 1]`, `fc1.bias`, `fc2.weight` `[channels, reduced, 1, 1]`, `fc2.bias`.
/// Hu, Shen and Sun, "Squeeze-and-excitation networks", CVPR 2018.
public struct SqueezeExcitation: Layer {
  /// What stands between the two convolutions.
  public enum Inner: String, Sendable, Codable {
    /// max(z, 0), as the paper has it.
    case relu
    /// z / (1 + e⁻ᶻ), as in EfficientNet.
    case silu
  }

  let fc1, fc2: Conv2d
  /// What stands between the two convolutions.
  public let inner: Inner

  /// A layer with new weights, drawn as PyTorch draws a convolution's.
  ///
  /// - Parameters:
  ///   - channels: of the images.
  ///   - reduced: channels between the two convolutions.
  ///   - inner: what stands between them.
  ///   - random: where the numbers come from.
  public init(_ channels: Int, reduced: Int, inner: Inner = .relu, random: inout Philox) {
    fc1 = Conv2d(channels, reduced, window: 1, random: &random)
    fc2 = Conv2d(reduced, channels, window: 1, random: &random)
    self.inner = inner
  }

  /// x ∘ σ(fc2(act(fc1(mean of x))))
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let means = globalAveragePool(x)
    let squeezed = fc1(means.reshaped(to: [x.shape[0], 1, 1, x.shape[3]]), context)
    let factors = sigmoid(fc2(inner == .relu ? context.rectify(squeezed) : silu(squeezed), context))
    return scaleChannels(x, factors.reshaped(to: means.shape))
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("SqueezeExcitation", group: .layer, tolerance32: 1e-5) { sampler in
    ([([1, 1, 1, 1], 1), ([2, 3, 2, 5], 3), ([3, 2, 2, 17], 4)] as [(Shape, Int)]).map {
      shape, reduced in
      let x = sampler.parameter(shape)
      var random = Philox(seed: 3)
      let layer = SqueezeExcitation(shape[3], reduced: reduced, inner: .silu, random: &random)
      convert(layer, to: sampler.dtype)
      return .init("\(shape) to \(reduced)", [x] + parameters(of: layer)) {
        layer(x.value, .inference)
      }
    }
  }
}
