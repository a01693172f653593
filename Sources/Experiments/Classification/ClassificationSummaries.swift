import Datasets
import Figures
import Tensors
import Training

/// What a classifier of images shows in TensorBoard.
enum ClassificationSummaries {
  private static let shown = 32
  private static let columns = 8

  /// The images of a batch as the network gets them, augmented and normalised; the smallest value of each
  /// channel is black, the largest white.
  static func firstBatch(_ batch: Batch, of set: ClassificationSet) -> [RunSummary] {
    guard [1, 3].contains(set.channels) else { return [] }
    let (channels, size) = (set.channels, set.featureCount)
    let values = Array(batch.inputs.floats.prefix(min(batch.count, shown) * size))
    let ranges = (0..<channels).map { channel in
      let own = stride(from: channel, to: values.count, by: channels).lazy.map { values[$0] }
      let (least, most) = (own.min() ?? 0, own.max() ?? 1)
      return (least, most > least ? most - least : 1)
    }
    let shades = values.enumerated().map { index, value in
      (value - ranges[index % channels].0) / ranges[index % channels].1
    }
    let tiles = stride(from: 0, to: shades.count, by: size).map { first in
      PixelImage(
        width: set.width, height: set.height, channels: channels,
        values: Array(shades[first..<(first + size)]))
    }
    return [.image("images/first_batch", PixelImage(tiles: tiles, columns: columns))]
  }

  /// The images of a set that were taken for something else, the surest first, and in words for what.
  static func mistakes(
    _ result: ClassificationResult, on set: ClassificationSet
  ) -> [RunSummary] {
    let surest = result.surestMistakes(on: set).prefix(shown)
    guard [1, 3].contains(set.channels), !surest.isEmpty else { return [] }
    let tiles = surest.map { row in
      PixelImage(
        width: set.width, height: set.height, channels: set.channels,
        pixels: Array(set.image(row)))
    }
    let lines = surest.map { row in
      let percent = ClassificationReport.percent(Double(result.confidences[row]))
      return "1. \(set.classNames[Int(set.labels[row])]) → "
        + "\(set.classNames[Int(result.predictions[row])]), \(percent)"
    }
    return [
      .image("images/mistakes", PixelImage(tiles: tiles, columns: columns)),
      .text("captions/mistakes", lines.joined(separator: "\n")),
    ]
  }
}
