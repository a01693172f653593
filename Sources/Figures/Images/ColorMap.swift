/// Numbers as colours.
public enum ColorMap: Equatable, Sendable {
  /// Dark violet over green to yellow: more is lighter, in colour, in grey, and to the colour-blind.
  ///
  /// Source: nine stations of matplotlib's viridis (N. Smith, S. van der Walt, 2015, CC0).
  case sequential
  /// Blue below the middle, white there, red above.
  ///
  /// Source: ColorBrewer's seven-class RdBu, reversed (C. Brewer, 2002).
  case diverging

  struct Color: Equatable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8
  }

  /// What stands for values that are not finite: a grey that is in neither map.
  static let missing = Color(red: 128, green: 128, blue: 128)

  /// The colour at `fraction` of the map, clamped to 0...1.
  func color(at fraction: Double) -> Color {
    guard !fraction.isNaN else { return Self.missing }
    let stations = self == .sequential ? Self.viridis : Self.blueToRed
    let place = min(max(fraction, 0), 1) * Double(stations.count - 1)
    let index = min(Int(place), stations.count - 2)
    let share = place - Double(index)
    func mixed(_ shift: UInt32) -> UInt8 {
      let (low, high) = (stations[index] >> shift & 0xff, stations[index + 1] >> shift & 0xff)
      return UInt8((Double(low) + (Double(high) - Double(low)) * share).rounded())
    }
    return Color(red: mixed(16), green: mixed(8), blue: mixed(0))
  }

  /// The colour of `value` where the map's ends stand for the ends of `range`.
  func color(of value: Double, in range: ClosedRange<Float>) -> Color {
    guard value.isFinite else { return Self.missing }
    let (lower, upper) = (Double(range.lowerBound), Double(range.upperBound))
    return color(at: upper > lower ? (value - lower) / (upper - lower) : 0.5)
  }

  /// What the map should cover for `values`: their finite extent, around zero where the map diverges.
  func range(covering values: some Sequence<Float>) -> ClosedRange<Float> {
    let finite = values.lazy.filter(\.isFinite)
    switch self {
    case .sequential: return (finite.min() ?? 0)...(finite.max() ?? 1)
    case .diverging:
      let largest = finite.map(abs).max() ?? 1
      return -largest...largest
    }
  }

  private static let viridis: [UInt32] = [
    0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725,
  ]
  private static let blueToRed: [UInt32] = [
    0x2166ac, 0x67a9cf, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xef8a62, 0xb2182b,
  ]
}
