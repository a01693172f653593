/// Repeated measurements of several things: a row of points for each, with their mean and their spread.
public struct StripPlot: Figure {
  /// One thing that was measured several times.
  public struct Row: Equatable, Sendable {
    /// The name at the left.
    public var name: String
    /// What was measured; a value that is not finite has no point.
    public var values: [Double]
    /// Their mean, drawn as a stroke; a mean that is not finite is not drawn.
    public var mean: Double
    /// How far the bar goes to either side of the mean; no bar where left out.
    public var spread: Double?
    /// The text at the right.
    public var label: String
    /// Whether the others are held against this one: a broken line goes through all rows at its mean.
    public var isReference: Bool

    /// Makes a row.
    public init(
      _ name: String, values: [Double], mean: Double, spread: Double? = nil, label: String = "",
      isReference: Bool = false
    ) {
      self.name = name
      self.values = values
      self.mean = mean
      self.spread = spread
      self.label = label
      self.isReference = isReference
    }
  }

  /// The heading; none where left out.
  public var title: String?
  /// What is measured.
  public var axis: Axis
  /// The rows from top to bottom.
  public var rows: [Row]
  /// Pixels; the height follows from the number of rows.
  public var width: Double

  /// Makes a plot of rows of points.
  public init(title: String? = nil, axis: Axis, rows: [Row], width: Double = 640) {
    self.title = title
    self.axis = axis
    self.rows = rows
    self.width = width
  }

  private static let pitch = 34.0

  /// The plot as an SVG document.
  public func svg() -> String {
    let top = title == nil ? 12.0 : 40
    let height = Self.pitch * Double(rows.count)
    var canvas = SVGCanvas(
      width: width, height: top + height + (axis.caption.isEmpty ? 30 : 50))
    if let title {
      canvas.text(
        TextMetrics.fit(title, into: width - 32, size: 15), x: 16, y: 24, class: "ink title")
    }
    let names = min((rows.map { TextMetrics.width($0.name) }.max() ?? 0) + 28, width / 2)
    let labels = rows.map { TextMetrics.width($0.label) }.max() ?? 0
    let area = Rectangle(
      x: names, y: top, width: max(width - names - labels - 28, 1), height: height)
    let ends = rows.flatMap { row in
      row.values + [row.mean - (row.spread ?? 0), row.mean + (row.spread ?? 0)]
    }
    let layout = AxisLayout(
      axis, values: ends, count: max(2, Int(area.width / 70)), roundedOut: true)
    func across(_ value: Double) -> Double? {
      layout.position(value).map { area.x + min(max($0, 0), 1) * area.width }
    }
    for tick in layout.ticks {
      let x = area.x + tick.position * area.width
      canvas.line(from: (x, area.y), to: (x, area.bottom), class: "grid")
      canvas.text(tick.label, x: x, y: area.bottom + 19, class: "muted", anchor: .middle)
    }
    canvas.line(from: (area.x, area.bottom), to: (area.right, area.bottom), class: "axis")
    if !axis.caption.isEmpty {
      canvas.text(
        axis.caption, x: area.x + area.width / 2, y: canvas.height - 12, class: "muted",
        anchor: .middle)
    }
    for row in rows where row.isReference {
      guard let x = across(row.mean) else { continue }
      canvas.add(
        "path",
        [
          "d": "M\(Markup.number(x)) \(Markup.number(area.y))V\(Markup.number(area.bottom))",
          "class": "line axis", "stroke-dasharray": "5 4",
        ])
    }
    for (index, row) in rows.enumerated() {
      let middle = area.y + Self.pitch * (Double(index) + 0.5)
      canvas.text(
        TextMetrics.fit(row.name, into: names - 24), x: names - 10, y: middle + 4, anchor: .end)
      canvas.text(row.label, x: area.right + 12, y: middle + 4, class: "muted")
      draw(row, at: middle, across, on: &canvas)
    }
    return canvas.document(label: title ?? axis.caption)
  }

  private func draw(
    _ row: Row, at middle: Double, _ across: (Double) -> Double?, on canvas: inout SVGCanvas
  ) {
    let color = row.isReference ? 9 : 0
    if let spread = row.spread, let left = across(row.mean - spread),
      let right = across(row.mean + spread)
    {
      canvas.rectangle(
        Rectangle(x: left, y: middle - 9, width: max(right - left, 1), height: 18),
        class: FigureStyle.fill(color), radius: 2, opacity: 0.22)
    }
    if let x = across(row.mean) {
      canvas.add(
        "path",
        [
          "d": "M\(Markup.number(x)) \(Markup.number(middle - 11))v22",
          "class": "line \(FigureStyle.stroke(color))", "style": "stroke-width:2.5",
        ])
    }
    // Equal values would hide one another: each has its own height, the same in every row.
    let step = min(5, 14 / Double(max(row.values.count - 1, 1)))
    let places = row.values.enumerated().map { index, value in
      across(value).map {
        (x: $0, y: middle + (Double(index) - Double(row.values.count - 1) / 2) * step)
      }
    }
    canvas.add(
      "path",
      [
        "d": Polyline.dots(places), "class": "dots \(FigureStyle.stroke(color))",
        "stroke-width": "6.5",
      ])
  }
}
