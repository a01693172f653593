/// Clouds of points that change from step to step, shown one step after the other for ever.
///
/// The pointer on the figure holds it still. On paper, and for readers who want nothing to move, it shows the
/// last step.
public struct SteppedClouds: Figure {
  /// One square of the figure.
  public struct Panel: Equatable, Sendable {
    /// The clouds of the steps in order, or one that stays the same; the first one's title stands above.
    public var clouds: [PointCloud]

    /// Makes a panel.
    public init(_ clouds: [PointCloud]) { self.clouds = clouds }
  }

  /// The heading; none where left out.
  public var title: String?
  /// What each step is called, at least one.
  public var steps: [String]
  /// The squares from left to right.
  public var panels: [Panel]
  /// What both axes cover; points outside are left out.
  public var range: ClosedRange<Double>
  /// How long a step is shown; the last one four times as long.
  public var secondsPerStep: Double
  /// Pixels; the height follows.
  public var width: Double

  /// Makes a figure of panels, each with one cloud or as many as there are steps.
  public init(
    title: String? = nil, steps: [String], panels: [Panel], range: ClosedRange<Double>,
    secondsPerStep: Double = 0.8, width: Double = 900
  ) {
    require(!steps.isEmpty && !panels.isEmpty, "SteppedClouds: there is no step or no panel")
    for (index, panel) in panels.enumerated() {
      require(
        panel.clouds.count == 1 || panel.clouds.count == steps.count,
        "SteppedClouds: panel \(index) has \(panel.clouds.count) clouds for \(steps.count) steps; it has "
          + "to have one, or one for each step")
    }
    self.title = title
    self.steps = steps
    self.panels = panels
    self.range = range
    self.secondsPerStep = secondsPerStep
    self.width = width
  }

  /// How many times as long the last step is shown.
  private static let lastStepCounts = 4

  /// The figure as an SVG document.
  public func svg() -> String {
    let (margin, gap, foot) = (16.0, 18.0, 46.0)
    let top = title == nil ? 34.0 : 60
    let count = Double(panels.count)
    let side = max((width - 2 * margin - (count - 1) * gap) / count, 20)
    var canvas = SVGCanvas(width: width, height: top + side + foot)
    if steps.count > 1 { canvas.style(rules) }
    if let title { canvas.text(title, x: margin, y: 26, class: "ink title") }
    let squares = panels.indices.map { index in
      Rectangle(x: margin + Double(index) * (side + gap), y: top, width: side, height: side)
    }
    for (panel, square) in zip(panels, squares) {
      panel.clouds[0].drawFrame(around: square, on: &canvas)
      if panel.clouds.count == 1 || steps.count == 1 {
        panel.clouds[0].drawPoints(in: square, range: range, on: &canvas)
      }
    }
    drawTrack(on: &canvas, from: margin, y: top + side + 18)
    for step in steps.indices {
      canvas.group(class: frameClass(step)) { canvas in
        for (panel, square) in zip(panels, squares)
        where panel.clouds.count == steps.count && steps.count > 1 {
          panel.clouds[step].drawPoints(in: square, range: range, on: &canvas)
        }
        drawMark(step, on: &canvas, from: margin, y: top + side + 18)
      }
    }
    return canvas.document(label: title ?? "points at \(steps.count) steps")
  }

  /// A line below the panels on which the mark of the present step moves.
  private func drawTrack(on canvas: inout SVGCanvas, from margin: Double, y: Double) {
    canvas.line(from: (margin + 6, y), to: (width - margin - 6, y), class: "axis")
  }

  private func drawMark(_ step: Int, on canvas: inout SVGCanvas, from margin: Double, y: Double) {
    let share = steps.count > 1 ? Double(step) / Double(steps.count - 1) : 1
    let x = margin + 6 + share * (width - 2 * margin - 12)
    canvas.add(
      "circle",
      [
        "cx": Markup.number(x), "cy": Markup.number(y), "r": "5", "class": FigureStyle.fill(0),
      ])
    let half = TextMetrics.width(steps[step]) / 2
    canvas.text(
      steps[step], x: min(max(x, margin + half), width - margin - half), y: y + 20, anchor: .middle)
  }

  private func frameClass(_ step: Int) -> String {
    guard steps.count > 1 else { return "step" }
    return "step step-\(step)-of-\(steps.count)" + (step == steps.count - 1 ? " last-step" : "")
  }

  /// Each step is visible for its part of the period. The names hold the number of steps, so that two figures
  /// of one page agree on what they mean.
  private var rules: String {
    let slots = steps.count - 1 + Self.lastStepCounts
    func percent(_ slot: Int) -> String { Markup.number(100 * Double(slot) / Double(slots)) }
    var lines = [
      ".adjoint-figure .step{visibility:hidden}", ".adjoint-figure .last-step{visibility:visible}",
    ]
    var moving: [String] = []
    for step in steps.indices {
      let name = "step-\(step)-of-\(steps.count)"
      let isLast = step == steps.count - 1
      let shown = "\(percent(step))%{visibility:visible}"
      let before = step == 0 ? "" : "0%{visibility:hidden}"
      let after = isLast ? "" : "\(percent(step + 1))%{visibility:hidden}"
      lines.append("@keyframes adjoint-\(name){\(before)\(shown)\(after)}")
      moving.append(
        ".adjoint-figure .\(name){animation:adjoint-\(name) "
          + "\(Markup.number(secondsPerStep * Double(slots)))s step-end infinite}")
    }
    moving.append(".adjoint-figure:hover .step{animation-play-state:paused}")
    return
      (lines
      + ["@media screen and (prefers-reduced-motion:no-preference){"] + moving + ["}"]).joined(
        separator: "\n")
  }
}
