/// A named row of points.
public struct Series: Equatable, Sendable {
  /// The name in the legend; no entry where it is empty.
  public var name: String
  /// Horizontal coordinates, as many as ``y``.
  public var x: [Double]
  /// Vertical coordinates; a value that is not finite makes a gap.
  public var y: [Double]
  /// Whether each point of a line is marked with a dot.
  public var hasMarkers: Bool
  /// The number of its colour, as of the curve at that place, so that the same thing looks the same in all plots; nil
  /// for its own place.
  public var color: Int?

  /// Makes a series of points (x, y); both have the same length.
  public init(
    _ name: String, x: [Double], y: [Double], hasMarkers: Bool = false, color: Int? = nil
  ) {
    require(
      x.count == y.count,
      "Series \"\(name)\": \(x.count) values of x and \(y.count) of y; there must be as many")
    self.name = name
    self.x = x
    self.y = y
    self.hasMarkers = hasMarkers
    self.color = color
  }

  /// Makes a series of values one step apart, the first at `start`.
  public init(
    _ name: String, values: [Double], start: Double = 0, step: Double = 1,
    hasMarkers: Bool = false
  ) {
    self.init(
      name, x: values.indices.map { start + Double($0) * step }, y: values,
      hasMarkers: hasMarkers)
  }

  /// Makes a series of single-precision values one step apart, the first at `start`.
  public init(
    _ name: String, values: [Float], start: Double = 0, step: Double = 1,
    hasMarkers: Bool = false
  ) {
    self.init(
      name, values: values.map(Double.init), start: start, step: step, hasMarkers: hasMarkers)
  }
}
