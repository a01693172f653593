import Layers
import Tensors

/// A small network of the VGG kind for images of 32 × 32 pixels: eight 3×3 convolutions, each with batch
/// normalisation and rectifier, five 3×3 maxima of stride 2, one linear layer.
///
/// Channels 64 P 128 P 256 256 P 512 512 P 512 512 P. State: `layers.N` in this order, `linear`.
/// After Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
public struct SmallVGG: ImageNetwork {
  /// Convolutions, normalisations and maxima in their order.
  public let layers: Sequential
  /// The classifier.
  public let linear: Linear

  /// - Parameters:
  ///   - channels: of the images.
  ///   - classes: outputs.
  ///   - random: draws the weights, as PyTorch's `nn.Conv2d` and `nn.Linear` do by default.
  public init(channels: Int = 3, classes: Int = 10, random: inout Philox) {
    var inputs = channels
    var stack: [any Layer] = []
    for group in [[64], [128], [256, 256], [512, 512], [512, 512]] {
      for outputs in group {
        stack.append(Conv2d(inputs, outputs, window: 3, .init(padding: 1), random: &random))
        stack.append(BatchNorm(outputs, activation: .relu))
        inputs = outputs
      }
      stack.append(MaxPool2d(window: 3, stride: 2, padding: 1))
    }
    layers = Sequential(stack)
    linear = Linear(inputs, classes, random: &random)
  }

  /// The maps in front of the classifier: of images of 32 × 32 a single position, `[batch, 1, 1, 512]`.
  public func features(_ x: Tensor, _ context: Context) -> Tensor { layers(x, context) }

  /// Logits of pooled maps, `[batch, 512]` to `[batch, classes]`.
  public func classify(_ pooled: Tensor, _ context: Context) -> Tensor { linear(pooled, context) }

  /// `linear`
  public var classifierPath: String { "linear" }
}
