/// Named quantities as bars from left to right, the number beside each.
public struct BarPlot: Figure {
  /// One bar.
  public struct Bar: Equatable, Sendable {
    /// The name at the left.
    public var name: String
    /// The length; a value that is not finite has no bar.
    public var value: Double
    /// The text at the bar's end; the value, where left out.
    public var label: String?

    /// Makes a bar.
    public init(_ name: String, _ value: Double, label: String? = nil) {
      self.name = name
      self.value = value
      self.label = label
    }
  }

  /// The heading; none where left out.
  public var title: String?
  /// What the lengths mean; a range fixes where bars begin and end.
  public var axis: Axis
  /// The bars from top to bottom.
  public var bars: [Bar]
  /// Pixels; the height follows from the number of bars.
  public var width: Double

  /// Makes a bar plot.
  public init(title: String? = nil, axis: Axis, bars: [Bar], width: Double = 640) {
    self.title = title
    self.axis = axis
    self.bars = bars
    self.width = width
  }

  /// The plot as an SVG document.
  public func svg() -> String {
    let top = title == nil ? 12.0 : 40
    let pitch = 26.0
    var canvas = SVGCanvas(
      width: width, height: top + pitch * Double(bars.count) + (axis.caption.isEmpty ? 12 : 34))
    if let title { canvas.text(title, x: 16, y: 24, class: "ink title") }
    let names = min((bars.map { TextMetrics.width($0.name) }.max() ?? 0) + 26, width / 2)
    let labels = bars.map { $0.label ?? Ticks.short($0.value) }
    let space = (labels.map { TextMetrics.width($0) }.max() ?? 0) + 24
    var fitted = axis
    if fitted.range == nil, axis.scale == .linear {
      let finite = bars.map(\.value).filter(\.isFinite)
      fitted.range = min(finite.min() ?? 0, 0)...max(finite.max() ?? 0, 0)
    }
    let layout = AxisLayout(fitted, values: bars.map(\.value), count: 5, roundedOut: false)
    let length = max(width - names - space, 1)
    let zero = axis.scale == .linear ? min(max(layout.position(0) ?? 0, 0), 1) : 0
    for (index, bar) in bars.enumerated() {
      let y = top + pitch * Double(index)
      canvas.text(
        TextMetrics.fit(bar.name, into: names - 24), x: names - 8, y: y + 17, anchor: .end)
      let end = min(max(layout.position(bar.value) ?? zero, 0), 1)
      canvas.rectangle(
        Rectangle(
          x: names + min(zero, end) * length, y: y + 4, width: abs(end - zero) * length,
          height: pitch - 8), class: FigureStyle.fill(0), radius: 2)
      canvas.text(
        labels[index], x: names + max(zero, end) * length + 8, y: y + 17, class: "muted")
    }
    canvas.line(
      from: (names + zero * length, top),
      to: (names + zero * length, top + pitch * Double(bars.count)),
      class: "axis")
    if !axis.caption.isEmpty {
      canvas.text(axis.caption, x: names, y: canvas.height - 12, class: "muted")
    }
    return canvas.document(label: title ?? axis.caption)
  }
}
