#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Philox 4×32-10, a counter-based random number generator.
///
/// The numbers are a pure function of (seed, stream, position): streams of the same seed are
/// independent, and a position is reached in constant time. A draw is 64 bits; ``position`` counts
/// draws. The value is `Codable`, so that a checkpoint holds the generator bit for bit, the cached
/// half of a normal pair included.
///
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
/// doi 10.1145/2063384.2063405.
public struct Philox: RandomNumberGenerator, Sendable {
  /// The key: two generators of different seeds share nothing.
  public let seed: UInt64
  /// Which of the 2⁶⁴ independent sequences of the seed this is.
  public let stream: UInt64
  /// How many 64-bit numbers were drawn so far.
  public private(set) var position: UInt64
  /// The second number of the last Box-Muller pair, until ``normal()`` hands it out.
  private var cachedNormal: Double?
  /// The block the last draw came from; meaningful only where `position` is odd.
  private var block: SIMD4<UInt32>

  /// A generator at the beginning of its sequence.
  public init(seed: UInt64, stream: UInt64 = 0) {
    self.init(seed: seed, stream: stream, position: 0, cachedNormal: nil)
  }

  private init(seed: UInt64, stream: UInt64, position: UInt64, cachedNormal: Double?) {
    self.seed = seed
    self.stream = stream
    self.position = position
    self.cachedNormal = cachedNormal
    self.block = Self.block(seed: seed, stream: stream, index: position / 2)
  }

  /// The bijection itself: ten rounds over a 128-bit counter under a 64-bit key, least significant
  /// word first.
  ///
  /// Source: Salmon et al. 2011, section 3.3; the constants are those of Random123.
  public static func block(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var (k0, k1) = (key[0], key[1])
    var (c0, c1, c2, c3) = (counter[0], counter[1], counter[2], counter[3])
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  private static func block(seed: UInt64, stream: UInt64, index: UInt64) -> SIMD4<UInt32> {
    block(
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)),
      counter: SIMD4(
        UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
        UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)))
  }

  /// The next 64 bits: the two halves of a block in turn, the lower word first.
  public mutating func next() -> UInt64 {
    let low: UInt32
    let high: UInt32
    if position & 1 == 0 {
      block = Self.block(seed: seed, stream: stream, index: position / 2)
      (low, high) = (block[0], block[1])
    } else {
      (low, high) = (block[2], block[3])
    }
    position &+= 1
    return UInt64(low) | UInt64(high) << 32
  }

  /// Leaves out the next `count` draws, in constant time; a cached normal number is dropped.
  public mutating func skip(_ count: UInt64) {
    self = Philox(seed: seed, stream: stream, position: position &+ count, cachedNormal: nil)
  }

  /// A number in [0, 1), a multiple of 2⁻⁵³; one draw.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number in [0, 1), a multiple of 2⁻²⁴; one draw.
  public mutating func uniformFloat() -> Float {
    Float(next() >> 40) * 0x1p-24
  }

  /// A standard normal number; every second call draws two numbers, the others none.
  ///
  /// r = √(−2 ln(1 − u)), z₁ = r cos 2πv, z₂ = r sin 2πv. Source: Box and Muller, "A note on the
  /// generation of random normal deviates", doi 10.1214/aoms/1177706645.
  public mutating func normal() -> Double {
    if let cached = cachedNormal {
      cachedNormal = nil
      return cached
    }
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    cachedNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// An integer in 0 ..< `bound`, each equally likely; `bound` is positive.
  ///
  /// Source: Lemire, "Fast random integer generation in an interval", doi 10.1145/3230636.
  public mutating func integer(below bound: Int) -> Int {
    require(bound > 0, "Philox.integer(below: \(bound)): the bound must be positive")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      // The lowest 2⁶⁴ mod bound products are one too many for some results: draw again.
      let surplus = (0 &- bound) % bound
      while product.low < surplus { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// Puts the elements into random order, every order equally likely (Fisher and Yates).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, integer(below: last + 1))
    }
  }

  /// The numbers 0 ..< `count` in random order.
  public mutating func permutation(_ count: Int) -> [Int32] {
    require(
      count >= 0 && count <= Int(Int32.max),
      "Philox.permutation(\(count)): the count must be in 0 ... \(Int32.max)")
    var order = [Int32](0..<Int32(count))
    shuffle(&order)
    return order
  }
}

extension Philox: Equatable {
  /// Whether both will hand out the same numbers from here on, whatever is asked of them.
  public static func == (one: Philox, other: Philox) -> Bool {
    one.seed == other.seed && one.stream == other.stream && one.position == other.position
      && one.cachedNormal?.bitPattern == other.cachedNormal?.bitPattern
  }
}

extension Philox: Codable {
  private enum CodingKeys: String, CodingKey {
    case seed, stream, position
    case cachedNormal = "cached_normal_bits"
  }

  /// Reads a state that ``encode(to:)`` wrote.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      seed: try values.decode(UInt64.self, forKey: .seed),
      stream: try values.decode(UInt64.self, forKey: .stream),
      position: try values.decode(UInt64.self, forKey: .position),
      cachedNormal: try values.decodeIfPresent(UInt64.self, forKey: .cachedNormal)
        .map(Double.init(bitPattern:)))
  }

  /// Writes seed, stream, position, and the cached normal number as its bit pattern.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(seed, forKey: .seed)
    try values.encode(stream, forKey: .stream)
    try values.encode(position, forKey: .position)
    try values.encodeIfPresent(cachedNormal?.bitPattern, forKey: .cachedNormal)
  }
}
