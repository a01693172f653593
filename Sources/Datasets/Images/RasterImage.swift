import Tensors

/// A picture of 8-bit pixels, grey or colour, row after row from the upper left.
public struct RasterImage: Equatable, Sendable {
  /// `height` × `width` × `channels` bytes.
  public let pixels: [UInt8]
  /// Rows, at least 1.
  public let height: Int
  /// Pixels in a row, at least 1.
  public let width: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int

  /// A picture of `height` × `width` × `channels` bytes.
  public init(pixels: [UInt8], height: Int, width: Int, channels: Int) {
    require(
      height > 0 && width > 0 && (channels == 1 || channels == 3)
        && pixels.count == height * width * channels,
      "RasterImage: \(pixels.count) bytes for \(height) × \(width) × \(channels); both sides are "
        + "positive, and a pixel has 1 or 3 values")
    self.pixels = pixels
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// The same picture with 1 or 3 values for a pixel.
  ///
  /// Grey becomes three equal values. Colour becomes its luma, 0.299 R + 0.587 G + 0.114 B, rounded.
  ///
  /// Source: Recommendation ITU-R BT.601.
  public func converted(toChannels count: Int) -> RasterImage {
    require(count == 1 || count == 3, "RasterImage.converted(toChannels: \(count)): takes 1 or 3")
    guard count != channels else { return self }
    var changed: [UInt8] = []
    changed.reserveCapacity(height * width * count)
    if count == 3 {
      for value in pixels { changed.append(contentsOf: repeatElement(value, count: 3)) }
    } else {
      for first in stride(from: 0, to: pixels.count, by: 3) {
        let (red, green, blue) = (
          Int(pixels[first]), Int(pixels[first + 1]), Int(pixels[first + 2])
        )
        changed.append(UInt8((299 * red + 587 * green + 114 * blue + 500) / 1000))
      }
    }
    return RasterImage(pixels: changed, height: height, width: width, channels: count)
  }

  /// The largest square in the middle; where it cannot lie there exactly, half a pixel to the upper left.
  public func croppedToSquare() -> RasterImage {
    let side = min(height, width)
    guard height != width else { return self }
    let (top, left) = ((height - side) / 2, (width - side) / 2)
    var cropped: [UInt8] = []
    cropped.reserveCapacity(side * side * channels)
    for row in top..<top + side {
      let first = (row * width + left) * channels
      cropped.append(contentsOf: pixels[first..<first + side * channels])
    }
    return RasterImage(pixels: cropped, height: side, width: side, channels: channels)
  }

  /// The picture in another size: bilinear, and smoothed over all pixels that fall into one where it
  /// becomes smaller.
  ///
  /// A value is Σ wᵢ xᵢ with a triangle of weights around the pixel's centre, as wide as the scale where
  /// that is above 1, rows after columns; between the two nothing is rounded. This is what PIL and
  /// torchvision call bilinear with antialiasing.
  public func resized(height newHeight: Int, width newWidth: Int) -> RasterImage {
    require(
      newHeight > 0 && newWidth > 0,
      "RasterImage.resized(height: \(newHeight), width: \(newWidth)): both sides must be positive")
    guard newHeight != height || newWidth != width else { return self }
    let columns = Self.taps(from: width, to: newWidth)
    let rows = Self.taps(from: height, to: newHeight)
    var narrowed = [Float](repeating: 0, count: height * newWidth * channels)
    for row in 0..<height {
      for (column, tap) in columns.enumerated() {
        for channel in 0..<channels {
          var sum: Float = 0
          for (index, weight) in tap.weights.enumerated() {
            sum += weight * Float(pixels[(row * width + tap.first + index) * channels + channel])
          }
          narrowed[(row * newWidth + column) * channels + channel] = sum
        }
      }
    }
    let stride = newWidth * channels
    var result: [UInt8] = []
    result.reserveCapacity(newHeight * stride)
    var line = [Float](repeating: 0, count: stride)
    for tap in rows {
      for place in 0..<stride { line[place] = 0 }
      for (index, weight) in tap.weights.enumerated() {
        let first = (tap.first + index) * stride
        for place in 0..<stride { line[place] += weight * narrowed[first + place] }
      }
      for value in line { result.append(UInt8(min(max(value.rounded(), 0), 255))) }
    }
    return RasterImage(pixels: result, height: newHeight, width: newWidth, channels: channels)
  }

  /// For each new pixel the first old one that counts, and the weights from there; they add up to 1.
  private static func taps(from old: Int, to new: Int) -> [(first: Int, weights: [Float])] {
    let scale = Double(old) / Double(new)
    let reach = max(scale, 1)
    return (0..<new).map { place in
      let centre = (Double(place) + 0.5) * scale
      let first = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), old)
      let weights = (first..<end).map { index in
        max(0, 1 - abs((Double(index) + 0.5 - centre) / reach))
      }
      let sum = weights.reduce(0, +)
      return (first, weights.map { Float($0 / sum) })
    }
  }
}
