/// The cyclic redundancy check of the Castagnoli polynomial, reflected: what TensorBoard's records are sealed with.
///
/// Source: RFC 3720, appendix B.4; the mask is TFRecord's, which keeps a checksum of data that hold checksums useful.
enum CRC32C {
  /// The checksum of `bytes`; `0` for none.
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      remainder = (remainder >> 8) ^ table[Int((remainder ^ UInt32(byte)) & 0xff)]
    }
    return ~remainder
  }

  /// The checksum as records store it: rotated right by 15 bits, plus a constant, modulo 2³².
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let plain = checksum(bytes)
    return ((plain >> 15) | (plain << 17)) &+ 0xa282_ead8
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { remainder, _ in
      remainder & 1 == 1 ? (remainder >> 1) ^ 0x82f6_3b78 : remainder >> 1
    }
  }
}
