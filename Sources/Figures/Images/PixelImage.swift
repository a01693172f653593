/// A picture of 8-bit pixels, grey or colour, row after row from the upper left.
public struct PixelImage: Equatable, Sendable {
  /// Pixels in a row, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// `height × width × channels` bytes.
  public let pixels: [UInt8]

  /// Makes a picture of `height × width × channels` bytes; `channels` is 1 or 3.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    require(channels == 1 || channels == 3, "PixelImage: \(channels) channels; it takes 1 or 3")
    require(
      width >= 1 && height >= 1 && width <= PNG.largestSide && height <= PNG.largestSide,
      "PixelImage: \(width) × \(height) pixels; each side is from 1 to \(PNG.largestSide)")
    require(
      pixels.count == width * height * channels,
      "PixelImage: \(pixels.count) bytes for \(width) × \(height) pixels of \(channels) channels; "
        + "\(width * height * channels) are needed")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Makes a picture of values where 0 is black and `white` full brightness; what lies outside is clamped, NaN is
  /// black.
  public init(width: Int, height: Int, channels: Int = 1, values: [Float], white: Float = 1) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: values.map { value in
        value.isNaN ? 0 : UInt8((min(max(value / white, 0), 1) * 255).rounded())
      })
  }

  /// Makes a picture in false colours; `range` is what the ends of the map stand for.
  public init(
    width: Int, height: Int, values: [Float], colors: ColorMap, range: ClosedRange<Float>
  ) {
    self.init(
      width: width, height: height, channels: 3,
      pixels: values.flatMap { value in
        let color = colors.color(of: Double(value), in: range)
        return [color.red, color.green, color.blue]
      })
  }
}
