/// Collects the elements of one figure and closes them into a document.
struct SVGCanvas {
  enum Anchor: String {
    case start, middle, end
  }

  let width: Double
  var height: Double
  private var body = ""

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// One element; attributes in the order given, numbers and text already formed. A note is shown where the
  /// pointer rests on it.
  mutating func add(
    _ element: String, _ attributes: KeyValuePairs<String, String?>, note: String? = nil
  ) {
    let form = Self.form(attributes)
    body +=
      note.map { "<\(element)\(form)><title>\(Markup.escape($0))</title></\(element)>\n" }
      ?? "<\(element)\(form)/>\n"
  }

  /// A text whose baseline begins, has its middle, or ends at `x`, `y`.
  mutating func text(
    _ text: String, x: Double, y: Double, class classes: String = "ink",
    anchor: Anchor = .start, turnedBy degrees: Double = 0, style: String? = nil
  ) {
    let (x, y) = (Markup.number(x), Markup.number(y))
    let attributes = Self.form([
      "x": x, "y": y, "class": classes, "text-anchor": anchor == .start ? nil : anchor.rawValue,
      "transform": degrees == 0 ? nil : "rotate(\(Markup.number(degrees)) \(x) \(y))",
      "style": style,
    ])
    body += "<text\(attributes)>\(Markup.escape(text))</text>\n"
  }

  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), class classes: String
  ) {
    add(
      "line",
      [
        "x1": Markup.number(start.x), "y1": Markup.number(start.y), "x2": Markup.number(end.x),
        "y2": Markup.number(end.y), "class": classes,
      ])
  }

  mutating func rectangle(
    _ frame: Rectangle, class classes: String, radius: Double = 0, opacity: Double = 1
  ) {
    add(
      "rect",
      [
        "x": Markup.number(frame.x), "y": Markup.number(frame.y),
        "width": Markup.number(frame.width), "height": Markup.number(frame.height),
        "rx": radius == 0 ? nil : Markup.number(radius), "class": classes,
        "fill-opacity": opacity == 1 ? nil : Markup.number(opacity),
      ])
  }

  /// A picture stretched over `frame`; `pixelated` keeps its pixels square and sharp.
  mutating func image(_ image: PixelImage, in frame: Rectangle, pixelated: Bool = true) {
    add(
      "image",
      [
        "x": Markup.number(frame.x), "y": Markup.number(frame.y),
        "width": Markup.number(frame.width), "height": Markup.number(frame.height),
        "preserveAspectRatio": "none", "class": pixelated ? "pixels" : nil,
        "href": Markup.address(ofPNG: PNG.encode(image)),
      ])
  }

  /// Draws inside `frame` only: a nested viewport clips without names, which would clash between figures of one page.
  mutating func clipped(to frame: Rectangle, _ draw: (inout SVGCanvas) -> Void) {
    var inner = SVGCanvas(width: frame.width, height: frame.height)
    draw(&inner)
    let attributes = Self.form([
      "x": Markup.number(frame.x), "y": Markup.number(frame.y),
      "width": Markup.number(frame.width), "height": Markup.number(frame.height),
      "viewBox": [frame.x, frame.y, frame.width, frame.height].map(Markup.number)
        .joined(separator: " "),
    ])
    body += "<svg\(attributes)>\n\(inner.body)</svg>\n"
  }

  /// Draws into a group of that class, which rules of ``style(_:)`` can show and hide.
  mutating func group(class classes: String, _ draw: (inout SVGCanvas) -> Void) {
    var inner = SVGCanvas(width: width, height: height)
    draw(&inner)
    body += "<g\(Self.form(["class": classes]))>\n\(inner.body)</g>\n"
  }

  /// Rules of this figure alone, which the sheet of all figures does not have.
  mutating func style(_ rules: String) { body += "<style>\n\(rules)\n</style>\n" }

  /// The document; `label` is what a screen reader says.
  func document(label: String) -> String {
    let (width, height) = (Markup.number(width), Markup.number(height))
    let attributes = Self.form([
      "xmlns": "http://www.w3.org/2000/svg", "class": "adjoint-figure", "width": width,
      "height": height, "viewBox": "0 0 \(width) \(height)", "style": "--width:\(width)px",
      "role": "img",
      "aria-label": label,
    ])
    return """
      <svg\(attributes)>
      <style>
      \(FigureStyle.sheet)
      </style>
      <rect width="100%" height="100%" class="ground"/>
      \(body)</svg>

      """
  }

  private static func form(_ attributes: KeyValuePairs<String, String?>) -> String {
    attributes.map { name, value in
      value.map { " \(name)=\"\(Markup.escape($0))\"" } ?? ""
    }.joined()
  }
}

/// A frame in pixels, from its upper left corner.
struct Rectangle: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }

  func grown(by margin: Double) -> Rectangle {
    Rectangle(x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin)
  }
}
