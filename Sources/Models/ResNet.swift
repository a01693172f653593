import Layers
import Tensors

/// The beginning of a residual network.
public enum ResNetStem: String, Sendable, Codable, CaseIterable {
  /// A 7×7 convolution of stride 2 and a 3×3 maximum of stride 2, for images of some 64 pixels and more.
  case large
  /// A 3×3 convolution of stride 1, for images of some 32 pixels.
  case small
}

/// One block of a residual network, with the shape of what it gives.
public protocol ResidualBlock: Layer {
  /// Channels of its output for each channel of its inner convolutions.
  static var expansion: Int { get }
  /// A block from so many channels to `planes` times ``expansion``.
  init(inputs: Int, planes: Int, stride: Int, random: inout Philox)
}

/// Two 3×3 convolutions.  y = max(x' + bn2(conv2(max(bn1(conv1(x)), 0))), 0),  x' = x or downsample(x)
///
/// State: `conv1`, `bn1`, `conv2`, `bn2`, and `downsample.0`, `downsample.1` where the shape changes.
public struct BasicBlock: ResidualBlock {
  /// 1
  public static let expansion = 1
  let conv1: Conv2d
  let bn1: BatchNorm
  let conv2: Conv2d
  let bn2: BatchNorm
  let downsample: Sequential?

  /// A block from so many channels to `planes`.
  public init(inputs: Int, planes: Int, stride: Int, random: inout Philox) {
    conv1 = resNetConvolution(inputs, planes, window: 3, stride: stride, &random)
    bn1 = BatchNorm(planes, activation: .relu)
    conv2 = resNetConvolution(planes, planes, window: 3, stride: 1, &random)
    bn2 = BatchNorm(planes, activation: .relu)
    downsample = resNetDownsample(inputs, planes, stride: stride, &random)
  }

  /// `[batch, height, width, inputs]` to `[batch, height / stride, width / stride, planes]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let h = conv2(bn1(conv1(x, context), context), context)
    return bn2(h, adding: downsample?(x, context) ?? x, context)
  }
}

/// A 1×1, a 3×3 and a 1×1 convolution; the stride is at the second, as in torchvision.
///
/// State: `conv1` … `conv3`, `bn1` … `bn3`, and `downsample.0`, `downsample.1` where the shape changes.
public struct Bottleneck: ResidualBlock {
  /// 4
  public static let expansion = 4
  let conv1: Conv2d
  let bn1: BatchNorm
  let conv2: Conv2d
  let bn2: BatchNorm
  let conv3: Conv2d
  let bn3: BatchNorm
  let downsample: Sequential?

  /// A block from so many channels to 4 times `planes`.
  public init(inputs: Int, planes: Int, stride: Int, random: inout Philox) {
    let outputs = planes * Self.expansion
    conv1 = resNetConvolution(inputs, planes, window: 1, stride: 1, &random)
    bn1 = BatchNorm(planes, activation: .relu)
    conv2 = resNetConvolution(planes, planes, window: 3, stride: stride, &random)
    bn2 = BatchNorm(planes, activation: .relu)
    conv3 = resNetConvolution(planes, outputs, window: 1, stride: 1, &random)
    bn3 = BatchNorm(outputs, activation: .relu)
    downsample = resNetDownsample(inputs, outputs, stride: stride, &random)
  }

  /// `[batch, height, width, inputs]` to `[batch, height / stride, width / stride, 4 planes]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let h = bn2(conv2(bn1(conv1(x, context), context), context), context)
    return bn3(conv3(h, context), adding: downsample?(x, context) ?? x, context)
  }
}

/// A residual network with torchvision's names: `conv1`, `bn1`, `layer1.0.conv1` … `layer4`, `fc`.
///
/// He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, doi:10.1109/CVPR.2016.90.
public struct ResNet<Block: ResidualBlock>: ImageNetwork {
  let conv1: Conv2d
  let bn1: BatchNorm
  let layer1, layer2, layer3, layer4: Sequential
  /// The classifier.
  public let fc: Linear
  let stem: ResNetStem

