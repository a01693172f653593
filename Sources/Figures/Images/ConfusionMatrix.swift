/// How often each class was taken for each: true classes down, predicted classes across.
///
/// The diagonal is blue by the share of its row; errors are orange, the darkest the most frequent, so that the few
/// confusions of a good classifier still show. Cells with room hold the count and its percentage of the true class.
public struct ConfusionMatrix: Figure {
  /// The heading; none where left out.
  public var title: String?
  /// `counts[true][predicted]`, not negative.
  public let counts: [[Int]]
  /// The names of the classes, one for each.
  public let classNames: [String]

  /// Makes a matrix of at least one class: square, its counts not negative.
  public init(title: String? = nil, counts: [[Int]], classNames: [String]) {
    let size = classNames.count
    require(
      size >= 1 && counts.count == size && counts.allSatisfy { $0.count == size },
      "ConfusionMatrix: \(counts.count) rows of \(counts.map(\.count)) counts for \(size) classes; "
        + "it takes one row and one column for each class")
    require(
      counts.allSatisfy { $0.allSatisfy { $0 >= 0 } }, "ConfusionMatrix: a count is negative")
    self.title = title
    self.counts = counts
    self.classNames = classNames
  }

  /// The matrix as an SVG document.
  public func svg() -> String {
    let size = classNames.count
    let cell = min(max((480 / Double(size)).rounded(.down), 4), 52)
    let widest = min(classNames.map { TextMetrics.width($0) }.max() ?? 0, 120)
    let left = widest + 30
    let turned = widest + 6 > cell
    let top = 34.0 + (title == nil ? 0 : 26) + (turned ? widest * 0.75 + 6 : 24)
    let area = Rectangle(
      x: left, y: top, width: cell * Double(size), height: cell * Double(size))
    let summary = correctOfAll
    let right = max(area.right + (turned ? widest * 0.7 : 0), area.x + TextMetrics.width(summary))
    var canvas = SVGCanvas(width: max(right + 20, 260), height: area.bottom + 40)
    if let title { canvas.text(title, x: 16, y: 26, class: "ink title") }
    canvas.text("true ↓   predicted →", x: 16, y: title == nil ? 24 : 50, class: "muted")
    drawNames(around: area, cell: cell, turned: turned, on: &canvas)
    drawCells(in: area, cell: cell, on: &canvas)
    canvas.add(
      "rect",
      [
        "x": Markup.number(area.x - 0.5), "y": Markup.number(area.y - 0.5),
        "width": Markup.number(area.width + 1), "height": Markup.number(area.height + 1),
        "class": "grid",
      ])
    canvas.text(summary, x: area.x, y: area.bottom + 24, class: "muted")
    return canvas.document(label: title ?? "confusion matrix")
  }

  /// What stands below the matrix.
  private var correctOfAll: String {
    let total = counts.joined().reduce(0, +)
    let correct = classNames.indices.reduce(0) { $0 + counts[$1][$1] }
    return total == 0
      ? "no samples"
      : "\(Ticks.grouped("\(correct)")) of \(Ticks.grouped("\(total)")) correct "
        + "(\(Self.percentage(correct, of: total)))"
  }

  private func drawNames(
    around area: Rectangle, cell: Double, turned: Bool, on canvas: inout SVGCanvas
  ) {
    for index in HeatMap.marked(classNames.count, pitch: cell, needed: 14) {
      let name = TextMetrics.fit(classNames[index], into: 120)
      let middle = (Double(index) + 0.5) * cell
      canvas.text(name, x: area.x - 8, y: area.y + middle + 4, anchor: .end)
      canvas.text(
        name, x: area.x + middle + (turned ? 3 : 0), y: area.y - 8,
        anchor: turned ? .start : .middle, turnedBy: turned ? -45 : 0)
    }
  }

  private func drawCells(in area: Rectangle, cell: Double, on canvas: inout SVGCanvas) {
    let mostConfused = Double(largestConfusion)
    for (row, line) in counts.enumerated() {
      let total = line.reduce(0, +)
      for (column, count) in line.enumerated() where count > 0 {
        let isCorrect = row == column
        let share =
          isCorrect ? Double(count) / Double(total) * 0.9 : Double(count) / mostConfused * 0.75
        let frame = Rectangle(
          x: area.x + Double(column) * cell, y: area.y + Double(row) * cell, width: cell,
          height: cell)
        canvas.rectangle(
          cell > 12 ? frame.grown(by: -0.75) : frame, class: FigureStyle.fill(isCorrect ? 0 : 1),
          radius: cell > 24 ? 3 : 0, opacity: max(share, 0.08))
        guard cell >= 32 else { continue }
        let (middle, half) = (frame.x + cell / 2, frame.y + cell / 2)
        // Paler than this the ground is no ground for white.
        let ink = isCorrect && share > 0.8 ? "bright" : "ink"
        let hasRoom = cell >= 40
        canvas.text(
          Ticks.grouped("\(count)"), x: middle, y: half + (hasRoom ? -1 : 4), class: ink,
          anchor: .middle)
        if hasRoom {
          canvas.text(
            Self.percentage(count, of: total), x: middle, y: half + 12, class: "\(ink) small",
            anchor: .middle)
        }
      }
    }
  }

  private var largestConfusion: Int {
    counts.enumerated().map { row, line in
      line.enumerated().map { $0.offset == row ? 0 : $0.element }.max() ?? 0
    }.max() ?? 0
  }

  private static func percentage(_ count: Int, of total: Int) -> String {
    let tenths = Int((Double(count) / Double(total) * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
