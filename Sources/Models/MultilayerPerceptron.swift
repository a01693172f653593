import Layers
import Tensors

/// A perceptron with rectified hidden layers and a linear last layer.
///
/// D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating
/// errors", Nature 323 (1986), doi:10.1038/323533a0; the rectifier is that of V. Nair and G. E. Hinton,
/// "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
public struct MultilayerPerceptron: Layer {
  /// The affine layers, from the input to the output: `layers.0.weight`, `layers.0.bias`, …
  public let layers: [Linear]

  /// - Parameters:
  ///   - widths: inputs, hidden units of each layer, outputs; at least two.
  ///   - weightInitializer: what the weights begin with; by default as those of PyTorch's `nn.Linear`.
  ///   - biasInitializer: what the biases begin with.
  ///   - random: draws them.
  public init(
    widths: [Int], weightInitializer: Initializer = .pytorchDefault,
    biasInitializer: Initializer = .pytorchDefault, random: inout Philox
  ) {
    require(
      widths.count >= 2,
      "MultilayerPerceptron: widths \(widths); at least inputs and outputs are needed")
    layers = (1..<widths.count).map { index in
      Linear(
        widths[index - 1], widths[index],
        activation: index + 1 < widths.count ? .relu : .identity,
        weightInitializer: weightInitializer, biasInitializer: biasInitializer, random: &random)
    }
  }

  /// The network of given layers.
  public init(layers: [Linear]) { self.layers = layers }

  /// Logits of rows of features.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs]`.
  ///   - context: handed on to the layers.
  /// - Returns: `[batch, outputs]`.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var h = x
    for layer in layers { h = layer(h, context) }
    return h
  }
}
