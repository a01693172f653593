/// Points in the plane as a small square without ticks, for figures that set many side by side.
public struct PointCloud: Equatable, Sendable {
  /// What stands above it.
  public var title: String
  /// Horizontal coordinates, as many as ``y``.
  public var x: [Double]
  /// Vertical coordinates; a point that is not finite is left out.
  public var y: [Double]
  /// Which of the figures' colours the points have, from 0.
  public var color: Int

  /// Makes a cloud of points (x, y); both have the same length.
  public init(_ title: String, x: [Double], y: [Double], color: Int = 0) {
    require(
      x.count == y.count,
      "PointCloud \"\(title)\": \(x.count) values of x and \(y.count) of y; there must be as many")
    require(color >= 0, "PointCloud \"\(title)\": color \(color); it has to be at least 0")
    self.title = title
    self.x = x
    self.y = y
    self.color = color
  }

  /// Draws the points into a square, where both axes cover the same range.
  func drawPoints(in square: Rectangle, range: ClosedRange<Double>, on canvas: inout SVGCanvas) {
    let scale = square.width / max(range.upperBound - range.lowerBound, 1e-300)
    let places = zip(x, y).map { x, y -> Polyline.Point? in
      guard range.contains(x), range.contains(y) else { return nil }
      return (
        square.x + (x - range.lowerBound) * scale, square.bottom - (y - range.lowerBound) * scale
      )
    }
    canvas.add(
      "path",
      [
        "d": Polyline.dots(places), "class": "dots \(FigureStyle.stroke(color))",
        "stroke-width": Markup.number(max(1.4, square.width / 130)), "stroke-opacity": "0.6",
      ])
  }

  /// Draws the title above the square, and the square's edge.
  func drawFrame(around square: Rectangle, on canvas: inout SVGCanvas) {
    if !title.isEmpty {
      canvas.text(
        TextMetrics.fit(title, into: square.width), x: square.x + square.width / 2,
        y: square.y - 8, class: "muted", anchor: .middle)
    }
    canvas.add(
      "rect",
      [
        "x": Markup.number(square.x), "y": Markup.number(square.y),
        "width": Markup.number(square.width), "height": Markup.number(square.height), "rx": "4",
        "fill": "none", "class": "grid",
      ])
  }
}

/// Clouds of points side by side, all on the same axes.
public struct PointCloudGrid: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// The clouds, row by row.
  public var clouds: [PointCloud]
  /// How many stand in a row, at least 1.
  public var columns: Int
  /// What both axes cover; points outside are left out.
  public var range: ClosedRange<Double>
  /// Pixels; the height follows.
  public var width: Double

  /// Makes a grid of clouds.
  public init(
    title: String? = nil, clouds: [PointCloud], columns: Int = 6, range: ClosedRange<Double>,
    width: Double = 900
  ) {
    require(columns >= 1, "PointCloudGrid: \(columns) columns; at least 1 is needed")
    self.title = title
    self.clouds = clouds
    self.columns = columns
    self.range = range
    self.width = width
  }

  /// The grid as an SVG document.
  public func svg() -> String {
    let (margin, gap, head) = (16.0, 14.0, 26.0)
    let side = max((width - 2 * margin - Double(columns - 1) * gap) / Double(columns), 20)
    let top = title == nil ? 8.0 : 38
    let rows = (clouds.count + columns - 1) / columns
    var canvas = SVGCanvas(
      width: width, height: top + Double(rows) * (side + head) + margin)
    if let title { canvas.text(title, x: margin, y: 26, class: "ink title") }
    for (index, cloud) in clouds.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let square = Rectangle(
        x: margin + Double(column) * (side + gap), y: top + Double(row) * (side + head) + head,
        width: side, height: side)
      cloud.drawFrame(around: square, on: &canvas)
      cloud.drawPoints(in: square, range: range, on: &canvas)
    }
    return canvas.document(label: title ?? "\(clouds.count) clouds of points")
  }
}
