import Tensors

extension Score {
  /// How much the score falls where a window of the image is covered; each pixel has the mean over the windows that
  /// cover it.
  ///
  /// Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2.
  ///
  /// - Parameters:
  ///   - x: one image, `[1, height, width, channels]`.
  ///   - window: the size of what is covered, at most the image's.
  ///   - stride: pixels from one place of the window to the next, at most its size; the last place is at the edge.
  ///   - cover: what is seen there instead, of the shape of x.
  ///   - batch: how many covered images go through the network at once; changes nothing but the rounding.
  /// - Returns: `[1, height, width]`; positive where the image speaks for the score.
  public func occlusion(
    of x: Tensor, window: Extent, stride: Extent, cover: Tensor, batch: Int = 32
  ) -> Tensor {
    requireOneImage(x, "occlusion")
    require(
      x.rank == 4 && cover.shape == x.shape,
      "occlusion: an image of shape \(x.shape) and a cover of \(cover.shape); both have to be "
        + "[1, height, width, channels]")
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    require(
      1...height ~= window.height && 1...width ~= window.width && 1...window.height ~= stride.height
        && 1...window.width ~= stride.width && batch >= 1,
      "occlusion: a window of \(window) every \(stride) pixels on an image of \(height)×\(width); the window "
        + "has to lie in the image, and the stride in the window")
    let tops = places(height, window.height, stride.height)
    let lefts = places(width, window.width, stride.width)
    let corners = tops.flatMap { top in lefts.map { (top: top, left: $0) } }
    let (image, covering) = (x.doubles, cover.doubles)
    let whole = self(x).doubles[0]
    var falls = [Double](repeating: 0, count: height * width)
    var counts = falls
    for start in Swift.stride(from: 0, to: corners.count, by: batch) {
      let chosen = corners[start..<min(start + batch, corners.count)]
      var covered: [Double] = []
      covered.reserveCapacity(chosen.count * image.count)
      for (top, left) in chosen {
        let first = covered.count
        covered += image
        for row in top..<top + window.height {
          let from = (row * width + left) * channels
          let range = from..<from + window.width * channels
          covered.replaceSubrange(
            range.lowerBound + first..<range.upperBound + first, with: covering[range])
        }
      }
      let scores = self(
        Tensor(covered, shape: [chosen.count, height, width, channels], dtype: x.dtype))
      for ((top, left), score) in zip(chosen, scores.doubles) {
        for row in top..<top + window.height {
          for column in left..<left + window.width {
            falls[row * width + column] += whole - score
            counts[row * width + column] += 1
          }
        }
      }
    }
    return Tensor(zip(falls, counts).map { $0 / $1 }, shape: [1, height, width], dtype: x.dtype)
  }
}

/// Where a window begins: every so many pixels, and last so that it ends at the edge.
private func places(_ length: Int, _ window: Int, _ stride: Int) -> [Int] {
  let regular = Array(Swift.stride(from: 0, through: length - window, by: stride))
  return regular.last == length - window ? regular : regular + [length - window]
}
