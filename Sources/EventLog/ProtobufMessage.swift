/// A protocol-buffer message being written: the few wire types that events need.
///
/// Fields of proto3 without presence are left out where they hold the default value, as every other writer does;
/// members of a `oneof` are written even then (`always`).
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int64) {
    guard value != 0 else { return }
    key(field, wireType: 0)
    varint(UInt64(bitPattern: value))
  }

  mutating func double(_ field: Int, _ value: Double) {
    guard value.bitPattern != 0 else { return }
    key(field, wireType: 1)
    bytes += RecordFraming.littleEndian(value.bitPattern)
  }

  mutating func float(_ field: Int, always value: Float) {
    key(field, wireType: 5)
    bytes += RecordFraming.littleEndian(value.bitPattern)
  }

  mutating func string(_ field: Int, _ value: String) {
    guard !value.isEmpty else { return }
    string(field, always: value)
  }

  mutating func string(_ field: Int, always value: String) {
    data(field, always: Array(value.utf8))
  }

  mutating func data(_ field: Int, always value: [UInt8]) {
    key(field, wireType: 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func doubles(_ field: Int, _ values: [Double]) {
    guard !values.isEmpty else { return }
    data(field, always: values.flatMap { RecordFraming.littleEndian($0.bitPattern) })
  }

  mutating func message(_ field: Int, _ build: (inout ProtobufMessage) -> Void) {
    var inner = ProtobufMessage()
    build(&inner)
    data(field, always: inner.bytes)
  }

  private mutating func key(_ field: Int, wireType: Int) {
    varint(UInt64(field << 3 | wireType))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
