/// A protocol-buffer message being read: one field after the other, unknown ones included.
struct ProtobufFields {
  enum Value: Equatable {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case data(ArraySlice<UInt8>)
  }

  /// Why a message cannot be read, and how many bytes into the message.
  struct Malformed: Error {
    let position: Int
    let reason: String
  }

  private var rest: ArraySlice<UInt8>

  /// `bytes` keep their indices, so that positions in errors count from the start of the outermost message.
  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let start = rest.startIndex
    let key = try varint()
    let field = Int(truncatingIfNeeded: key >> 3)
    switch key & 7 {
    case 0: return (field, .varint(try varint()))
    case 1: return (field, .fixed64(RecordFraming.integer(UInt64.self, from: try take(8))))
    case 2: return (field, .data(try take(try varint())))
    case 5: return (field, .fixed32(RecordFraming.integer(UInt32.self, from: try take(4))))
    default:
      throw Malformed(position: start, reason: "unknown wire type \(key & 7) of field \(field)")
    }
  }

  private mutating func varint() throws(Malformed) -> UInt64 {
    let start = rest.startIndex
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else {
        throw Malformed(position: start, reason: "the message ends inside a number")
      }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Malformed(position: start, reason: "a number of more than ten bytes")
  }

  private mutating func take(_ count: UInt64) throws(Malformed) -> ArraySlice<UInt8> {
    guard count <= UInt64(rest.count) else {
      throw Malformed(
        position: rest.startIndex,
        reason: "a field of \(count) bytes where \(rest.count) are left")
    }
    defer { rest = rest.dropFirst(Int(count)) }
    return rest.prefix(Int(count))
  }
}
