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
  GradientCheck.register("SqueezeExcitation", group: .layer) { sampler in
    (GradientCheck.images + [[2, 3, 2, 5]]).map { shape in
      let reduced = 1 + shape[3] / 8
      let x = sampler.parameter(shape)
      var random = Philox(seed: 3)
      let layer = SqueezeExcitation(shape[3], reduced: reduced, inner: .silu, random: &random)
      convert(layer, to: sampler.dtype)
      return .init(
        "\(shape) to \(reduced)",
        [x, layer.fc1.weight, layer.fc1.bias!, layer.fc2.weight, layer.fc2.bias!],
        byHand: { dy in gradients(layer, x.value, dy) }
      ) { layer(x.value, .inference) }
    }
  }
}

/// dx, dW₁, db₁, dW₂ and db₂ by the chain rule, for pixels P, their means M, A = M W₁ᵀ + 1 b₁ᵀ, H = A σ(A) and the
/// factors F = σ(H W₂ᵀ + 1 b₂ᵀ).
private func gradients(_ layer: SqueezeExcitation, _ x: Tensor, _ dy: Tensor) -> [Tensor] {
  let (batch, pixels, channels) = (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
  func overPixels(_ t: Tensor) -> Tensor {
    broadcast(t.reshaped(to: [batch, 1, channels]), to: [batch, pixels, channels])
      .reshaped(to: x.shape)
  }
  func overRows(_ b: Parameter) -> Tensor { broadcast(b.value, to: [batch, b.count]) }
  func sumOfPixels(_ t: Tensor) -> Tensor {
    sum(t.reshaped(to: [batch, pixels, channels]), axis: 1)
  }
  let (w1, w2) = (
    layer.fc1.weight.value.reshaped(to: [layer.fc1.bias!.count, channels]),
    layer.fc2.weight.value.reshaped(to: [channels, layer.fc1.bias!.count])
  )
  let m = sumOfPixels(x) / Double(pixels)
  let a = matmul(m, w1, transposeB: true) + overRows(layer.fc1.bias!)
  let s = 1 / (exp(-a) + 1)
  let h = a * s
  let f = 1 / (exp(-(matmul(h, w2, transposeB: true) + overRows(layer.fc2.bias!))) + 1)

  let dz = sumOfPixels(dy * x) * f * (1 - f)
  // d(a σ(a))/da = σ(a) (1 + a (1 − σ(a)))
  let da = matmul(dz, w2) * s * (a * (1 - s) + 1)
  let dm = matmul(da, w1)
  return [
    dy * overPixels(f) + overPixels(dm / Double(pixels)),
    matmul(da, m, transposeA: true).reshaped(to: layer.fc1.weight.shape), sum(da, axis: 0),
    matmul(dz, h, transposeA: true).reshaped(to: layer.fc2.weight.shape), sum(dz, axis: 0),
  ]
}
