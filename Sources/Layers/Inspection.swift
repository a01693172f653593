import Tensors

/// Looks into a network while it runs: sees what every layer gives, and may change how rectifiers let cotangents
/// through. Not for training: it costs a walk through each layer's properties.
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

  /// What a layer is called: its path in the model, `layer1.0.conv1`, where it has parameters with names, and its type.
  public struct Name: Hashable, Sendable, CustomStringConvertible {
    /// The path; empty for a layer without parameters of its own.
    public let path: String
    /// The type: `Conv2d`.
    public let type: String
    /// `layer1.0.conv1 (Conv2d)`
    public var description: String { path.isEmpty ? type : "\(path) (\(type))" }
  }

  /// How cotangents pass rectifiers.
  public let rectifiers: Rectifiers
  private let onOutput: (Name, Tensor) -> Void

  /// - Parameters:
  ///   - rectifiers: how cotangents pass them.
  ///   - onOutput: is called with every layer and its output, inner layers first, with its place on the open tape.
  public init(
    rectifiers: Rectifiers = .plain, onOutput: @escaping (Name, Tensor) -> Void = { _, _ in }
  ) {
    self.rectifiers = rectifiers
    self.onOutput = onOutput
  }

  func saw(_ output: Tensor, of layer: Any) {
    onOutput(Name(path: path(of: layer) ?? "", type: "\(type(of: layer))"), output)
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
