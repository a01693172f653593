import Testing

@testable import EventLog

@Suite struct CRC32CTests {
  /// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
  static let published: [(bytes: [UInt8], checksum: UInt32)] = [
    ([], 0),
    ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
    ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
    (Array(0..<32), 0x46dd_794e),
    ((0..<32).reversed(), 0x113f_db5c),
    (Array("123456789".utf8), 0xe306_9283),
    (
      EventLogTests.bytes(
        hex: "01c00000000000000000000000000000140000000000040000000014000000182800000000000000"
          + "0200000000000000"), 0xd996_3a56
    ),
  ]

  @Test(arguments: published) func publishedVector(bytes: [UInt8], checksum: UInt32) {
    #expect(CRC32C.checksum(bytes) == checksum)
  }

  @Test func everyBitMatters() {
    let bytes = [UInt8](0..<64)
    let intact = CRC32C.checksum(bytes)
    for bit in 0..<(64 * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(CRC32C.checksum(flipped) != intact)
    }
  }

  /// The mask's closed form: a checksum of 0 leaves the constant alone.
  @Test func mask() {
    #expect(CRC32C.masked([]) == 0xa282_ead8)
  }
}
