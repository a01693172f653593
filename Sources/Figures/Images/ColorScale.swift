/// What the colours of a picture stand for, as a bar with numbers.
public struct ColorScale: Equatable, Sendable {
  /// Which colours.
  public var colors: ColorMap
  /// What the ends of the colours stand for.
  public var range: ClosedRange<Float>
  /// What they measure.
  public var label: String

  /// Makes a scale.
  public init(_ colors: ColorMap, range: ClosedRange<Float>, label: String = "") {
    self.colors = colors
    self.range = range
    self.label = label
  }

  /// A scale for values: from zero up, or as far below zero as above. It ends at the 99.5th percentile of the magnitudes,
  /// so that a few large values do not pale all others, or at the largest where that is zero.
  public init(_ colors: ColorMap, covering values: [Float], label: String = "") {
    let magnitudes = values.filter(\.isFinite).map(abs).sorted()
    let bulk = magnitudes.isEmpty ? 0 : magnitudes[magnitudes.count - 1 - magnitudes.count / 200]
    let end = bulk > 0 ? bulk : magnitudes.last.map { $0 > 0 ? $0 : 1 } ?? 1
    self.init(colors, range: colors == .diverging ? -end...end : 0...end, label: label)
  }

  /// The colours from left to right, or from the bottom up.
  func ramp(isUpright: Bool) -> PixelImage {
    let shares = (0..<128).map { Float($0) / 127 }
    return PixelImage(
      width: isUpright ? 1 : 128, height: isUpright ? 128 : 1,
      values: isUpright ? shares.reversed() : shares, colors: colors, range: 0...1)
  }

  /// The width that ``draw(x:y:on:)`` takes.
  var drawnWidth: Double { Self.barWidth + 30 + TextMetrics.width(label, size: 12) }

  private static let barWidth = 180.0

  /// Draws the bar with three numbers below it and the label beside it.
  func draw(x: Double, y: Double, on canvas: inout SVGCanvas) {
    canvas.image(
      ramp(isUpright: false), in: Rectangle(x: x, y: y, width: Self.barWidth, height: 10),
      pixelated: false)
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    let marks: [(Double, Double, SVGCanvas.Anchor)] = [
      (0, low, .start), (0.5, (low + high) / 2, .middle), (1, high, .end),
    ]
    for (share, value, anchor) in marks {
      canvas.text(
        Ticks.short(value), x: x + share * Self.barWidth, y: y + 24, class: "small muted",
        anchor: anchor)
    }
    canvas.text(label, x: x + Self.barWidth + 14, y: y + 9, class: "muted")
  }
}
