import Datasets
import Tensors

/// Images cut into square patches, row by row: the pixels of a patch lie together, so that a batch of them is
/// `[batch, L, D]` as it comes from the loader.
struct ImagePatches {
  let side: Int
  let stride: Int

  /// The patches of every image, as a set whose images have one row for each patch.
  func cut(_ set: ClassificationSet) throws -> ClassificationSet {
    let across = (set.width - side) / stride + 1
    let down = (set.height - side) / stride + 1
    var order: [Int] = []
    for top in 0..<down {
      for left in 0..<across {
        for row in 0..<side {
          for column in 0..<side {
            order.append((top * stride + row) * set.width + left * stride + column)
          }
        }
      }
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(set.count * order.count)
    for image in 0..<set.count {
      let first = image * set.featureCount
      for pixel in order { pixels.append(set.pixels[first + pixel]) }
    }
    return try ClassificationSet(
      pixels: pixels, height: down * across, width: side * side, channels: 1, labels: set.labels,
      classNames: set.classNames, description: set.description)
  }
}
