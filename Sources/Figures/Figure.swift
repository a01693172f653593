/// Something that draws itself.
public protocol Figure: Sendable {
  /// A whole SVG document, the same bytes for the same figure, readable on light and dark ground.
  func svg() -> String
}

/// Stops with `message` where a caller broke the contract; prints under `-O` too, which `precondition` does not.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}
