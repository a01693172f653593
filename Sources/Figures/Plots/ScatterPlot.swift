/// Clouds of points over a common pair of axes.
public struct ScatterPlot: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The clouds, in the order of the legend.
  public var series: [Series]
  /// Where the line y = x is drawn, on which lie points whose coordinates agree; nowhere where left out.
  public var diagonal: ClosedRange<Double>?
  /// The diameter of a point in pixels.
  public var diameter: Double
  /// Pixels.
  public var width: Double
  /// Pixels.
  public var height: Double

  /// Makes a plot of one or more clouds of points.
  public init(
    title: String? = nil, x: Axis, y: Axis, series: [Series],
    diagonal: ClosedRange<Double>? = nil, diameter: Double = 5, width: Double = 640,
    height: Double = 400
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.diagonal = diagonal
    self.diameter = diameter
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
        .init(name: $0.element.name, index: $0.offset, isDotted: true)
      })
    canvas.clipped(to: frame.area.grown(by: 6)) { canvas in
      if let diagonal, let start = frame.point(diagonal.lowerBound, diagonal.lowerBound),
        let end = frame.point(diagonal.upperBound, diagonal.upperBound)
      {
        canvas.line(from: start, to: end, class: "axis")
      }
      for (index, series) in series.enumerated() {
        canvas.add(
          "path",
          [
            "d": Polyline.dots(zip(series.x, series.y).map { frame.point($0, $1) }),
            "class": "dots \(FigureStyle.stroke(index))",
            "stroke-width": Markup.number(diameter), "stroke-opacity": "0.75",
          ])
      }
    }
    return canvas.document(label: title ?? "\(y.caption) over \(x.caption)")
  }
}
