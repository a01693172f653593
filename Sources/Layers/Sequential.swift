import Tensors

/// Layers one after the other. State: that of each under its position, `0.weight`.
///
/// ```swift
/// let model = Sequential {
///   Flatten()
///   Linear(784, 50, activation: .relu, random: &random)
///   Linear(50, 10, random: &random)
/// }
/// ```
public struct Sequential: Layer {
  /// A sequence.
  public static let kind = LayerKind.sequence
  /// The layers in the order of their calls.
  public let layers: [any Layer]

  /// Layers in the order of their calls; with none the input goes through.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// Layers written one below the other.
  public init(@SequentialBuilder _ layers: () -> [any Layer]) { self.layers = layers() }

  /// The output of the last layer. A batch normalisation and the maxima behind it are one pass.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var y = x
    var rest = layers[...]
    while let layer = rest.popFirst() {
      if let norm = layer as? BatchNorm, let pool = rest.first as? MaxPool2d {
        y = norm(y, maxima: pool, context)
        rest.removeFirst()
      } else {
        y = layer(y, context)
      }
    }
    return y
  }
}

/// Puts together the layers of a ``Sequential``; `if` and `for` may stand between them.
@resultBuilder
public enum SequentialBuilder {
  /// One layer.
  public static func buildExpression(_ layer: some Layer) -> [any Layer] { [layer] }
  /// Several layers, in order.
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  /// Layers that are there or not.
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  /// One of two choices.
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  /// The other of two choices.
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  /// Layers of a loop.
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Sequential", group: .layer) { sampler in
    [
      (1, 1, 1, 1), (1, 2, 3, 2), (4, 7, 9, 5), (3, 8, 7, 1), (2, 9, 8, 3), (5, 1, 15, 2),
      (2, 15, 4, 7), (3, 5, 16, 8), (7, 3, 17, 4), (2, 17, 2, 9), (0, 3, 4, 2),
    ].map { batch, inputs, hidden, outputs in
      let x = sampler.parameter([batch, inputs])
      let first = Linear(
        weight: sampler.parameter([hidden, inputs]), bias: sampler.parameter([hidden]))
      let second = Linear(weight: sampler.parameter([outputs, hidden]))
      let model = Sequential([first, Tanh(), second])
      return .init(
        "batch \(batch) \(inputs)-\(hidden)-\(outputs)",
        [x, first.weight, first.bias!, second.weight],
        byHand: { dy in
          let h = tanh(first(x.value, .inference))
          let dz = matmul(dy, second.weight.value) * (1 - h * h)
          return [
            matmul(dz, first.weight.value), matmul(dz, x.value, transposeA: true),
            sum(dz, axis: 0), matmul(dy, h, transposeA: true),
          ]
        }
      ) { model(x.value, .inference) }
    }
  }
}
