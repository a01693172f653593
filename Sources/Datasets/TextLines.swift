/// A text line by line: lines end in LF or CRLF, and a byte order mark at the beginning is passed over.
struct TextLines: IteratorProtocol {
  private let bytes: [UInt8]
  private var place: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    place = bytes.starts(with: mark) ? mark.count : 0
  }

  /// What was not handed out yet.
  var rest: ArraySlice<UInt8> { bytes[min(place, bytes.count)...] }

  /// The next line without its end; nil behind the last.
  mutating func next() -> ArraySlice<UInt8>? {
    guard place < bytes.count else { return nil }
    let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    defer { place = end + 1 }
    let line = bytes[place..<end]
    return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
  }
}
