/// One line for each of many trials across parallel axes, coloured by where it meets the last axis.
///
/// Source: A. Inselberg, "The plane with parallel coordinates", doi 10.1007/BF01898350.
public struct ParallelCoordinates: Figure {
  /// One axis, and where each line crosses it.
  public struct Dimension: Equatable, Sendable {
    /// What is on the axis.
    enum Values: Equatable, Sendable {
      case numbers([Double])
      case places([Int], names: [String])
    }

    /// Its name, unit and scale.
    public let axis: Axis
    let values: Values

    /// An axis of numbers, one for each line; a line ends in a cross before a value that has no place on
    /// the axis.
    public init(_ axis: Axis, numbers: [Double]) {
      self.axis = axis
      values = .numbers(numbers)
    }

    /// An axis of a few names, from bottom to top, and the index of each line's.
    public init(_ label: String, places: [Int], names: [String]) {
      require(
        places.allSatisfy(names.indices.contains),
        "ParallelCoordinates: a place of \(label) is not in 0 ..< \(names.count)")
      axis = Axis(label)
      values = .places(places, names: names)
    }

    var count: Int {
      switch values {
      case .numbers(let numbers): numbers.count
      case .places(let places, _): places.count
      }
    }
  }

  /// The heading; none where left out.
  public var title: String?
  /// The axes from left to right, at least two.
  public let dimensions: [Dimension]
  /// What a pointer that rests on a line is told, one for each line; none where empty.
  public var notes: [String]
  /// Whether the good end of the last axis is the low one, as with a loss.
  public var lowIsGood: Bool
  /// The line that is drawn bold; none where left out.
  public var highlighted: Int?
  /// Pixels.
  public var width: Double
  /// Pixels.
  public var height: Double

  /// Makes a plot; the numbers of the last axis, which has to be one of numbers, give the lines their colours.
  public init(
    title: String? = nil, dimensions: [Dimension], notes: [String] = [], lowIsGood: Bool = false,
    highlighted: Int? = nil, width: Double = 900, height: Double = 420
  ) {
    require(
      dimensions.count >= 2,
      "ParallelCoordinates: \(dimensions.count) axes; it takes at least two")
    let counts = Set(dimensions.map(\.count) + (notes.isEmpty ? [] : [notes.count]))
    require(
      counts.count == 1,
      "ParallelCoordinates: axes and notes of \(counts.sorted()) lines; there must be as many on each"
    )
    if case .places = dimensions[dimensions.count - 1].values {
      require(
        false, "ParallelCoordinates: the last axis has names; it takes numbers for the colours")
    }
    self.title = title
    self.dimensions = dimensions
    self.notes = notes
    self.lowIsGood = lowIsGood
    self.highlighted = highlighted
    self.width = width
    self.height = height
  }

  /// The plot as an SVG document.
  public func svg() -> String {
    var canvas = SVGCanvas(width: width, height: height)
    if let title {
      canvas.text(
        TextMetrics.fit(title, into: width - 32, size: 15), x: 16, y: 24, class: "ink title")
    }
    let top = (title == nil ? 0 : 22) + 48.0
    let area = Rectangle(x: 0, y: top, width: width, height: max(height - top - 22, 1))
    let layouts = dimensions.map { Layout($0, height: area.height) }
    let left = 26 + min(layouts[0].widestLabel, 180)
    let right = 46 + layouts[layouts.count - 1].widestLabel
    let pitch = max(width - left - right, 1) / Double(layouts.count - 1)
    let columns = layouts.indices.map { left + Double($0) * pitch }
    let shades = shades(layouts)
    for x in columns.dropLast() {
      canvas.line(from: (x, area.y), to: (x, area.bottom), class: "axis")
    }
    drawLines(layouts, columns, shades, in: area, on: &canvas)
    for (index, layout) in layouts.enumerated() {
      let isLast = index == layouts.count - 1
      drawLabels(
        layout, x: columns[index], pitch: index == 0 ? 180 : pitch, isLast: isLast, in: area,
        on: &canvas)
      // The outer captions would stick out of the figure.
      let caption = TextMetrics.fit(dimensions[index].axis.caption, into: pitch - 12)
      let half = TextMetrics.width(caption) / 2
      let middle = min(max(columns[index], 12 + half), width - 12 - half)
      canvas.text(
        caption, x: middle, y: area.y - 18, class: isLast ? "ink" : "muted", anchor: .middle)
    }
    if let last = columns.last { drawScale(shades, x: last, in: area, on: &canvas) }
    return canvas.document(
      label: title ?? dimensions.map(\.axis.caption).joined(separator: ", "))
  }

