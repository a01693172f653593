import Tensors

extension ClassificationSet {
  /// The mean over the images of each of their bytes, in the order row, column, channel; zeros where
  /// there is no image.
  public func meanImage() -> [Float] {
    let features = featureCount
    let sums = parallelMap(chunks) { rows in
      var sums = [UInt64](repeating: 0, count: features)
      for row in rows {
        let first = row * features
        for feature in 0..<features { sums[feature] &+= UInt64(pixels[first + feature]) }
      }
      return sums
    }
    let total = Double(max(count, 1))
    return (0..<features).map { feature in
      Float(Double(sums.reduce(0) { $0 + $1[feature] }) / total)
    }
  }

  /// The mean and the standard deviation of the bytes of each channel over all images and pixels;
  /// zeros where there is no image.
  public func channelStatistics() -> (mean: [Float], deviation: [Float]) {
    let channels = channels
    let moments = parallelMap(chunks) { rows in
      var sums = [UInt64](repeating: 0, count: channels)
      var squares = sums
      for first in stride(
        from: rows.lowerBound * featureCount, to: rows.upperBound * featureCount, by: channels)
      {
        for channel in 0..<channels {
          let value = UInt64(pixels[first + channel])
          sums[channel] &+= value
          squares[channel] &+= value * value
        }
      }
      return (sums: sums, squares: squares)
    }
    let total = Double(max(count * height * width, 1))
    let means = (0..<channels).map { channel in
      Double(moments.reduce(0) { $0 + $1.sums[channel] }) / total
    }
    let deviations = (0..<channels).map { channel in
      let meanSquare = Double(moments.reduce(0) { $0 + $1.squares[channel] }) / total
      return max(meanSquare - means[channel] * means[channel], 0).squareRoot()
    }
    return (means.map { Float($0) }, deviations.map { Float($0) })
  }

  /// The rows in a few portions, whose results come in their order: sums of whole numbers do not depend
  /// on how many there are.
  private var chunks: [Range<Int>] {
    (0..<8).map { count * $0 / 8..<count * ($0 + 1) / 8 }
  }
}
