import Layers
import Tensors

/// A perceptron whose layers have normalised weights, with dropout in front of the first of them.
///
/// T. Salimans and D. P. Kingma, "Weight Normalization", NeurIPS 2016; rectified hidden layers, a linear last
/// layer.
public struct WeightNormalizedPerceptron: Layer {
  /// The affine layers, from the input to the output: `layers.0.weight_v`, `layers.0.weight_g`,
  /// `layers.0.bias`, …
  public let layers: [WeightNormalizedLinear]
  private let dropout: Dropout
  private let droppedLayers: Int

  /// Weights are drawn as He et al. do for rectifiers (normal, fan-in), biases are 0.
  ///
  /// - Parameters:
  ///   - widths: inputs, hidden units of each layer, outputs; at least two.
  ///   - dropout: the probability with which an input of a layer is dropped in training.
  ///   - droppedLayers: how many layers, from the first, have dropout in front.
  ///   - random: draws the weights.
  public init(
    widths: [Int], dropout: Double = 0, droppedLayers: Int = 0, random: inout Philox
  ) {
    require(
      widths.count >= 2,
      "WeightNormalizedPerceptron: widths \(widths); at least inputs and outputs are needed")
    layers = (1..<widths.count).map { index in
      WeightNormalizedLinear(
        widths[index - 1], widths[index],
        activation: index + 1 < widths.count ? .relu : .identity, weightInitializer: .heNormal(),
        biasInitializer: .zeros, random: &random)
    }
    self.dropout = Dropout(dropout)
    self.droppedLayers = droppedLayers
  }

  /// Logits of rows of features.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs]`.
  ///   - context: whether dropout drops, and what it draws from.
  /// - Returns: `[batch, outputs]`.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var h = x
    for (index, layer) in layers.enumerated() {
      h = layer(index < droppedLayers ? dropout(h, context) : h, context)
    }
    return h
  }
}