  // MARK: - Lines

  private func drawLines(
    _ layouts: [Layout], _ columns: [Double], _ shades: Shades, in area: Rectangle,
    on canvas: inout SVGCanvas
  ) {
    let lines = dimensions[0].count
    let heights = layouts.map { layout in
      layout.heights(spreadBy: shades.fractions).map { $0.map { area.bottom - $0 * area.height } }
    }
    let opacity = lines > 150 ? "0.45" : lines > 40 ? "0.65" : "0.85"
    // The good ones lie above the others.
    let order = (0..<lines).sorted {
      (shades.fractions[$0] ?? -1, $1) < (shades.fractions[$1] ?? -1, $0)
    }
    var ends: [(line: Int, point: (x: Double, y: Double))] = []
    for line in order.filter({ $0 != highlighted }) + order.filter({ $0 == highlighted }) {
      // Up to the first axis where the line has no place.
      let points = zip(columns, heights.map { $0[line] }).prefix { $1 != nil }
        .compactMap { x, height in height.map { (x: x, y: $0) } }
      guard let end = points.last else { continue }
      let isBold = line == highlighted
      let color = shades.fractions[line].map { shades.color($0) }
      if color == nil { ends.append((line, end)) }
      guard points.count > 1 else { continue }
      canvas.add(
        "path",
        [
          "d": Self.curve(points), "class": color == nil ? "line axis" : "line",
          "stroke": color, "style": isBold ? "stroke-width:4" : nil,
          "stroke-opacity": isBold ? nil : opacity,
          "stroke-dasharray": color == nil ? "3 4" : nil,
        ], note: notes.isEmpty ? nil : notes[line])
    }
    // Above all lines: of one with a place on one axis alone there is nothing else to be seen.
    for (line, point) in ends {
      canvas.add(
        "path",
        [
          "d": Self.cross(at: point), "class": "dots \(FigureStyle.stroke(1))",
          "stroke-width": "2",
        ], note: notes.isEmpty ? nil : notes[line])
    }
  }

  /// Curves that cross each axis at a right angle.
  private static func curve(_ points: [(x: Double, y: Double)]) -> String {
    var path = ""
    for (index, point) in points.enumerated() {
      let (x, y) = (Markup.number(point.x), Markup.number(point.y))
      if index == 0 {
        path = "M\(x) \(y)"
      } else {
        let before = points[index - 1]
        let middle = Markup.number((before.x + point.x) / 2)
        path += "C\(middle) \(Markup.number(before.y)) \(middle) \(y) \(x) \(y)"
      }
    }
    return path
  }

  private static func cross(at point: (x: Double, y: Double)) -> String {
    let arm = 4.0
    let (left, right) = (Markup.number(point.x - arm), Markup.number(point.x + arm))
    let (top, bottom) = (Markup.number(point.y - arm), Markup.number(point.y + arm))
    return "M\(left) \(top)L\(right) \(bottom)M\(left) \(bottom)L\(right) \(top)"
  }

  // MARK: - Colours

  /// How good each line is, from 0 to 1; nil for one that does not reach the last axis.
  private struct Shades {
    let fractions: [Double?]
    let range: ClosedRange<Double>
    let isReversed: Bool

    /// The ends of the map are left out: the one is lost on light ground, the other on dark.
    func color(_ fraction: Double) -> String {
      let color = ColorMap.sequential.color(at: 0.14 + 0.68 * fraction)
      let value = UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
      let digits = String(value, radix: 16)
      return "#" + String(repeating: "0", count: 6 - digits.count) + digits
    }
  }

