/// How values are distributed: bars of equal width between the smallest and the largest finite one.
public struct Histogram: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// The axis of the values.
  public var x: Axis
  /// What is counted; values that are not finite are left out.
  public var values: [Double]
  /// How many bars, at least one.
  public var bins: Int
  /// Pixels.
  public var width: Double
  /// Pixels.
  public var height: Double

  /// Makes a histogram.
  public init(
    title: String? = nil, x: Axis, values: [Double], bins: Int = 40, width: Double = 640,
    height: Double = 300
  ) {
    require(bins >= 1, "Histogram: \(bins) bins; at least 1 is needed")
    self.title = title
    self.x = x
    self.values = values
    self.bins = bins
    self.width = width
    self.height = height
  }

  /// The histogram as an SVG document.
  public func svg() -> String {
    var canvas = SVGCanvas(width: width, height: height)
    let (edges, counts) = counted()
    let frame = PlotFrame(
      on: &canvas, title: title, x: x, xValues: edges, y: Axis("count"),
      yValues: [0] + counts, legend: [])
    canvas.clipped(to: frame.area.grown(by: 1)) { canvas in
      for (index, count) in counts.enumerated() where count > 0 {
        guard let low = frame.point(edges[index], 0),
          let high = frame.point(edges[index + 1], count)
        else { continue }
        let gap = min(1, (high.x - low.x) / 4)
        canvas.rectangle(
          Rectangle(
            x: low.x, y: high.y, width: max(high.x - low.x - gap, 0.5), height: low.y - high.y),
          class: FigureStyle.fill(0))
      }
    }
    return canvas.document(label: title ?? "histogram of \(x.caption)")
  }

  /// The edges of the bars, one more than bars, and the height of each.
  func counted() -> (edges: [Double], counts: [Double]) {
    let finite = values.filter { $0.isFinite && abs($0) < 1e150 }
    guard var lower = finite.min(), var upper = finite.max() else { return ([], []) }
    if lower == upper { (lower, upper) = (lower - 0.5, upper + 0.5) }
    let width = (upper - lower) / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for value in finite {
      counts[min(max(Int((value - lower) / width), 0), bins - 1)] += 1
    }
    return ((0...bins).map { lower + Double($0) * width }, counts)
  }
}
