import Layers
import Tensors

/// A block of the residual network for CIFAR-10: two 3×3 convolutions; a shortcut whose shape changes takes every
/// second pixel and adds channels of zeros, without weights ("option A").
public struct CIFARBlock: Layer {
  let conv1: Conv2d
  let bn1: BatchNorm
  let conv2: Conv2d
  let bn2: BatchNorm
  private let stride: Int
  private let added: Int

  init(inputs: Int, planes: Int, stride: Int, random: inout Philox) {
    conv1 = resNetConvolution(inputs, planes, window: 3, stride: stride, &random)
    bn1 = BatchNorm(planes, activation: .relu)
    conv2 = resNetConvolution(planes, planes, window: 3, stride: 1, &random)
    bn2 = BatchNorm(planes, activation: .relu)
    self.stride = stride
    added = planes - inputs
  }

  /// `[batch, height, width, inputs]` to `[batch, height / stride, width / stride, planes]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let h = conv2(bn1(conv1(x, context), context), context)
    return bn2(h, adding: shortcut(x), context)
  }

  private func shortcut(_ x: Tensor) -> Tensor {
    guard stride > 1 || added > 0 else { return x }
    let thinned = averagePool2D(x, window: 1, stride: Extent(stride))
    return pad(thinned, axis: 3, before: added / 2, after: added - added / 2)
  }
}

/// The residual network of 6n + 2 layers for images of 32 × 32 pixels, with the names of its usual PyTorch
/// form: `conv1`, `bn1`, `layer1.0.conv1` … `layer3`, `linear`.
///
/// He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.
public struct CIFARResNet: ImageNetwork {
  let conv1: Conv2d
  let bn1: BatchNorm
  let layer1, layer2, layer3: Sequential
  /// The classifier.
  public let linear: Linear

  /// - Parameters:
  ///   - depth: 6n + 2: 20, 32, 44, 56, 110.
  ///   - channels: of the images.
  ///   - classes: outputs.
  ///   - random: draws the weights: of convolutions normal with variance 2 / fan out, of the classifier as
  ///     PyTorch's `nn.Linear`.
  public init(depth: Int, channels: Int = 3, classes: Int = 10, random: inout Philox) {
    require(
      depth >= 8 && depth % 6 == 2,
      "CIFARResNet: depth \(depth); it has to be 6n + 2, such as 20, 32, 44, 56")
    conv1 = resNetConvolution(channels, 16, window: 3, stride: 1, &random)
    bn1 = BatchNorm(16, activation: .relu)
    var inputs = 16
    let layers = [16, 32, 64].map { planes in
      Sequential(
        (0..<(depth - 2) / 6).map { position in
          defer { inputs = planes }
          return CIFARBlock(
            inputs: inputs, planes: planes, stride: planes > 16 && position == 0 ? 2 : 1,
            random: &random)
        })
    }
    (layer1, layer2, layer3) = (layers[0], layers[1], layers[2])
    linear = Linear(64, classes, random: &random)
  }

  /// The maps in front of the classifier, `[batch, 8, 8, 64]` of images of 32 × 32.
  public func features(_ x: Tensor, _ context: Context) -> Tensor {
    layer3(layer2(layer1(bn1(conv1(x, context), context), context), context), context)
  }

  /// Logits of pooled maps, `[batch, 64]` to `[batch, classes]`.
  public func classify(_ pooled: Tensor, _ context: Context) -> Tensor { linear(pooled, context) }

  /// `linear`
  public var classifierPath: String { "linear" }
}
