#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// NumPy's legacy `RandomState`, bit for bit: what `np.random.seed(s)` and the functions after it
/// hand out.
///
/// Published expected values of courses and papers were made with it. New code takes ``Philox``.
/// The generator is MT19937; normal numbers come from the polar method, in pairs, the second one
/// cached across calls.
///
/// Sources: Matsumoto and Nishimura, "Mersenne twister", doi 10.1145/272991.272995; Marsaglia and
/// Bray, "A convenient method for generating normal variables", doi 10.1137/1006063; the frozen
/// behaviour is that of NumPy's NEP 19.
public struct NumPyRandom: Sendable, Equatable {
  private static let length = 624
  private static let middle = 397

  private var words: [UInt32]
  private var index: Int
  private var cachedNormal: Double?

  /// The state after `np.random.seed(seed)`.
  public init(seed: UInt32) {
    words = [UInt32](repeating: 0, count: Self.length)
    words[0] = seed
    for i in 1..<Self.length {
      let last = words[i - 1]
      words[i] = 1_812_433_253 &* (last ^ last >> 30) &+ UInt32(i)
    }
    index = Self.length
    cachedNormal = nil
  }

  /// The next 32 bits of MT19937.
  public mutating func next32() -> UInt32 {
    if index == Self.length {
      twist()
      index = 0
    }
    var y = words[index]
    index += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    y ^= y >> 18
    return y
  }

  private mutating func twist() {
    for i in 0..<Self.length {
      let joined = words[i] & 0x8000_0000 | words[(i + 1) % Self.length] & 0x7FFF_FFFF
      let feedback: UInt32 = joined & 1 == 1 ? 0x9908_B0DF : 0
      words[i] = words[(i + Self.middle) % Self.length] ^ joined >> 1 ^ feedback
    }
  }

  /// `random_sample()`: a number in [0, 1), a multiple of 2⁻⁵³; two 32-bit draws.
  public mutating func randomSample() -> Double {
    let high = next32() >> 5
    let low = next32() >> 6
    return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
  }

  /// `rand(count)`, the same numbers as `random_sample(count)`.
  public mutating func rand(_ count: Int) -> [Double] {
    require(count >= 0, "NumPyRandom.rand(\(count)): the count must not be negative")
    return (0..<count).map { _ in randomSample() }
  }

  /// `uniform(low, high, count)`: numbers in [low, high).
  public mutating func uniform(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    rand(count).map { low + (high - low) * $0 }
  }

  /// `randn()`: one standard normal number.
  public mutating func randn() -> Double {
    if let cached = cachedNormal {
      cachedNormal = nil
      return cached
    }
    var (x, y, square) = (0.0, 0.0, 0.0)
    repeat {
      x = 2 * randomSample() - 1
      y = 2 * randomSample() - 1
      square = x * x + y * y
    } while square >= 1 || square == 0
    let scale = (-2 * log(square) / square).squareRoot()
    cachedNormal = scale * x
    return scale * y
  }

  /// `randn(count)`: standard normal numbers.
  public mutating func randn(_ count: Int) -> [Double] {
    require(count >= 0, "NumPyRandom.randn(\(count)): the count must not be negative")
    return (0..<count).map { _ in randn() }
  }

  /// `normal(mean, deviation, count)`: normal numbers of the mean and the standard deviation.
  public mutating func normal(_ mean: Double, _ deviation: Double, _ count: Int) -> [Double] {
    randn(count).map { mean + deviation * $0 }
  }

  /// `randint(high)`: an integer in 0 ..< `high`, of NumPy's default integer type on 64-bit Linux.
  public mutating func randint(_ high: Int) -> Int {
    require(high > 0, "NumPyRandom.randint(\(high)): the bound must be positive")
    return Int(interval(UInt64(high - 1)))
  }

  /// `randint(high, size=count)`: integers in 0 ..< `high`; also `choice(high, count)` with
  /// replacement.
  public mutating func randint(_ high: Int, _ count: Int) -> [Int] {
    require(count >= 0, "NumPyRandom.randint(\(high), \(count)): the count must not be negative")
    return (0..<count).map { _ in randint(high) }
  }

  /// `shuffle(elements)` of a one-dimensional array.
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, Int(interval(UInt64(last))))
    }
  }

  /// `permutation(count)`: the numbers 0 ..< `count` in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    require(count >= 0, "NumPyRandom.permutation(\(count)): the count must not be negative")
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }

  /// An integer in 0 ... `maximum`: masks the draw to the bits of the maximum and rejects what is
  /// above it.
  private mutating func interval(_ maximum: UInt64) -> UInt64 {
    guard maximum > 0 else { return 0 }
    let mask = UInt64.max >> UInt64(maximum.leadingZeroBitCount)
    while true {
      var value = UInt64(next32())
      if maximum > UInt64(UInt32.max) { value = value << 32 | UInt64(next32()) }
      value &= mask
      if value <= maximum { return value }
    }
  }
}

extension NumPyRandom: Codable {
  private enum CodingKeys: String, CodingKey {
    case words, index
    case cachedNormal = "cached_normal_bits"
  }

  /// Reads a state that ``encode(to:)`` wrote; throws where it is not one of 624 words and an index
  /// into them.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    words = try values.decode([UInt32].self, forKey: .words)
    index = try values.decode(Int.self, forKey: .index)
    cachedNormal = try values.decodeIfPresent(UInt64.self, forKey: .cachedNormal)
      .map(Double.init(bitPattern:))
    guard words.count == Self.length else {
      throw DecodingError.dataCorruptedError(
        forKey: .words, in: values,
        debugDescription: "expected \(Self.length) words, found \(words.count)")
    }
    guard (0...Self.length).contains(index) else {
      throw DecodingError.dataCorruptedError(
        forKey: .index, in: values,
        debugDescription: "expected an index in 0 ... \(Self.length), found \(index)")
    }
  }

  /// Writes the 624 words, the index, and the cached normal number as its bit pattern.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(words, forKey: .words)
    try values.encode(index, forKey: .index)
    try values.encodeIfPresent(cachedNormal?.bitPattern, forKey: .cachedNormal)
  }
}
