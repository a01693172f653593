import Layers
import Tensors

extension Score {
  /// How much the score changes with each pixel, at its strongest channel.  m = max_c |∂y/∂x_c|
  ///
  /// Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks: visualising image classification models
  /// and saliency maps", ICLR 2014 workshop, section 3.
  ///
  /// - Parameter x: `[batch, height, width, channels]`.
  /// - Returns: `[batch, height, width]`.
  public func saliency(of x: Tensor) -> Tensor { channelMaximum(of: gradient(at: x).gradient) }

  /// The gradient as far as it went through positive cotangents at every rectifier, of the shape of x.
  ///
  /// Not a derivative: it shows what speaks for the score. Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving
  /// for simplicity: the all convolutional net", ICLR 2015 workshop.
  ///
  /// - Parameter x: `[batch, …]`.
  public func guidedGradient(at x: Tensor) -> Tensor {
    gradient(at: x, rectifiers: .guided).gradient
  }
}

/// The largest magnitude among the channels of each pixel.  m = max_c |a_c|
///
/// - Parameter a: `[batch, height, width, channels]`, such as a gradient.
/// - Returns: `[batch, height, width]`.
public func channelMaximum(of a: Tensor) -> Tensor {
  require(
    a.rank == 4, "channelMaximum: shape \(a.shape); it has to be [batch, height, width, channels]")
  // |a| = max(a, 0) + max(−a, 0): one of the two is zero.
  return maximum(relu(a) + relu(-a), axis: 3)
}

/// The sum over the channels of each pixel, with its sign.
///
/// - Parameter a: `[batch, height, width, channels]`, such as integrated gradients.
/// - Returns: `[batch, height, width]`.
public func channelSum(of a: Tensor) -> Tensor {
  require(
    a.rank == 4, "channelSum: shape \(a.shape); it has to be [batch, height, width, channels]")
  return sum(a, axis: 3)
}
