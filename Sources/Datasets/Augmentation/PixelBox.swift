import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A rectangle of an image.
struct PixelBox: Equatable {
  var rows: Range<Int>
  var columns: Range<Int>

  static let empty = PixelBox(rows: 0..<0, columns: 0..<0)

  /// A rectangle that is cut out and enlarged: ten trials for an area and a proportion that fit, else the
  /// largest in the middle whose proportion is allowed, as torchvision's `RandomResizedCrop` has it.
  static func part(
    of size: (height: Int, width: Int), area: ClosedRange<Double>, ratio: Double,
    from random: inout Philox
  ) -> PixelBox {
    for _ in 0..<10 {
      let (height, width) = sides(of: size, area: area, ratio: ratio, tall: false, from: &random)
      if (1...size.height).contains(height) && (1...size.width).contains(width) {
        return anywhere(height, width, in: size, from: &random)
      }
    }
    let own = Double(size.width) / Double(size.height)
    var (height, width) = size
    if own < 1 / ratio {
      height = Int((Double(width) * ratio).rounded())
    } else if own > ratio {
      width = Int((Double(height) * ratio).rounded())
    }
    let (top, left) = ((size.height - height) / 2, (size.width - width) / 2)
    return PixelBox(rows: top..<top + height, columns: left..<left + width)
  }

  /// A rectangle that is erased: ten trials for an area and a proportion that fit, else none, as torchvision's
  /// `RandomErasing` has it.
  static func erased(
    in size: (height: Int, width: Int), area: ClosedRange<Double>, ratio: Double,
    from random: inout Philox
  ) -> PixelBox {
    for _ in 0..<10 {
      let (height, width) = sides(of: size, area: area, ratio: ratio, tall: true, from: &random)
      if height < size.height && width < size.width {
        return anywhere(height, width, in: size, from: &random)
      }
    }
    return .empty
  }

  /// A square around any pixel, cut off at the edges.
  static func square(
    _ side: Int, in size: (height: Int, width: Int), from random: inout Philox
  ) -> PixelBox {
    func range(_ length: Int) -> Range<Int> {
      let first = random.integer(below: length) - side / 2
      return max(0, first)..<min(length, first + side)
    }
    let rows = range(size.height)
    return PixelBox(rows: rows, columns: range(size.width))
  }

  private static func sides(
    of size: (height: Int, width: Int), area: ClosedRange<Double>, ratio: Double, tall: Bool,
    from random: inout Philox
  ) -> (height: Int, width: Int) {
    let share = area.lowerBound + (area.upperBound - area.lowerBound) * random.uniform()
    let pixels = Double(size.height * size.width) * share
    let proportion = exp((2 * random.uniform() - 1) * log(ratio))
    let (one, other) = (
      Int((pixels * proportion).squareRoot().rounded()),
      Int((pixels / proportion).squareRoot().rounded())
    )
    return tall ? (one, other) : (other, one)
  }

  private static func anywhere(
    _ height: Int, _ width: Int, in size: (height: Int, width: Int), from random: inout Philox
  ) -> PixelBox {
    let top = random.integer(below: size.height - height + 1)
    let left = random.integer(below: size.width - width + 1)
    return PixelBox(rows: top..<top + height, columns: left..<left + width)
  }
}

extension ImageCanvas {
  /// For each place of the result, the two of the source it lies between and the share of the second.
  private struct Taps {
    var first: [Int] = []
    var second: [Int] = []
    var share: [Float] = []

    /// Pixels are squares with their value in the middle: place p of the result is at (p + ½) n / m − ½ of the
    /// source.
    init(_ source: Range<Int>, to count: Int, by stride: Int) {
      for place in 0..<count {
        let at = (Float(place) + 0.5) * Float(source.count) / Float(count) - 0.5
        let clamped = max(at, 0)
        let lower = min(Int(clamped), source.count - 1)
        first.append((source.lowerBound + lower) * stride)
        second.append((source.lowerBound + min(lower + 1, source.count - 1)) * stride)
        share.append(clamped - Float(lower))
      }
    }
  }

  /// A rectangle, not empty, enlarged to the whole image, bilinearly.
  mutating func enlarge(_ box: PixelBox) {
    if box.rows.count == height && box.columns.count == width { return }
    let rows = Taps(box.rows, to: height, by: width * channels)
    let columns = Taps(box.columns, to: width, by: channels)
    let (firsts, seconds, shares) = (columns.first, columns.second, columns.share)
    let (height, width, channels) = (height, width, channels)
    redraw { from, to in
      var place = 0
      for y in 0..<height {
        let (upper, lower, down) = (rows.first[y], rows.second[y], rows.share[y])
        for x in 0..<width {
          let (left, right, along) = (firsts[x], seconds[x], shares[x])
          for channel in 0..<channels {
            let a = Float(from[upper &+ left &+ channel])
            let b = Float(from[upper &+ right &+ channel])
            let c = Float(from[lower &+ left &+ channel])
            let d = Float(from[lower &+ right &+ channel])
            let (above, below) = (a + (b - a) * along, c + (d - c) * along)
            to[place &+ channel] = UInt8(above + (below - above) * down + 0.5)
          }
          place &+= channels
        }
      }
    }
  }
}
