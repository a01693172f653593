extension PixelImage {
  /// The picture in grey under another one of the same size, such as a map in false colours.
  ///
  /// - Parameters:
  ///   - map: what is laid over it.
  ///   - share: how much of the result is the map's, from 0 to 1.
  public func overlaid(with map: PixelImage, share: Double = 0.6) -> PixelImage {
    require(
      map.width == width && map.height == height && share >= 0 && share <= 1,
      "PixelImage.overlaid: a map of \(map.width) × \(map.height) pixels, share \(share), over "
        + "\(width) × \(height); sizes have to be the same, and the share in 0 ... 1")
    var mixed: [UInt8] = []
    mixed.reserveCapacity(width * height * 3)
    for pixel in 0..<width * height {
      let grey = luma(pixel) * (1 - share)
      for channel in 0..<3 {
        let value = map.pixels[pixel * map.channels + min(channel, map.channels - 1)]
        mixed.append(UInt8((grey + Double(value) * share).rounded()))
      }
    }
    return PixelImage(width: width, height: height, channels: 3, pixels: mixed)
  }

  /// The picture with each pixel as a square of so many.
  public func enlarged(by factor: Int) -> PixelImage {
    require(factor >= 1, "PixelImage.enlarged(by: \(factor)): at least 1 is needed")
    guard factor > 1 else { return self }
    var large: [UInt8] = []
    large.reserveCapacity(pixels.count * factor * factor)
    for row in 0..<height {
      var line: [UInt8] = []
      for column in 0..<width {
        let first = (row * width + column) * channels
        for _ in 0..<factor { line += pixels[first..<first + channels] }
      }
      for _ in 0..<factor { large += line }
    }
    return PixelImage(
      width: width * factor, height: height * factor, channels: channels, pixels: large)
  }

  /// The picture with three channels, whatever it had.
  public var colored: PixelImage {
    channels == 3
      ? self
      : PixelImage(
        width: width, height: height, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
  }

  /// The colours of a scale from the bottom up, a narrow bar at the left of a white picture.
  public init(bar scale: ColorScale, width: Int, height: Int) {
    let ramp = scale.ramp(isUpright: true)
    let across = max(width / 12, 1)
    self.init(
      width: width, height: height, channels: 3,
      pixels: (0..<height).flatMap { row in
        (0..<width).flatMap { column -> ArraySlice<UInt8> in
          let place = row * ramp.height / height * 3
          return column < across ? ramp.pixels[place..<place + 3] : [255, 255, 255]
        }
      })
  }

  /// Brightness, by the weights of Recommendation ITU-R BT.601.
  private func luma(_ pixel: Int) -> Double {
    guard channels == 3 else { return Double(pixels[pixel]) }
    let first = pixel * 3
    return 0.299 * Double(pixels[first]) + 0.587 * Double(pixels[first + 1])
      + 0.114 * Double(pixels[first + 2])
  }
}
