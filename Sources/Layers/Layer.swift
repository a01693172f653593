import Tensors

/// A function of one tensor with parameters: a struct over `Parameter` and `Buffer`.
///
/// A model is a layer whose stored properties are layers; their names are the names of its state, see
/// ``namedParameters(of:)``. A layer writes `forward` and is called as `layer(x, context)`.
///
/// ```swift
/// struct Perceptron: Layer {
///   let fc1, fc2: Linear
///   func forward(_ x: Tensor, _ context: Context) -> Tensor { fc2(fc1(x, context), context) }
/// }
/// ```
public protocol Layer: Sendable {
  /// The output for a batch; not to be called by others, who would leave the layer out of messages.
  func forward(_ x: Tensor, _ context: Context) -> Tensor

  /// What it is to those who look into a network; `other` where a layer does not say.
  static var kind: LayerKind { get }

  /// The multiplications by weights that an output of a shape takes, as they are counted for papers: those on padding
  /// too, those of layers inside, of normalisation and of activations not; 0 where a layer does not say.
  func multiplications(output: Shape) -> Int
}

/// What a layer is to those who look into a network.
public enum LayerKind: Sendable {
  /// Layers one after the other and nothing else, of which the last gives what it gives.
  case sequence
  /// Brings values to a common mean or scale.
  case normalization
  /// Anything else.
  case other
}

extension Layer {
  /// A layer of no particular kind.
  public static var kind: LayerKind { .other }

  /// 0, as of a layer without weights that multiply its input.
  public func multiplications(output: Shape) -> Int { 0 }

  /// The output for a batch.
  @inline(__always)
  public func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor {
    // As ``run(_:_:)`` does it; a closure handed on would be felt in small networks.
    let y = inLayer(self, named: qualifiedName) { forward(x, context) }
    if let inspection = context.inspection { return inspection.saw(y, of: self) }
    return y
  }

  /// Runs what a layer does beside its `forward` as its work: messages name it, and who looks into the network sees its
  /// output, or puts another in its place.
  @inline(__always)
  func run(_ context: Context, _ body: () -> Tensor) -> Tensor {
    let y = inLayer(self, named: qualifiedName, body)
    if let inspection = context.inspection { return inspection.saw(y, of: self) }
    return y
  }
}

/// The layer's path in its model and its type, `layer1.0.fc1 (Linear)`, or the type alone where it has no
/// named parameter of its own.
func qualifiedName(of layer: Any) -> String {
  let type = "\(Swift.type(of: layer))"
  return path(of: layer).map { "\($0) (\(type))" } ?? type
}

/// The layer's path in its model, as the names of its parameters tell it; nil where there are none.
func path(of layer: Any) -> String? {
  var state = StateVisitor()
  state.visit(layer)
  for item in state.items {
    guard case .parameter(let parameter) = item.holder else { continue }
    let suffix = ".\(item.path)"
    if parameter.name.hasSuffix(suffix) { return String(parameter.name.dropLast(suffix.count)) }
  }
  return nil
}
