extension PixelImage {
  /// Sets pictures of one size side by side, row after row, on white.
  ///
  /// - Parameters:
  ///   - tiles: at least one; all as wide and high, and of as many channels, as the first.
  ///   - columns: how many stand in a row, at least 1.
  ///   - gap: pixels between them.
  public init(tiles: [PixelImage], columns: Int, gap: Int = 1) {
    require(!tiles.isEmpty, "PixelImage(tiles:): there are no tiles")
    let first = tiles[0]
    require(
      columns >= 1 && gap >= 0,
      "PixelImage(tiles:): \(columns) columns with gaps of \(gap); at least 1 and 0 are needed")
    let columns = min(columns, tiles.count)
    let rows = (tiles.count + columns - 1) / columns
    let (width, height) = (
      columns * (first.width + gap) - gap, rows * (first.height + gap) - gap
    )
    let channels = first.channels
    var pixels = [UInt8](repeating: 255, count: width * height * channels)
    for (index, tile) in tiles.enumerated() {
      require(
        tile.width == first.width && tile.height == first.height && tile.channels == channels,
        "PixelImage(tiles:): tile \(index) has \(tile.width) × \(tile.height) pixels of "
          + "\(tile.channels) channels, the first \(first.width) × \(first.height) of \(channels)")
      let (left, top) = (
        index % columns * (first.width + gap), index / columns * (first.height + gap)
      )
      let count = tile.width * channels
      for row in 0..<tile.height {
        let place = ((top + row) * width + left) * channels
        pixels.replaceSubrange(
          place..<(place + count), with: tile.pixels[(row * count)..<((row + 1) * count)])
      }
    }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }
}
