import Attribution
import Figures
import Layers
import Tensors

/// What layers hold and give: filters and feature maps.
struct FeatureViews {
  let subject: Subject
  let request: VisualizationRequest

  /// Maps of one layer that are shown at most.
  private static let most = 64
  /// Layers that are shown where none is named, and maps of each.
  private static let layers = 6
  private static let mapsOfEach = 12

  init(_ subject: Subject, _ request: VisualizationRequest) {
    self.subject = subject
    self.request = request
  }

  private var examined: ExaminedNetwork { subject.examined }

  // MARK: - Filters

  func filters() throws -> Panel {
    guard
      let found = FirstLayerFilters(
        among: examined.parameters, height: examined.height, width: examined.width,
        channels: examined.channels)
    else { throw NotSuited(reason: "no parameter of this network multiplies the pixels") }
    let shown = Array(found.filters.prefix(Self.most))
    let rest = found.filters.count > shown.count ? ", the first \(shown.count) of them" : ""
    let what = "The \(found.filters.count) filters of \(found.name)\(rest)"
    let scale: ColorScale?
    let images: [PixelImage]
    let text: String
    if found.channels == 3 {
      scale = nil
      images = shown.map { coloured($0, found) }
      text =
        "\(what): red, green and blue weights as a colour, grey where they are zero, each in a scale "
        + "of its own."
    } else {
      let common = ColorScale(.diverging, covering: shown.flatMap { $0 }, label: "weight")
      scale = common
      images = shown.map {
        PixelImage(
          width: found.width, height: found.height, values: $0, colors: .diverging,
          range: common.range)
      }
      text = "\(what), in one scale."
    }
    let grid = ImageGrid(tiles: images.map { .init($0) }, columns: 12, tileWidth: 60, scale: scale)
    return Panel(
      section: Report.Section("Filters", [.paragraph(text), .figure(grid, caption: "")]),
      files: [("filters", sheet(images, side: 48, scale))])
  }

  private func coloured(_ weights: [Float], _ filters: FirstLayerFilters) -> PixelImage {
    let end = ColorScale(.diverging, covering: weights).range.upperBound
    return PixelImage(
      width: filters.width, height: filters.height, channels: 3,
      values: weights.map { 0.5 + 0.5 * $0 / end })
  }

  // MARK: - Feature maps

  func features() throws -> Panel {
    let outputs = layerOutputs(of: examined.network, on: subject.input)
    let chosen: [LayerOutput]
    if let name = request.layer {
      chosen = [try outputs.named(name)]
    } else {
      chosen = Self.overview(of: outputs)
    }
    guard !chosen.isEmpty else { throw NotSuited(reason: "no layer of this network has a name") }
    var blocks: [Report.Block] = [
      .paragraph(
        "What \(chosen.count == 1 ? "the layer gives" : "some of the layers give") for the image, each layer in "
          + "a scale of its own.")
    ]
    var files: [(name: String, image: PixelImage)] = []
    for output in chosen {
      let view = view(of: output, most: chosen.count == 1 ? Self.most : Self.mapsOfEach)
      let shape = output.value.shape.lengths.dropFirst().map(String.init).joined(separator: " × ")
      let rest = view.images.count < view.count ? ", the first \(view.images.count)" : ""
      blocks.append(
        .figure(
          ImageGrid(
            title: "\(output.name), \(output.type), \(shape)\(rest)",
            tiles: view.images.map { .init($0) }, columns: 12, tileWidth: view.tileWidth,
            scale: view.scale), caption: ""))
      let file = "features-" + output.name.replacing("#", with: "-")
      files.append((file, sheet(view.images, side: 96, view.scale)))
    }
    // A layer without a path has the name of its type, which may be generic: ResNet<BasicBlock>.
    let names = Markup.escape(outputs.map(\.name).joined(separator: ", "))
    blocks.append(
      .html("<details><summary>All \(outputs.count) layers</summary><p>\(names)</p></details>"))
    return Panel(section: Report.Section("Feature maps", blocks), files: files)
  }

