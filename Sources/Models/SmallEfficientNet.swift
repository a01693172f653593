import Layers
import Tensors

/// A block that widens, convolves and narrows again, with a shortcut where the shape stays.
///
/// `expand` 1×1 to `expansion` times the channels, `depthwise` 3×3 on each channel alone, squeeze-and-excitation,
/// `project` 1×1; each with batch normalisation, the first two with a rectifier. Where it is fused, a plain 3×3
/// convolution takes the place of the first two: with few channels it is the faster one.
/// Sandler et al., "MobileNetV2", CVPR 2018; Tan and Le, "EfficientNetV2", ICML 2021.
public struct InvertedBottleneck: Layer {
  let expand: Conv2d
  let expandNorm: BatchNorm
  let depthwise: Conv2d?
  let depthwiseNorm: BatchNorm?
  let excitation: SqueezeExcitation?
  let project: Conv2d
  let projectNorm: BatchNorm
  let drop: StochasticDepth
  private let hasShortcut: Bool

  /// - Parameters:
  ///   - inputs: channels of the input.
  ///   - outputs: channels of the output.
  ///   - expansion: how many times wider it is inside.
  ///   - stride: of the 3×3 convolution.
  ///   - isFused: whether a plain convolution takes the place of the first two.
  ///   - stochasticDepth: the probability that a training sample takes the shortcut alone.
  ///   - random: draws the weights: He's, along the fan out.
  public init(
    _ inputs: Int, _ outputs: Int, expansion: Int, stride: Int = 1, isFused: Bool,
    stochasticDepth: Double = 0, random: inout Philox
  ) {
    let width = inputs * expansion
    expand = resNetConvolution(
      inputs, width, window: isFused ? 3 : 1, stride: isFused ? stride : 1, &random)
    expandNorm = BatchNorm(width, activation: .relu)
    depthwise =
      isFused
      ? nil
      : Conv2d(
        width, width, window: 3, .init(stride: Extent(stride), padding: 1, groups: width),
        bias: false, weightInitializer: .heNormal(), random: &random)
    depthwiseNorm = isFused ? nil : BatchNorm(width, activation: .relu)
    excitation =
      isFused ? nil : SqueezeExcitation(width, reduced: max(8, inputs / 4), random: &random)
    project = resNetConvolution(width, outputs, window: 1, stride: 1, &random)
    projectNorm = BatchNorm(outputs)
    drop = StochasticDepth(stochasticDepth)
    hasShortcut = stride == 1 && inputs == outputs
  }

  /// `[batch, height, width, inputs]` to `[batch, height / stride, width / stride, outputs]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var h = expandNorm(expand(x, context), context)
    if let depthwise, let depthwiseNorm { h = depthwiseNorm(depthwise(h, context), context) }
    if let excitation { h = excitation(h, context) }
    h = projectNorm(project(h, context), context)
    return hasShortcut ? x + drop(h, context) : h
  }
}

/// A small network of inverted bottlenecks for images of 28 to 64 pixels: fused blocks while the maps are large, then
/// depthwise ones with squeeze-and-excitation.
///
/// Why so: tissue is told by texture at two or three scales, so three stages do; a 3×3 convolution on few channels
/// keeps the processor busy where a depthwise one waits for memory, so the large maps get fused blocks; the narrow
/// outputs keep weights few, which a small training set asks for. One shape serves 28 pixels (`stride` 1 at the stem)
/// and 64 (2).
/// After Tan and Le, "EfficientNetV2: smaller models and faster training", ICML 2021.
public struct SmallEfficientNet: ImageNetwork {
  let stem: Conv2d
  let stemNorm: BatchNorm
  /// The blocks, `blocks.0` and so on.
  public let blocks: Sequential
  let top: Conv2d
  let topNorm: BatchNorm
  let dropout: Dropout
  /// The classifier.
  public let classifier: Linear

  /// - Parameters:
  ///   - channels: of the images.
  ///   - classes: outputs.
  ///   - stride: of the first convolution.
  ///   - stochasticDepth: towards which the probability grows that a block's shortcut is taken alone: the first of the
  ///     nine blocks has 0, the second 1 / 9 of it, the last 8 / 9, as in torchvision.
  ///   - dropout: of the features in front of the classifier.
  ///   - random: draws the weights.
  public init(
    channels: Int = 3, classes: Int, stride: Int = 1, stochasticDepth: Double = 0.1,
    dropout: Double = 0.2, random: inout Philox
  ) {
    stem = resNetConvolution(channels, 24, window: 3, stride: stride, &random)
    stemNorm = BatchNorm(24, activation: .relu)
    // outputs, expansion, stride, whether it is fused
    let plan: [(Int, Int, Int, Bool)] = [
      (24, 1, 1, true), (24, 1, 1, true), (48, 4, 2, true), (48, 4, 1, true), (96, 4, 2, false),
      (96, 4, 1, false), (96, 4, 1, false), (128, 4, 2, false), (128, 4, 1, false),
    ]
    var inputs = 24
    blocks = Sequential(
      plan.enumerated().map { index, block in
        defer { inputs = block.0 }
        return InvertedBottleneck(
          inputs, block.0, expansion: block.1, stride: block.2, isFused: block.3,
          stochasticDepth: stochasticDepth * Double(index) / Double(plan.count), random: &random)
      })
    top = resNetConvolution(inputs, 256, window: 1, stride: 1, &random)
    topNorm = BatchNorm(256, activation: .relu)
    self.dropout = Dropout(dropout)
    classifier = Linear(256, classes, random: &random)
  }

  /// The maps in front of the classifier, `[batch, height / 8, width / 8, 256]` with a stem of stride 1.
  public func features(_ x: Tensor, _ context: Context) -> Tensor {
    let h = blocks(stemNorm(stem(x, context), context), context)
    return topNorm(top(h, context), context)
  }

  /// Logits of pooled maps, `[batch, 256]` to `[batch, classes]`.
  public func classify(_ pooled: Tensor, _ context: Context) -> Tensor {
    classifier(dropout(pooled, context), context)
  }

  /// `classifier`
  public var classifierPath: String { "classifier" }
}
