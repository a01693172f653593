/// A matrix as a field of colours, with the scale beside it.
public struct HeatMap: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// What goes along a row, below the map.
  public var xLabel: String
  /// What goes along a column, above the map.
  public var yLabel: String
  /// What the colours measure, with its unit.
  public var valueLabel: String
  /// How many rows, at least 1.
  public let rows: Int
  /// How many columns, at least 1.
  public let columns: Int
  /// The matrix, row after row; values that are not finite are grey.
  public let values: [Float]
  /// Which colours.
  public var colors: ColorMap
  /// What the ends of the colours stand for; the finite values, where left out.
  public var range: ClosedRange<Float>?
  /// Names at the left of the rows; row numbers where empty.
  public var rowNames: [String]
  /// Names below the columns; column numbers where empty.
  public var columnNames: [String]
  /// Pixels; the height follows from the proportions of the matrix.
  public var width: Double

  /// Makes a map of `rows × columns` values.
  public init(
    title: String? = nil, xLabel: String = "", yLabel: String = "", valueLabel: String = "",
    rows: Int, columns: Int, values: [Float], colors: ColorMap = .sequential,
    range: ClosedRange<Float>? = nil, rowNames: [String] = [], columnNames: [String] = [],
    width: Double = 560
  ) {
    require(
      rows >= 1 && columns >= 1 && values.count == rows * columns,
      "HeatMap: \(values.count) values for \(rows) × \(columns); it takes rows × columns, at least one"
    )
    require(
      [0, rows].contains(rowNames.count) && [0, columns].contains(columnNames.count),
      "HeatMap: \(rowNames.count) and \(columnNames.count) names for \(rows) rows and "
        + "\(columns) columns; there must be none or one for each")
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.valueLabel = valueLabel
    self.rows = rows
    self.columns = columns
    self.values = values
    self.colors = colors
    self.range = range
    self.rowNames = rowNames
    self.columnNames = columnNames
    self.width = width
  }

  /// The map as an SVG document.
  public func svg() -> String {
    let range = range ?? colors.range(covering: values)
    let names = rowNames.isEmpty ? ["\(rows - 1)"] : rowNames
    let left = min(names.map { TextMetrics.width($0) }.max() ?? 0, width / 3) + 24
    let top = 16.0 + (title == nil ? 0 : 26) + (yLabel.isEmpty && valueLabel.isEmpty ? 0 : 20)
    let scale = scaleTicks(range)
    let right = (scale.map { TextMetrics.width($0.label) }.max() ?? 0) + 58
    let across = max(width - left - right, 40)
    // Cells are square unless that would make a strip or a tower.
    let down = min(max(across * Double(rows) / Double(columns), across * 0.4), across * 1.2)
    let area = Rectangle(x: left, y: top, width: across, height: down)
    var canvas = SVGCanvas(width: width, height: area.bottom + (xLabel.isEmpty ? 32 : 52))
    if let title { canvas.text(title, x: 16, y: 26, class: "ink title") }
    canvas.image(
      PixelImage(width: columns, height: rows, values: values, colors: colors, range: range),
      in: area)
    drawNames(around: area, on: &canvas)
    drawScale(scale, x: area.right + 22, in: area, on: &canvas)
    return canvas.document(label: title ?? "heat map of \(valueLabel)")
  }

  private func drawNames(around area: Rectangle, on canvas: inout SVGCanvas) {
    let (cellHeight, cellWidth) = (area.height / Double(rows), area.width / Double(columns))
    for row in Self.marked(rows, pitch: cellHeight, needed: 15) {
      let name = rowNames.isEmpty ? "\(row)" : TextMetrics.fit(rowNames[row], into: area.x - 24)
      canvas.text(
        name, x: area.x - 8, y: area.y + (Double(row) + 0.5) * cellHeight + 4, class: "muted",
        anchor: .end)
    }
    let widest =
      (columnNames.isEmpty ? ["\(columns - 1)"] : columnNames)
      .map { TextMetrics.width($0) }.max() ?? 0
    for column in Self.marked(columns, pitch: cellWidth, needed: min(widest, 90) + 8) {
      let name = columnNames.isEmpty ? "\(column)" : TextMetrics.fit(columnNames[column], into: 90)
      canvas.text(
        name, x: area.x + (Double(column) + 0.5) * cellWidth, y: area.bottom + 17, class: "muted",
        anchor: .middle)
    }
    if !yLabel.isEmpty { canvas.text(yLabel, x: 16, y: area.y - 9, class: "muted") }
    if !xLabel.isEmpty {
      canvas.text(
        xLabel, x: area.x + area.width / 2, y: area.bottom + 40, class: "muted", anchor: .middle)
    }
    if !valueLabel.isEmpty {
      canvas.text(valueLabel, x: width - 16, y: area.y - 9, class: "muted", anchor: .end)
    }
  }

  private func drawScale(
    _ ticks: [AxisLayout.Tick], x: Double, in area: Rectangle, on canvas: inout SVGCanvas
  ) {
    let ramp = PixelImage(
      width: 1, height: 128, values: (0..<128).map { 1 - Float($0) / 127 }, colors: colors,
      range: 0...1)
    canvas.image(
      ramp, in: Rectangle(x: x, y: area.y, width: 12, height: area.height), pixelated: false)
    for tick in ticks {
      let y = area.bottom - tick.position * area.height
      canvas.line(from: (x + 12, y), to: (x + 16, y), class: "axis")
      canvas.text(tick.label, x: x + 20, y: y + 4, class: "muted")
    }
  }

  private func scaleTicks(_ range: ClosedRange<Float>) -> [AxisLayout.Tick] {
    let ends = [Double(range.lowerBound), Double(range.upperBound)]
    return AxisLayout(Axis(""), values: ends, count: 5, roundedOut: false).ticks
  }

  /// Every so many of `count` rows or columns that their names have the room they need.
  static func marked(_ count: Int, pitch: Double, needed: Double) -> [Int] {
    let least = Int((needed / pitch).rounded(.up))
    let every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].first { $0 >= least } ?? max(least, 1)
    return Array(stride(from: 0, to: count, by: every))
  }
}
