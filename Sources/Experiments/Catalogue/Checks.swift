import Tensors

/// Throws if a setting is not in its range.
func check<Value: Comparable>(
  _ name: String, _ value: Value, in range: ClosedRange<Value>
) throws {
  guard range.contains(value) else {
    throw AdjointError(
      .usage, "\(name)=\(value): has to be in \(range.lowerBound) … \(range.upperBound)")
  }
}