  /// A few layers from the first to the last: of those with a path (a rectifier without one shows what the layer before
  /// it does) that give maps of more than one place, if there are any, the outermost, such as the blocks of a residual
  /// network; not a sequence beside its own layers, and no normalisation where there are enough others.
  private static func overview(of outputs: [LayerOutput]) -> [LayerOutput] {
    let named = outputs.filter { $0.units > 0 && !$0.path.isEmpty }
    let maps = named.filter { $0.isMaps && $0.value.shape[1] * $0.value.shape[2] > 1 }
    let sequences = Set(named.filter { $0.kind == .sequence }.map(\.name))
    let all = (maps.isEmpty ? named : maps).filter { !sequences.contains($0.name) }
    /// The dots in its name but for those behind the name of a sequence.
    func depth(of output: LayerOutput) -> Int {
      let words = output.name.split(separator: ".")
      return words.indices.dropFirst().count { end in
        !sequences.contains(words[..<end].joined(separator: "."))
      }
    }
    func within(_ limit: Int) -> [LayerOutput] {
      let found = all.filter { depth(of: $0) <= limit }
      let others = found.filter { $0.kind != .normalization }
      return others.count >= 3 ? others : found
    }
    let outermost = (0..<8).lazy.map(within).first { $0.count >= 3 } ?? all
    let count = min(outermost.count, layers)
    return (0..<count).map { outermost[$0 * (outermost.count - 1) / max(count - 1, 1)] }
  }

  private struct View {
    let images: [PixelImage]
    /// How many there are in all.
    let count: Int
    let scale: ColorScale
    let tileWidth: Double
  }

  /// The channels of maps as a picture each; all else as one picture with a pixel for each number.
  private func view(of output: LayerOutput, most: Int) -> View {
    let (values, units) = (output.value.floats, max(output.units, 1))
    func scaled(_ shown: [Float]) -> ColorScale {
      let isSigned = (shown.min() ?? 0) < 0
      return ColorScale(isSigned ? .diverging : .sequential, covering: shown, label: "activation")
    }
    guard output.isMaps else {
      let scale = scaled(values)
      let columns = min(units, 32)
      let padding = (columns - values.count % columns) % columns
      let padded = values + [Float](repeating: .nan, count: padding)
      let (cells, width) = Self.strips(padded, columns: columns)
      let image = PixelImage(
        width: width, height: cells.count / width, values: cells, colors: scale.colors,
        range: scale.range)
      return View(
        images: [image], count: 1, scale: scale, tileWidth: min(Double(width) * 20, 640))
    }
    let (height, width) = (output.value.shape[1], output.value.shape[2])
    let maps = (0..<min(units, most)).map { unit in
      (0..<height * width).map { values[$0 * units + unit] }
    }
    let scale = scaled(maps.flatMap { $0 })
    return View(
      images: maps.map {
        PixelImage(
          width: width, height: height, values: $0, colors: scale.colors, range: scale.range)
      }, count: units, scale: scale, tileWidth: 60)
  }

  /// The rows of a tall matrix in strips of at most 32 side by side, an empty column apart, and the columns of the whole.
  static func strips(_ values: [Float], columns: Int) -> (values: [Float], columns: Int) {
    let height = values.count / columns
    guard height > 48 else { return (values, columns) }
    let count = (height + 31) / 32
    let rows = (height + count - 1) / count
    let width = count * (columns + 1) - 1
    var cells = [Float](repeating: .nan, count: rows * width)
    for row in 0..<height {
      let start = row % rows * width + row / rows * (columns + 1)
      for column in 0..<columns { cells[start + column] = values[row * columns + column] }
    }
    return (cells, width)
  }

  /// Pictures enlarged to about the same side, and the bar of their colours.
  private func sheet(_ images: [PixelImage], side: Int, _ scale: ColorScale?) -> PixelImage {
    var tiles = images.map { $0.enlarged(by: max(side / max($0.width, $0.height), 1)).colored }
    if let scale, let first = tiles.first {
      tiles.append(PixelImage(bar: scale, width: first.width, height: first.height))
    }
    return PixelImage(tiles: tiles, columns: 12, gap: 4)
  }
}
