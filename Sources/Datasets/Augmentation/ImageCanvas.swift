import Tensors

/// The bytes of an image that is being changed, and room for its next state: one for each thread, filled anew
/// for each image.
struct ImageCanvas {
  let height: Int
  let width: Int
  let channels: Int
  /// What erased places get.
  let neutral: [UInt8]
  var bytes: [UInt8]
  var spare: [UInt8]

  init(height: Int, width: Int, channels: Int, neutral: [UInt8]) {
    self.height = height
    self.width = width
    self.channels = channels
    self.neutral = neutral
    bytes = [UInt8](repeating: 0, count: height * width * channels)
    spare = bytes
  }

  /// Carries out a transformation, with numbers from the generator.
  mutating func apply(_ transform: ImageTransform, from random: inout Philox) {
    switch transform {
    case .horizontalFlip: if random.integer(below: 2) == 1 { flipColumns() }
    case .verticalFlip: if random.integer(below: 2) == 1 { flipRows() }
    case .quarterTurns:
      turn(height == width ? random.integer(below: 4) : 2 * random.integer(below: 2))
    case .crop(let padding, let border):
      let top = random.integer(below: 2 * padding + 1) - padding
      let left = random.integer(below: 2 * padding + 1) - padding
      move(top: top, left: left, border)
    case .resizedCrop(let scale, let ratio):
      enlarge(.part(of: (height, width), area: scale, ratio: ratio, from: &random))
    case .colorJitter(let brightness, let contrast, let saturation, let hue):
      jitter(
        ColorChange(
          brightness: brightness, contrast: contrast, saturation: saturation, hue: hue,
          from: &random))
    case .stainJitter(let scale, let shift):
      if channels == 3 { stain(StainChange(scale: scale, shift: shift, from: &random)) }
    case .erasing(let probability, let area, let ratio):
      if random.uniform() < probability {
        erase(.erased(in: (height, width), area: area, ratio: ratio, from: &random))
      }
    case .cutout(let side):
      erase(.square(side, in: (height, width), from: &random))
    }
  }

  /// Mirrored left to right.
  mutating func flipColumns() {
    // A span of the bytes lends the whole structure.
    let (height, width, channels) = (height, width, channels)
    var pixels = bytes.mutableSpan
    for row in 0..<height {
      var (left, right) = (row * width * channels, (row * width + width - 1) * channels)
      while left < right {
        for channel in 0..<channels { pixels.swapAt(left &+ channel, right &+ channel) }
        left &+= channels
        right &-= channels
      }
    }
  }

  /// Mirrored top to bottom.
  mutating func flipRows() {
    let (height, line) = (height, width * channels)
    var pixels = bytes.mutableSpan
    for row in 0..<height / 2 {
      let (upper, lower) = (row * line, (height - 1 - row) * line)
      for place in 0..<line { pixels.swapAt(upper &+ place, lower &+ place) }
    }
  }

  /// Turned by that many quarters, against the clock; by halves alone where the image is not square.
  mutating func turn(_ quarters: Int) {
    if quarters == 0 { return }
    if quarters == 2 {
      flipRows()
      flipColumns()
      return
    }
    let (height, width, channels) = (height, width, channels)
    // Where the first pixel comes from, and the ways to the next column's and row's.
    let last = width - 1
    let (first, column, row) = quarters == 1 ? (last, width, -1) : (last * width, -width, 1)
    redraw { from, to in
      var place = 0
      for y in 0..<height {
        for x in 0..<width {
          let source = (first &+ x &* column &+ y &* row) &* channels
          for channel in 0..<channels { to[place &+ channel] = from[source &+ channel] }
          place &+= channels
        }
      }
    }
  }

  /// The window whose upper left corner is at that place of the image, or outside.
  mutating func move(top: Int, left: Int, _ border: ImageTransform.Border) {
    let (width, channels) = (width, channels)
    let columns = (0..<width).map { Self.source($0 + left, width, border) }
    let rows = (0..<height).map { Self.source($0 + top, height, border) }
    redraw { from, to in
      var place = 0
      for row in rows {
        for column in columns {
          // Negative where either is.
          if row | column < 0 {
            for channel in 0..<channels { to[place &+ channel] = 0 }
          } else {
            let pixel = (row &* width &+ column) &* channels
            for channel in 0..<channels { to[place &+ channel] = from[pixel &+ channel] }
          }
          place &+= channels
        }
      }
    }
  }

  /// Draws the next state from the present one.
  @inline(__always)
  mutating func redraw(_ draw: (_ from: Span<UInt8>, _ to: inout MutableSpan<UInt8>) -> Void) {
    // Out of the structure and back, so that it has one owner and is not copied.
    var next = spare
    spare = []
    var pixels = next.mutableSpan
    draw(bytes.span, &pixels)
    spare = bytes
    bytes = next
  }

  /// The row or column that one outside stands for; −1 for none.
  private static func source(_ place: Int, _ length: Int, _ border: ImageTransform.Border) -> Int {
    if place >= 0 && place < length { return place }
    guard border == .reflect else { return -1 }
    if length == 1 { return 0 }
    let period = 2 * (length - 1)
    let rest = ((place % period) + period) % period
    return rest < length ? rest : period - rest
  }

  /// Makes a rectangle neutral.
  mutating func erase(_ box: PixelBox) {
    let (source, width, channels) = (neutral, width, channels)
    var pixels = bytes.mutableSpan
    for row in box.rows {
      let line = row * width
      for place in (line + box.columns.lowerBound) * channels..<(line + box.columns.upperBound)
        * channels
      { pixels[place] = source[place] }
    }
  }
}
