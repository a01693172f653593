/// Curves over a common pair of axes.
public struct LinePlot: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The curves, in the order of the legend.
  public var series: [Series]
  /// What a value counts beside its neighbour in the running mean that is drawn, from 0 (the data themselves) to below 1.
  /// The data stay faint behind.
  public var smoothing: Double
  /// Pixels.
  public var width: Double
  /// Pixels.
  public var height: Double

  /// Makes a plot of one or more curves.
  public init(
    title: String? = nil, x: Axis, y: Axis, series: [Series], smoothing: Double = 0,
    width: Double = 640, height: Double = 360
  ) {
    require(
      (0..<1).contains(smoothing),
      "LinePlot: smoothing \(smoothing) is not from 0 to below 1")
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.smoothing = smoothing
    self.width = width
    self.height = height
  }

  /// The plot as an SVG document.
  public func svg() -> String {
    var canvas = SVGCanvas(width: width, height: height)
    let frame = PlotFrame(
      on: &canvas, title: title, x: x, xValues: series.lazy.flatMap(\.x), y: y,
      yValues: series.lazy.flatMap(\.y),
      legend: series.enumerated().filter { !$0.element.name.isEmpty }.map {
        .init(
          name: $0.element.name, index: $0.element.color ?? $0.offset, isDotted: false)
      })
    canvas.clipped(to: frame.area.grown(by: 4)) { canvas in
      for (place, series) in series.enumerated() {
        let index = series.color ?? place
        if smoothing > 0 {
          draw(series, index, in: frame, on: &canvas, class: "line faint")
          var smooth = series
          smooth.y = Smoothing.runningMean(series.y, weight: smoothing)
          draw(smooth, index, in: frame, on: &canvas, class: "line")
        } else {
          draw(series, index, in: frame, on: &canvas, class: "line")
        }
      }
    }
    return canvas.document(label: title ?? "\(y.caption) over \(x.caption)")
  }

  private func draw(
    _ series: Series, _ index: Int, in frame: PlotFrame, on canvas: inout SVGCanvas,
    class classes: String
  ) {
    let points = zip(series.x, series.y).map { frame.point($0, $1) }
    let stroke = FigureStyle.stroke(index)
    canvas.add(
      "path",
      [
        "d": Polyline.path(points), "class": "\(classes) \(stroke)",
        "stroke-dasharray": FigureStyle.dashes(index),
      ])
    // A single point has no line.
    if series.hasMarkers || points.lazy.compactMap({ $0 }).count == 1 {
      canvas.add(
        "path",
        ["d": Polyline.dots(points), "class": "dots \(stroke)", "stroke-width": "6"])
    }
  }
}
