/// A NaN or an infinity, and the operation that made it.
public struct NonFiniteError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The layer's path, if a layer was running: `hidden (Linear)`.
  public let layer: String?
  /// The operation's name.
  public let operation: String
  /// Whether it was met on the way back.
  public let isBackward: Bool
  /// The shape of the tensor it was met in.
  public let shape: Shape
  /// How many of its elements are not finite.
  public let count: Int
  /// The smallest and the largest finite element, if there are any.
  public let range: ClosedRange<Double>?
  /// Where in training it was met, if it was: `step 7 (epoch 1, batch 7)`.
  public var place: String?

  /// One sentence with all of these.
  public var description: String {
    let began = place.map { "\($0): " } ?? ""
    let inLayer = layer.map { " in layer \($0)" } ?? ""
    let step = isBackward ? "the gradient through operation" : "operation"
    let finite =
      range.map { "the others lie between \($0.lowerBound) and \($0.upperBound)" }
      ?? "there are no others"
    return
      "\(began)\(step) \(operation)\(inLayer) made \(count) of \(shape.count) elements of a tensor of "
      + "shape \(shape) NaN or infinite; \(finite)"
  }
}

/// Looks at every tensor that passes, and keeps the first that is not finite.
final class FiniteWatch {
  private(set) var found: NonFiniteError?
  private var layersOfRecords: [String?] = []

  /// To be called once for each record of the tape, in their order.
  func look(at tensor: Tensor, after operation: StaticString) {
    let layer = RunningLayer.innermostName
    layersOfRecords.append(layer)
    look(at: tensor, "\(operation)", in: layer, isBackward: false)
  }

  /// To be called for the inputs' gradients of a record, by its position on the tape.
  func look(at tensor: Tensor, backThrough operation: StaticString, record: Int) {
    look(at: tensor, "\(operation)", in: layersOfRecords[record], isBackward: true)
  }

  private func look(
    at tensor: Tensor, _ operation: String, in layer: String?, isBackward: Bool
  ) {
    guard found == nil else { return }
    let range = finiteRange(of: tensor)
    guard range.bad > 0 else { return }
    found = NonFiniteError(
      layer: layer, operation: operation, isBackward: isBackward,
      shape: tensor.shape, count: range.bad,
      range: range.least <= range.greatest ? range.least...range.greatest : nil)
  }
}

/// How many elements are NaN or infinite, and the range of those that are not.
func finiteRange(of tensor: Tensor) -> (bad: Int, least: Double, greatest: Double) {
  // Widened, a bfloat16 is what it was.
  let tensor = tensor.dtype == .bfloat16 ? tensor.detached.converted(to: .float32) : tensor
  let found = Storage(byteCount: 3 * MemoryLayout<Double>.size)
  finiteRangeKernel.run(tensor.dtype, .init(tensor.count), tensor.storage, into: found)
  return (
    Int(found.element(0, as: Double.self)), found.element(1, as: Double.self),
    found.element(2, as: Double.self)
  )
}

private let finiteRangeKernel = Kernel("finite_range")

extension Tensor {
  /// Whether no element is NaN or infinite.
  public var isFinite: Bool { nonFiniteCount == 0 }
  /// How many elements are NaN or infinite.
  public var nonFiniteCount: Int { finiteRange(of: self).bad }
}
