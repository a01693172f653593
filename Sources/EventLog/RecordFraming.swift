/// The frame around each event: length (8 bytes), its checksum (4), the data, their checksum (4); all little-endian.
///
/// Source: "TFRecords format details", TensorFlow documentation.
enum RecordFraming {
  static let headerSize = 12

  /// `payload` in its frame.
  static func frame(_ payload: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(payload.count))
    return length + littleEndian(CRC32C.masked(length))
      + payload + littleEndian(CRC32C.masked(payload))
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func integer<Value: FixedWidthInteger>(
    _ type: Value.Type, from bytes: some Collection<UInt8>
  ) -> Value {
    bytes.reversed().reduce(0) { ($0 << 8) | Value(truncatingIfNeeded: $1) }
  }
}