  private func shades(_ layouts: [Layout]) -> Shades {
    let last = layouts[layouts.count - 1]
    let reachesIt = (0..<dimensions[0].count).map { line in
      layouts.allSatisfy { $0.positions[line] != nil }
    }
    let positions = zip(last.positions, reachesIt).map { $1 ? $0 : nil }
    let (low, high) = (
      positions.compactMap(\.self).min() ?? 0, positions.compactMap(\.self).max() ?? 1
    )
    let fractions = positions.map { position in
      position.map { value in
        let fraction = high > low ? (value - low) / (high - low) : 1
        return lowIsGood && high > low ? 1 - fraction : fraction
      }
    }
    return Shades(fractions: fractions, range: low...high, isReversed: lowIsGood)
  }

  /// The last axis is the scale of the colours.
  private func drawScale(
    _ shades: Shades, x: Double, in area: Rectangle, on canvas: inout SVGCanvas
  ) {
    let steps = 48
    let (low, high) = (shades.range.lowerBound, shades.range.upperBound)
    canvas.line(from: (x + 5, area.y), to: (x + 5, area.bottom), class: "axis")
    for step in 0..<steps where high > low {
      let fraction = (Double(step) + 0.5) / Double(steps)
      let upper = low + (high - low) * Double(step + 1) / Double(steps)
      canvas.add(
        "rect",
        [
          "x": Markup.number(x), "y": Markup.number(area.bottom - upper * area.height),
          "width": "10",
          // A hair more, lest the ground shine through between two.
          "height": Markup.number((high - low) / Double(steps) * area.height + 0.4),
          "fill": shades.color(shades.isReversed ? 1 - fraction : fraction),
        ])
    }
  }

  private func drawLabels(
    _ layout: Layout, x: Double, pitch: Double, isLast: Bool, in area: Rectangle,
    on canvas: inout SVGCanvas
  ) {
    for tick in layout.ticks {
      let y = area.bottom - tick.position * area.height
      if isLast {
        canvas.line(from: (x + 10, y), to: (x + 14, y), class: "axis")
        canvas.text(tick.label, x: x + 18, y: y + 4, class: "muted")
      } else {
        canvas.line(from: (x - 4, y), to: (x, y), class: "axis")
        // Lines pass behind the words.
        canvas.text(
          TextMetrics.fit(tick.label, into: max(pitch - 20, 24)), x: x - 8, y: y + 4,
          class: "ink halo", anchor: .end,
          style: "paint-order:stroke;stroke-width:4px;stroke-linejoin:round")
      }
    }
  }
}

/// Where the lines cross an axis, from 0 at its lower end to 1 at its upper.
private struct Layout {
  let ticks: [AxisLayout.Tick]
  let positions: [Double?]
  private let places: [Int]
  private let spread: Double

  init(_ dimension: ParallelCoordinates.Dimension, height: Double) {
    switch dimension.values {
    case .numbers(let numbers):
      let layout = AxisLayout(
        dimension.axis, values: numbers, count: max(2, Int(height / 55)), roundedOut: true)
      ticks = layout.ticks
      positions = numbers.map(layout.position)
      places = []
      spread = 0
    case .places(let places, let names):
      let heights = names.indices.map { (Double($0) + 0.5) / Double(max(names.count, 1)) }
      ticks = zip(heights, names).map { AxisLayout.Tick(position: $0, label: $1) }
      positions = places.map { heights[$0] }
      self.places = places
      spread = min(0.5 / Double(max(names.count, 1)), 44 / height)
    }
  }

  var widestLabel: Double { ticks.map { TextMetrics.width($0.label) }.max() ?? 0 }

  /// Lines of one name lie side by side, the good ones above, so that each can be followed.
  func heights(spreadBy fractions: [Double?]) -> [Double?] {
    var heights = positions
    for (_, lines) in Dictionary(grouping: places.indices, by: { places[$0] }) where lines.count > 1
    {
      let sorted = lines.sorted { (fractions[$0] ?? -1, $1) < (fractions[$1] ?? -1, $0) }
      for (rank, line) in sorted.enumerated() {
        let share = Double(rank) / Double(lines.count - 1) - 0.5
        heights[line] = positions[line].map {
          $0 + share * min(spread, 0.016 * Double(lines.count))
        }
      }
    }
    return heights
  }
}
