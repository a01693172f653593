/// Small pictures in rows, each with a caption below.
public struct ImageGrid: Figure {
  /// Whether a picture is pointed out as a success or a failure, by the colour of its frame and caption.
  public enum Mark: Equatable, Sendable {
    /// Neither.
    case plain
    /// A success.
    case correct
    /// A failure.
    case wrong
  }

  /// One picture.
  public struct Tile: Equatable, Sendable {
    /// The pixels.
    public var image: PixelImage
    /// The text below, in one or more lines; no room is left where no tile has any. A line that is wider than the tile
    /// goes on in the next behind an arrow, and is cut short where that is not enough.
    public var caption: String
    /// Whether it is pointed out; of a caption in several lines the last is not.
    public var mark: Mark

    /// Makes a tile.
    public init(_ image: PixelImage, caption: String = "", mark: Mark = .plain) {
      self.image = image
      self.caption = caption
      self.mark = mark
    }
  }

  /// The heading; none where left out.
  public var title: String?
  /// The pictures, row by row.
  public var tiles: [Tile]
  /// How many stand in a row, at least 1.
  public var columns: Int
  /// The width of a picture in pixels of the figure; its height follows from its proportions.
  public var tileWidth: Double
  /// A line of text below the grid.
  public var note: String?
  /// What the colours of the tiles stand for, below the grid; none where left out.
  public var scale: ColorScale?

  /// Makes a grid of pictures.
  public init(
    title: String? = nil, tiles: [Tile], columns: Int = 10, tileWidth: Double = 56,
    note: String? = nil, scale: ColorScale? = nil
  ) {
    require(columns >= 1, "ImageGrid: \(columns) columns; at least 1 is needed")
    self.title = title
    self.tiles = tiles
    self.columns = columns
    self.tileWidth = tileWidth
    self.note = note
    self.scale = scale
  }

  /// Makes a grid of weights in a diverging map: blue below zero, white at zero, red above, one scale for all.
  ///
  /// The colours are those of ``ColorScale/init(_:covering:label:)``.
  ///
  /// - Parameters:
  ///   - title: the heading; none where left out.
  ///   - filters: one array of `height × width` weights for each tile.
  ///   - width: columns of a tile, in weights.
  ///   - height: rows of a tile, in weights.
  ///   - captions: one below each tile, or none at all.
  ///   - columns: tiles in a row, at least 1.
  ///   - tileWidth: in pixels of the figure.
  public init(
    title: String? = nil, filters: [[Float]], width: Int, height: Int, captions: [String] = [],
    columns: Int = 10, tileWidth: Double = 56
  ) {
    let range = ColorScale(.diverging, covering: Array(filters.joined())).range
    let limit = Ticks.short(Double(range.upperBound))
    self.init(
      title: title,
      tiles: filters.enumerated().map { index, filter in
        Tile(
          PixelImage(
            width: width, height: height, values: filter, colors: .diverging, range: range),
          caption: index < captions.count ? captions[index] : "")
      }, columns: columns, tileWidth: tileWidth,
      note: "blue −\(limit) · white 0 · red +\(limit)")
  }

  /// The grid as an SVG document.
  public func svg() -> String {
    let gap = 10.0
    let margin = 16.0
    let top = title == nil ? margin : 42
    let used = max(min(columns, tiles.count), 1)
    let lines = tiles.map { captionLines(of: $0).count }.max() ?? 0
    let tileHeight =
      tiles.map { tileWidth * Double($0.image.height) / Double($0.image.width) }.max() ?? 0
    let pitch = tileHeight + gap + (lines > 0 ? Double(lines) * 13 + 4 : 0)
    let rows = (tiles.count + used - 1) / used
    let gridWidth = Double(used) * (tileWidth + gap) - gap
    let titleWidth = title.map { TextMetrics.width($0, size: 15) } ?? 0
    let noteWidth = note.map { TextMetrics.width($0, size: 11) } ?? 0
    var canvas = SVGCanvas(
      width: max(gridWidth, titleWidth, noteWidth, scale?.drawnWidth ?? 0) + 2 * margin,
      height: top + Double(rows) * pitch - gap + margin + (note == nil ? 0 : 20)
        + (scale == nil ? 0 : 36))
    if let title { canvas.text(title, x: margin, y: 26, class: "ink title") }
    for (index, tile) in tiles.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: used)
      let frame = Rectangle(
        x: margin + Double(column) * (tileWidth + gap), y: top + Double(row) * pitch,
        width: tileWidth, height: tileWidth * Double(tile.image.height) / Double(tile.image.width))
      draw(tile, in: frame, captionTop: top + Double(row) * pitch + tileHeight, on: &canvas)
    }
    if let note { canvas.text(note, x: margin, y: canvas.height - 14, class: "muted") }
    scale?.draw(x: margin, y: top + Double(rows) * pitch + 4, on: &canvas)
    return canvas.document(label: title ?? "\(tiles.count) images")
  }

  private func draw(
    _ tile: Tile, in frame: Rectangle, captionTop: Double, on canvas: inout SVGCanvas
  ) {
    let color: Int? =
      switch tile.mark {
      case .plain: nil
      case .correct: 2
      case .wrong: 1
      }
    canvas.image(tile.image, in: frame)
    let edge = frame.grown(by: color == nil ? 0.5 : 1)
    canvas.add(
      "rect",
      [
        "x": Markup.number(edge.x), "y": Markup.number(edge.y),
        "width": Markup.number(edge.width), "height": Markup.number(edge.height), "fill": "none",
        "class": color.map(FigureStyle.stroke) ?? "grid", "stroke-width": color == nil ? nil : "2",
      ])
    let lines = captionLines(of: tile)
    for (line, text) in lines.enumerated() {
      let isMarked = line == 0 || line < lines.count - 1
      canvas.text(
        TextMetrics.fit(text, into: captionWidth, size: Self.captionSize),
        x: frame.x + frame.width / 2,
        y: captionTop + 14 + Double(line) * 13,
        class: "small " + (isMarked ? color.map(FigureStyle.fill) ?? "muted" : "muted"),
        anchor: .middle)
    }
  }

  private static let captionSize = 11.0
  private var captionWidth: Double { tileWidth + 8 }

  private func captionLines(of tile: Tile) -> [String] {
    tile.caption.split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: "→ ", maxSplits: 1)
      guard parts.count == 2,
        TextMetrics.width(String(line), size: Self.captionSize) > captionWidth
      else { return [String(line)] }
      return ["\(parts[0])→", String(parts[1])]
    }
  }
}
