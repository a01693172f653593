/// Something that draws itself.
public protocol Figure: Sendable {
  /// A whole SVG document, the same bytes for the same figure, readable on light and dark ground.
  func svg() -> String
}
