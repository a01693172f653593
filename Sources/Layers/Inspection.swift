import Tensors

/// Looks into a network while it runs: sees what every layer gives, may put something else in its place, and may
/// change how rectifiers let cotangents through. Not for training: it costs a walk through each layer's properties.
public final class Inspection {
  /// How cotangents pass a rectifier.
  public enum Rectifiers: Sendable {
    /// Where its output is positive.
    case plain
    /// Where its output and the cotangent are positive: guided backpropagation.
    ///
    /// Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for simplicity: the all convolutional net",
    /// ICLR 2015 workshop.
    case guided
  }

  /// A layer and what it is called: its path in the model, `layer1.0.conv1`, where it has parameters with names, and
  /// its type.
  public struct NamedLayer: Sendable, CustomStringConvertible {
    /// The layer.
    public let layer: any Layer
    /// The path; empty for a layer without parameters of its own.
    public let path: String
    /// The type: `Conv2d`.
    public let type: String
    /// `layer1.0.conv1 (Conv2d)`
    public var description: String { path.isEmpty ? type : "\(path) (\(type))" }
  }

  /// How cotangents pass rectifiers.
  public let rectifiers: Rectifiers
  private let onOutput: (NamedLayer, Tensor) -> Void
  private let replacing: ((NamedLayer, Tensor) -> Tensor?)?

  /// - Parameters:
  ///   - rectifiers: how cotangents pass them.
  ///   - onOutput: is called with every layer and what the network goes on with, inner layers first, with its place
  ///     on the open tape.
  ///   - replacing: is called with every layer and its output, inner layers first, and gives what the network goes
  ///     on with in its place, of the same shape and type; nil leaves it as it is.
  public init(
    rectifiers: Rectifiers = .plain,
    onOutput: @escaping (NamedLayer, Tensor) -> Void = { _, _ in },
    replacing: ((NamedLayer, Tensor) -> Tensor?)? = nil
  ) {
    self.rectifiers = rectifiers
    self.onOutput = onOutput
    self.replacing = replacing
  }

  /// What the network goes on with after a layer's output.
  func saw(_ output: Tensor, of layer: any Layer) -> Tensor {
    let named = NamedLayer(
      layer: layer, path: path(of: layer) ?? "", type: "\(type(of: layer))")
    let next = replacing?(named, output) ?? output
    require(
      next.shape == output.shape && next.dtype == output.dtype,
      "Inspection: the output of \(named), \(output.shape) \(output.dtype), was replaced by one of "
        + "\(next.shape) \(next.dtype); it has to be of the same shape and type")
    onOutput(named, next)
    return next
  }
}

extension Context {
  /// The rectifier of this context.
  func rectify(_ x: Tensor) -> Tensor {
    inspection?.rectifiers == .guided ? guidedReLU(x) : relu(x)
  }

  /// What a layer may fuse with its own operation: a guided rectifier has to be an operation of its own.
  func fusable(_ activation: Activation) -> Activation {
    inspection?.rectifiers == .guided ? .identity : activation
  }

  /// The rest of what ``fusable(_:)`` left out.
  func finish(_ x: Tensor, _ activation: Activation) -> Tensor {
    inspection?.rectifiers == .guided && activation == .relu ? guidedReLU(x) : x
  }
}