  /// - Parameters:
  ///   - blocks: how many each of the four layers has.
  ///   - channels: of the images.
  ///   - classes: outputs.
  ///   - stem: how it begins.
  ///   - random: draws the weights: of convolutions normal with variance 2 / fan out, of the classifier as
  ///     PyTorch's `nn.Linear`.
  public init(
    blocks: [Int], channels: Int = 3, classes: Int, stem: ResNetStem = .large,
    random: inout Philox
  ) {
    require(blocks.count == 4, "ResNet: blocks \(blocks); there have to be four numbers")
    self.stem = stem
    conv1 = resNetConvolution(
      channels, 64, window: stem == .large ? 7 : 3, stride: stem == .large ? 2 : 1, &random)
    bn1 = BatchNorm(64, activation: .relu)
    var inputs = 64
    let layers = blocks.enumerated().map { index, count in
      let planes = 64 << index
      return Sequential(
        (0..<count).map { position in
          defer { inputs = planes * Block.expansion }
          return Block(
            inputs: inputs, planes: planes, stride: index > 0 && position == 0 ? 2 : 1,
            random: &random)
        })
    }
    (layer1, layer2, layer3, layer4) = (layers[0], layers[1], layers[2], layers[3])
    fc = Linear(inputs, classes, random: &random)
  }

  /// The maps in front of the classifier, `[batch, height, width, features]`.
  public func features(_ x: Tensor, _ context: Context) -> Tensor {
    let z = conv1(x, context)
    let h =
      stem == .large
      ? bn1(z, maxima: MaxPool2d(window: 3, stride: 2, padding: 1), context) : bn1(z, context)
    return layer4(layer3(layer2(layer1(h, context), context), context), context)
  }

  /// Logits of pooled maps, `[batch, features]` to `[batch, classes]`.
  public func classify(_ pooled: Tensor, _ context: Context) -> Tensor { fc(pooled, context) }

  /// `fc`
  public var classifierPath: String { "fc" }
}

extension ResNet where Block == BasicBlock {
  /// ResNet-18: 11.7 million weights with 1,000 classes.
  public static func resNet18(
    channels: Int = 3, classes: Int, stem: ResNetStem = .large, random: inout Philox
  ) -> Self {
    Self(blocks: [2, 2, 2, 2], channels: channels, classes: classes, stem: stem, random: &random)
  }

  /// ResNet-34: 21.8 million weights with 1,000 classes.
  public static func resNet34(
    channels: Int = 3, classes: Int, stem: ResNetStem = .large, random: inout Philox
  ) -> Self {
    Self(blocks: [3, 4, 6, 3], channels: channels, classes: classes, stem: stem, random: &random)
  }
}

extension ResNet where Block == Bottleneck {
  /// ResNet-50: 25.6 million weights with 1,000 classes.
  public static func resNet50(
    channels: Int = 3, classes: Int, stem: ResNetStem = .large, random: inout Philox
  ) -> Self {
    Self(blocks: [3, 4, 6, 3], channels: channels, classes: classes, stem: stem, random: &random)
  }
}

/// A convolution without bias, padded so that stride 1 keeps the size, with He's weights along the fan out.
func resNetConvolution(
  _ inputs: Int, _ outputs: Int, window: Int, stride: Int, _ random: inout Philox
) -> Conv2d {
  Conv2d(
    inputs, outputs, window: Extent(window),
    .init(stride: Extent(stride), padding: Padding(window / 2)), bias: false,
    weightInitializer: .heNormal(fan: .output), random: &random)
}

/// A 1×1 convolution and a normalisation for a shortcut whose shape changes; nil where it does not.
private func resNetDownsample(
  _ inputs: Int, _ outputs: Int, stride: Int, _ random: inout Philox
) -> Sequential? {
  guard stride != 1 || inputs != outputs else { return nil }
  return Sequential([
    resNetConvolution(inputs, outputs, window: 1, stride: stride, &random), BatchNorm(outputs),
  ])
}
