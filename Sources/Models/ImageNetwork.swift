import Layers
import Tensors

/// A convolutional classifier in two halves: maps of features, and logits of their means.
///
/// What looks into a network (Grad-CAM, feature maps) and what fine-tunes it need the place between the halves.
public protocol ImageNetwork: Layer {
  /// The maps in front of the classifier, `[batch, height, width, features]`, of images `[batch, height, width,
  /// channels]`.
  func features(_ x: Tensor, _ context: Context) -> Tensor
  /// Logits of pooled maps, float32 or float64 `[batch, features]` to `[batch, classes]`.
  func classify(_ pooled: Tensor, _ context: Context) -> Tensor
}

extension ImageNetwork {
  /// Logits of images: features, the mean over their positions, the classifier.
  ///
  /// Of bfloat16 images the means are taken up to float32, so that logits and loss are float32.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let pooled = globalAveragePool(features(x, context))
    return classify(
      pooled.dtype == .bfloat16 ? pooled.converted(to: .float32) : pooled, context)
  }
}
