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
  private static var multiplyingTypes: [String] {
    ["Conv2d", "WeightNormalizedConv2d", "Linear", "WeightNormalizedLinear"]
  }

  /// The multiplications that one image takes in convolutions and linear layers, as they are counted for papers: what
  /// falls on padding counts too, normalisation and activations do not.
  ///
  /// Counted while an image of zeros goes through. Gives the parameters their names in this network, see
  /// `namedParameters(of:)`: if it is a part of a model in training, name those of the whole again afterwards, for its
  /// optimiser keeps its state under them.
  ///
  /// - Parameter image: `[height, width, channels]`.
  public func multiplications(image: Shape) -> Int {
    let parameters = namedParameters(of: self)
    let weights = Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.name, $0.parameter.shape) })
    var count = 0
    let inspection = Inspection { name, output in
      guard
        let weight = weights["\(name.path).weight"] ?? weights["\(name.path).weight_v"],
        weight.rank > 1, Self.multiplyingTypes.contains(name.type)
      else { return }
      // A convolution's weight has its outputs in front, as a linear layer's has.
      count += output.count * (weight.count / weight[0])
    }
    let x = Tensor.zeros(
      Shape([1] + image.lengths), dtype: parameters.first?.parameter.dtype ?? .float32)
    _ = self(x, Context.inference.inspected(by: inspection))
    return count
  }
}
