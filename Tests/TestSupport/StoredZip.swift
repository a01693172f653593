/// A whole number in so many bytes, the lowest first.
public func littleEndian(_ number: Int, _ size: Int) -> [UInt8] {
  (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// A zip file of stored members, whatever method it names; sizes and checksums are right unless others are claimed.
public func storedZip(
  _ members: [(name: String, bytes: [UInt8])], method: Int = 0, claimedSize: Int? = nil
) -> [UInt8] {
  var file: [UInt8] = []
  var directory: [UInt8] = []
  for (name, bytes) in members {
    let size = claimedSize ?? bytes.count
    let facts =
      littleEndian(method, 2) + [0, 0, 0x21, 0] + littleEndian(Int(crc32(bytes)), 4)
      + littleEndian(bytes.count, 4) + littleEndian(size, 4) + littleEndian(name.utf8.count, 2)
      + [0, 0]
    directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + facts
    directory += [UInt8](repeating: 0, count: 10) + littleEndian(file.count, 4) + Array(name.utf8)
    file += [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + facts + Array(name.utf8) + bytes
  }
  let end =
    [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + littleEndian(members.count, 2)
    + littleEndian(members.count, 2) + littleEndian(directory.count, 4)
    + littleEndian(file.count, 4) + [0, 0]
  return file + directory + end
}

/// A zip file without a comment whose end becomes a 64-bit one that promises so many members.
///
/// - Parameters:
///   - zip: a file with a 32-bit end.
///   - count: what the 64-bit end says.
public func with64BitEnd(_ zip: [UInt8], promising count: Int) -> [UInt8] {
  let (body, end) = (Array(zip.dropLast(22)), Array(zip.suffix(22)))
  var record: [UInt8] = [0x50, 0x4B, 6, 6] + littleEndian(44, 8) + [45, 0, 45, 0]
  record += littleEndian(0, 8) + littleEndian(count, 8) + littleEndian(count, 8)
  // The directory's size and its place.
  for field in [end[12..<16], end[16..<20]] { record += Array(field) + littleEndian(0, 4) }
  let locator = [0x50, 0x4B, 6, 7] + littleEndian(0, 4) + littleEndian(body.count, 8)
  let unknown = [UInt8](repeating: 0xFF, count: 12)
  return body + record + locator + littleEndian(1, 4) + end[..<8] + unknown + end[20...]
}

/// CRC-32 as zip files and PNG have it.
public func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var sum = UInt32.max
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = (sum & 1) == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
  }
  return ~sum
}
