/// What every plot with two axes shares: title, legend, grid, ticks and labels around an area to draw in.
struct PlotFrame {
  struct LegendEntry {
    let name: String
    let index: Int
    let isDotted: Bool
  }

  let area: Rectangle
  private let x: AxisLayout
  private let y: AxisLayout

  /// Lays the frame out and draws it on `canvas`.
  init(
    on canvas: inout SVGCanvas, title: String?, x: Axis, xValues: some Sequence<Double>, y: Axis,
    yValues: some Sequence<Double>, legend: [LegendEntry]
  ) {
    let (width, height) = (canvas.width, canvas.height)
    var top = 14.0
    if let title {
      canvas.text(
        TextMetrics.fit(title, into: width - 32, size: 15), x: 16, y: 24, class: "ink title")
      top = 36
    }
    let yLayout = AxisLayout(
      y, values: yValues, count: max(2, Int((height - top - 60) / 50)), roundedOut: true)
    let left = 22 + (yLayout.ticks.map { TextMetrics.width($0.label) }.max() ?? 0)
    let area: Rectangle
    do {
      let captionWidth = y.caption.isEmpty ? 0 : TextMetrics.width(y.caption) + 24
      let rows = Self.rows(legend, width: width - 32, firstWidth: width - 32 - captionWidth)
      if !y.caption.isEmpty { canvas.text(y.caption, x: 16, y: top + 10, class: "muted") }
      for (row, entries) in rows.enumerated() {
        Self.draw(entries, on: &canvas, right: width - 16, y: top + 10 + Double(row) * 18)
      }
      let lines = max(rows.count, y.caption.isEmpty ? 0 : 1)
      let plotTop = top + Double(lines) * 18 + 8
      let bottom = x.caption.isEmpty ? 30.0 : 50
      area = Rectangle(
        x: left, y: plotTop, width: max(width - left - 20, 1),
        height: max(height - plotTop - bottom, 1))
    }
    let xLayout = AxisLayout(
      x, values: xValues, count: max(2, Int(area.width / 70)), roundedOut: false)
    self.area = area
    self.x = xLayout
    self.y = yLayout
    drawGrid(on: &canvas)
    if !x.caption.isEmpty {
      canvas.text(
        x.caption, x: area.x + area.width / 2, y: height - 12, class: "muted", anchor: .middle)
    }
  }

  /// The pixel of a point, or `nil` where it has none.
  func point(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
    guard let across = self.x.position(x), let up = self.y.position(y) else { return nil }
    return (area.x + across * area.width, area.bottom - up * area.height)
  }

  private func drawGrid(on canvas: inout SVGCanvas) {
    for tick in y.ticks {
      let height = area.bottom - tick.position * area.height
      canvas.line(from: (area.x, height), to: (area.right, height), class: "grid")
      canvas.text(tick.label, x: area.x - 8, y: height + 4, class: "muted", anchor: .end)
    }
    canvas.line(from: (area.x, area.bottom), to: (area.right, area.bottom), class: "axis")
    for tick in x.ticks {
      let across = area.x + tick.position * area.width
      canvas.line(from: (across, area.bottom), to: (across, area.bottom + 5), class: "axis")
      // The last label of a full axis would stick out of the figure.
      let half = TextMetrics.width(tick.label) / 2
      let middle = min(across, canvas.width - 4 - half)
      canvas.text(
        tick.label, x: middle, y: area.bottom + 19, class: "muted", anchor: .middle)
    }
  }

  private static func width(of entry: LegendEntry) -> Double {
    TextMetrics.width(entry.name) + 42
  }

  /// Breaks the legend into lines; the first shares its line with the label of the y axis.
  private static func rows(
    _ entries: [LegendEntry], width: Double, firstWidth: Double
  ) -> [[LegendEntry]] {
    guard !entries.isEmpty else { return [] }
    var rows: [[LegendEntry]] = [[]]
    var left = firstWidth
    for entry in entries {
      let needed = Self.width(of: entry)
      if needed > left, !(rows.count > 1 && rows[rows.count - 1].isEmpty) {
        rows.append([])
        left = width
      }
      rows[rows.count - 1].append(entry)
      left -= needed
    }
    return rows
  }

  private static func draw(
    _ entries: [LegendEntry], on canvas: inout SVGCanvas, right: Double, y: Double
  ) {
    var x = right - entries.map(width(of:)).reduce(0, +) + 16
    for entry in entries {
      let shape =
        entry.isDotted
        ? "M\(Markup.number(x + 9)) \(Markup.number(y - 4))h0"
        : "M\(Markup.number(x)) \(Markup.number(y - 4))h18"
      canvas.add(
        "path",
        [
          "d": shape,
          "class": "\(entry.isDotted ? "dots" : "line") \(FigureStyle.stroke(entry.index))",
          "stroke-width": entry.isDotted ? "8" : nil,
          "stroke-dasharray": entry.isDotted ? nil : FigureStyle.dashes(entry.index),
        ])
      canvas.text(entry.name, x: x + 24, y: y)
      x += width(of: entry)
    }
  }
}
