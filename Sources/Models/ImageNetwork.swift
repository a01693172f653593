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
  /// The path of the classifier in its state: what fine-tuning replaces.
  var classifierPath: String { get }
}

extension ImageNetwork {
  /// Logits of images: features, the mean over their positions, the classifier.
  ///
  /// Of bfloat16 images the means are taken up to float32, so that logits and loss are float32.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    logits(ofMaps: features(x, context), context)
  }

  /// Logits of the maps in front of the classifier: the mean over their positions, the classifier.
  public func logits(ofMaps maps: Tensor, _ context: Context) -> Tensor {
    let pooled = globalAveragePool(maps)
    return classify(
      pooled.dtype == .bfloat16 ? pooled.converted(to: .float32) : pooled, context)
  }
}

extension ImageNetwork {
  /// The multiplications that one image takes in all layers, as they are counted for papers: what falls on padding
  /// counts too, normalisation and activations do not.
  ///
  /// Counted while an image of zeros goes through.
  ///
  /// - Parameter image: `[height, width, channels]`.
  public func multiplications(image: Shape) -> Int {
    var count = 0
    let inspection = Inspection { named, output in
      count += named.layer.multiplications(output: output.shape)
    }
    let x = Tensor.zeros(Shape([1] + image.lengths), dtype: dtype(of: self) ?? .float32)
    _ = self(x, Context.inference.inspected(by: inspection))
    return count
  }
}
