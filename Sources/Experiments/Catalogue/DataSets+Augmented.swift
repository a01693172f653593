import Checkpoints
import Datasets
import Figures
import Foundation
import Tensors
import Training

extension DataSets.Inspection {
  /// Draws some images of the set, and below each of them what eight epochs of training would see of it, to a
  /// PNG or SVG file.
  ///
  /// - Parameters:
  ///   - augmentation: a recipe such as `flip,crop4`; see ``AugmentationRecipe``.
  ///   - seed: what is random is drawn from this.
  ///   - file: ends in .png or .svg.
  /// - Throws: `AdjointError` of kind usage for a recipe that cannot be read or does not fit the images.
  public func writeAugmented(_ augmentation: String, seed: UInt64, to file: URL) throws {
    let recipe = try AugmentationRecipe(parsing: augmentation)
    guard let sample else {
      throw AdjointError(.usage, "\(file.path): the set holds no images to draw")
    }
    if let obstacle = recipe.obstacle(
      channels: sample.channels, height: sample.height, width: sample.width)
    {
      throw AdjointError(.usage, "augment=\(augmentation): \(obstacle)")
    }
    let chosen = sample.selecting(Self.someOfEachClass(of: sample, 10))
    let originals = (0..<chosen.count).map { PixelImage(row: $0, of: chosen) }
    let rows = [originals] + Self.epochs(8, of: chosen, Augmentation(recipe, seed: seed))
    switch file.pathExtension.lowercased() {
    case "png":
      let sheet = try PixelImage.sheet(
        rows, columns: originals.count, scale: max(1, 96 / sample.width), gapBelowFirst: 8,
        for: file)
      try AtomicFile.write(PNG.encode(sheet), to: file)
    case "svg":
      let tiles = rows.enumerated().flatMap { line, images in
        images.enumerated().map { column, image in
          ImageGrid.Tile(
            image, caption: line == 0 ? chosen.classNames(of: column) : "")
        }
      }
      let grid = ImageGrid(
        title: "First row: as they are. Below: \(recipe)", tiles: tiles, columns: originals.count,
        tileWidth: 64)
      try AtomicFile.write(Data(grid.svg().utf8), to: file)
    default:
      throw AdjointError(.usage, "\(file.path): expected a name that ends in .png or .svg")
    }
  }

  /// The first image of each class, then the second of each, and so on.
  private static func someOfEachClass(of set: ClassificationSet, _ count: Int) -> [Int] {
    var seen = [Int](repeating: 0, count: set.classCount)
    // Rows by how many of their class came before.
    var rounds: [[Int]] = []
    for row in 0..<set.count {
      let label = Int(set.labels[row])
      if seen[label] < count {
        if seen[label] == rounds.count { rounds.append([]) }
        rounds[seen[label]].append(row)
        seen[label] += 1
      }
    }
    return Array(
      rounds.flatMap { round in round.sorted { set.labels[$0] < set.labels[$1] } }.prefix(count))
  }

  /// What a loader makes of the images, epoch after epoch.
  private static func epochs(
    _ count: Int, of set: ClassificationSet, _ augmentation: Augmentation
  ) -> [[PixelImage]] {
    // Centred, so that what is erased gets the set's mean.
    let means = set.channelStatistics().mean
    let centre = (0..<set.featureCount).map { means[$0 % set.channels] }
    let loader = Loader(
      set, batchSize: set.count, order: .sequential, transform: .centred(mean: centre),
      augmentation: augmentation)
    return (0..<count).map { _ in
      let values = loader.next().inputs.floats
      return (0..<set.count).map { image in
        PixelImage(
          width: set.width, height: set.height, channels: set.channels,
          values: (0..<set.featureCount).map { values[image * set.featureCount + $0] + centre[$0] },
          white: 255)
      }
    }
  }
}

extension PixelImage {
  /// An image of a set.
  init(row: Int, of set: ClassificationSet) {
    self.init(
      width: set.width, height: set.height, channels: set.channels, pixels: Array(set.image(row)))
  }

  /// Images of one size in rows, two pixels of grey apart, each pixel `scale` × `scale`.
  ///
  /// - Throws: `AdjointError` of kind usage, before anything is drawn, where that is larger than a PNG may be here.
  static func sheet(
    _ rows: [[PixelImage]], columns: Int, scale: Int = 1, gapBelowFirst: Int = 2, for file: URL
  ) throws -> PixelImage {
    let gap = 2
    let first = rows.joined().first ?? PixelImage(width: 1, height: 1, channels: 1, pixels: [0])
    let channels = first.channels
    let (cellWidth, cellHeight) = (first.width * scale + gap, first.height * scale + gap)
    let width = columns * cellWidth + gap
    let height = rows.count * cellHeight + gapBelowFirst
    guard max(width, height) <= PNG.largestSide else {
      func words(_ number: Int) -> String { ProgressDisplay.grouped(number) }
      throw AdjointError(
        .usage,
        "\(file.path): the sheet would be \(words(width)) × \(words(height)) pixels, and a PNG here has at "
          + "most \(words(PNG.largestSide)) pixels a side; take a smaller --size, or a name that ends in .svg"
      )
    }
    var pixels = [UInt8](repeating: 128, count: width * height * channels)
    for (line, images) in rows.enumerated() {
      let top = line * cellHeight + (line == 0 ? gap : gapBelowFirst)
      for (column, image) in images.enumerated() {
        for y in 0..<image.height * scale {
          let to = (top + y) * width + column * cellWidth + gap
          for x in 0..<image.width * scale {
            let from = (y / scale * image.width + x / scale) * channels
            for channel in 0..<channels {
              pixels[(to + x) * channels + channel] = image.pixels[from + channel]
            }
          }
        }
      }
    }
    return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
  }
}
