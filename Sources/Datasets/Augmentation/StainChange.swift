import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How strong haematoxylin and eosin become: c′ = α c + β.
struct StainChange {
  /// α and β of haematoxylin and of eosin.
  var scales = SIMD2(1.0, 1.0)
  var shifts = SIMD2(0.0, 0.0)

  init(scales: SIMD2<Double>, shifts: SIMD2<Double>) {
    self.scales = scales
    self.shifts = shifts
  }

  init(scale: Double, shift: Double, from random: inout Philox) {
    for stain in 0..<2 {
      scales[stain] = 1 + scale * (2 * random.uniform() - 1)
      shifts[stain] = shift * (2 * random.uniform() - 1)
    }
  }

  /// The optical densities of red, green and blue in haematoxylin, in eosin, and in what neither explains (at
  /// right angles to both), each of length 1.
  ///
  /// Ruifrok and Johnston 2001, table 1.
  static let stains: [SIMD3<Double>] = {
    func unit(_ vector: SIMD3<Double>) -> SIMD3<Double> {
      vector / (vector * vector).sum().squareRoot()
    }
    let haematoxylin = unit(SIMD3(0.65, 0.704, 0.286))
    let eosin = unit(SIMD3(0.072, 0.99, 0.105))
    return [haematoxylin, eosin, unit(cross(haematoxylin, eosin))]
  }()

  private static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }

  /// The inverse of the matrix of the stains: `shares[s]` times a density, summed, is stain s.
  private static let shares: [SIMD3<Double>] = {
    let (a, b, c) = (stains[0], stains[1], stains[2])
    let volume = (a * cross(b, c)).sum()
    return [cross(b, c) / volume, cross(c, a) / volume, cross(a, b) / volume]
  }()

  /// The densities change linearly, o′ = o A + b: `matrix[from][to]` is A.
  var matrix: [SIMD3<Double>] {
    (0..<3).map { from in
      var row = SIMD3<Double>(repeating: 0)
      row[from] = 1
      for stain in 0..<2 {
        row += Self.stains[stain] * (Self.shares[stain][from] * (scales[stain] - 1))
      }
      return row
    }
  }

  /// b.
  var offset: SIMD3<Double> { Self.stains[0] * shifts[0] + Self.stains[1] * shifts[1] }
}

extension ImageCanvas {
  /// Changes the stains of an image of three channels.
  ///
  /// With o = −ln ((byte + 1) / 256), e^−o′ is a product of one factor for each channel that goes in: 3 × 3
  /// tables of 256 factors.
  mutating func stain(_ change: StainChange) {
    let (matrix, offset) = (change.matrix, change.offset)
    var factors = [SIMD4<Float>](repeating: .zero, count: 3 * 256)
    for from in 0..<3 {
      for byte in 0..<256 {
        let density = -log(Double(byte + 1) / 256)
        for to in 0..<3 { factors[from << 8 | byte][to] = Float(exp(-density * matrix[from][to])) }
      }
    }
    var whole = SIMD4<Float>(repeating: 0)
    for to in 0..<3 { whole[to] = Float(256 * exp(-offset[to])) }
    let table = factors.span
    var pixels = bytes.mutableSpan
    for place in stride(from: 0, to: pixels.count, by: 3) {
      let product =
        whole * table[Int(pixels[place])] * table[256 | Int(pixels[place &+ 1])]
        * table[512 | Int(pixels[place &+ 2])]
      // − 1 for the byte, + ½ to round.
      let rounded = (product - 0.5).clamped(lowerBound: .zero, upperBound: .init(repeating: 255))
      pixels[place] = UInt8(rounded.x)
      pixels[place &+ 1] = UInt8(rounded.y)
      pixels[place &+ 2] = UInt8(rounded.z)
    }
  }
}
