import Datasets
import Layers
import Tensors

/// Images cut into square patches, row by row: the pixels of a patch lie together, so that a batch of them is
/// `[batch, L, D]` as it comes from the loader.
struct ImagePatches {
  let side: Int
  let stride: Int

  /// The patches of every image, as a set whose images have one row for each patch.
  func cut(_ set: ClassificationSet) throws -> ClassificationSet {
    let order = order(height: set.height, width: set.width)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(set.count * order.count)
    for image in 0..<set.count {
      let first = image * set.featureCount
      for pixel in order { pixels.append(set.pixels[first + pixel]) }
    }
    return try ClassificationSet(
      pixels: pixels, height: order.count / (side * side), width: side * side, channels: 1,
      labels: set.labels, classNames: set.classNames, description: set.description)
  }

  /// Which pixel of an image each pixel of the patches is, patch after patch.
  fileprivate func order(height: Int, width: Int) -> [Int] {
    let across = (width - side) / stride + 1
    let down = (height - side) / stride + 1
    var order: [Int] = []
    for top in 0..<down {
      for left in 0..<across {
        for row in 0..<side {
          for column in 0..<side {
            order.append((top * stride + row) * width + left * stride + column)
          }
        }
      }
    }
    return order
  }
}

/// The same as a layer of grey images, for those who look at what a network makes of the pixels.
///
/// Input `[batch, height, width, 1]`, output `[batch, patches · pixels of a patch]`.
struct PatchCut: Layer {
  private let order: IndexTensor

  init(_ patches: ImagePatches, height: Int, width: Int) {
    order = IndexTensor(patches.order(height: height, width: width).map { Int32($0) })
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    gather(x.reshaped(to: [x.shape[0], x.count / x.shape[0]]), order, axis: 1)
  }
}
