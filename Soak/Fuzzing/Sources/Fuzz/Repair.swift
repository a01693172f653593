import Foundation

@testable import EventLog

/// Makes the checksums of a file right, so that a fuzzer comes to what lies behind them. What it does not recognise it
/// leaves.
enum Repair {
  /// Each chunk's CRC-32.
  static func png(_ input: [UInt8]) -> [UInt8] {
    var bytes = input
    var place = 8
    while bytes.count - place >= 12 {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else { break }
      let end = place + 8 + length
      put(crc32(bytes[place + 4..<end]).byteSwapped, 4, at: end, in: &bytes)
      place = end + 4
    }
    return bytes
  }

  /// Each record's two masked CRC-32C.
  static func events(_ input: [UInt8]) -> [UInt8] {
    var bytes = input
    var place = 0
    while bytes.count - place >= 16 {
      put(CRC32C.masked(bytes[place..<place + 8]), 4, at: place + 8, in: &bytes)
      let length = get(4, at: place, in: bytes)
      guard length <= bytes.count - place - 16 else { break }
      let end = place + 12 + length
      put(CRC32C.masked(bytes[place + 12..<end]), 4, at: end, in: &bytes)
      place = end + 4
    }
    return bytes
  }

  /// The CRC-32 and the sizes of each stored member, in both of its headers.
  static func zip(_ input: [UInt8]) -> [UInt8] {
    var bytes = input
    for entry in bytes.indices where bytes[entry...].starts(with: [0x50, 0x4B, 1, 2]) {
      guard entry + 46 <= bytes.count, get(2, at: entry + 10, in: bytes) == 0 else { continue }
      let place = get(4, at: entry + 42, in: bytes)
      let size = get(4, at: entry + 20, in: bytes)
      guard place + 30 <= bytes.count, bytes[place...].starts(with: [0x50, 0x4B, 3, 4]) else {
        continue
      }
      let start = place + 30 + get(2, at: place + 26, in: bytes) + get(2, at: place + 28, in: bytes)
      guard start <= bytes.count, size <= bytes.count - start else { continue }
      let sum = crc32(bytes[start..<start + size])
      put(sum, 4, at: entry + 16, in: &bytes)
      put(sum, 4, at: place + 14, in: &bytes)
    }
    return bytes
  }

  private static func get(_ count: Int, at place: Int, in bytes: [UInt8]) -> Int {
    bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private static func put(_ word: UInt32, _ count: Int, at place: Int, in bytes: inout [UInt8]) {
    for index in 0..<count {
      bytes[place + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt32(index)))
    }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
  }

  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xFF)] }
  }
}
