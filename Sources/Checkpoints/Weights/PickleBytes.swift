import Tensors

/// The bytes of a pickle, front to back; they are fetched as they are asked for, since nothing before its
/// last instruction says how long a pickle is.
struct PickleBytes {
  let source: ByteSource
  /// The next byte of the source that will be read.
  private(set) var place: Int
  private var chunk: [UInt8] = []
  private var chunkStart: Int
  private static let chunkSize = 1 << 16
  /// The longest text that is read, in bytes.
  static let maximumTextLength = 1 << 20

  init(_ source: ByteSource, at place: Int) {
    self.source = source
    self.place = place
    chunkStart = place
  }

  /// An error about the bytes at a place.
  func failure(_ expected: String, _ found: String, at place: Int) -> AdjointError {
    AdjointError(
      .badData, "\(source.name): byte \(place): expected \(expected), found \(found)")
  }

  /// The next byte.
  mutating func byte(_ what: String) throws -> UInt8 {
    if place - chunkStart >= chunk.count {
      guard place < source.count else { throw failure(what, "the end", at: place) }
      chunk = try source.bytes(place..<min(place + PickleBytes.chunkSize, source.count))
      chunkStart = place
    }
    place += 1
    return chunk[place - 1 - chunkStart]
  }

  /// The next bytes; nothing is allocated for more than are there.
  mutating func bytes(_ count: Int, _ what: String) throws -> [UInt8] {
    guard count <= source.count - place else {
      throw failure(
        "the \(count) bytes of \(what)", "the end after \(source.count - place)", at: place)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes.append(try byte(what)) }
    return bytes
  }

  /// A whole number of up to eight bytes, the lowest first, without a sign.
  mutating func unsigned(_ size: Int, _ what: String) throws -> UInt64 {
    try bytes(size, what).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A text in UTF-8 after its length in so many bytes.
  mutating func text(lengthSize: Int) throws -> String {
    let start = place
    let length = try unsigned(lengthSize, "a text's length")
    guard length <= PickleBytes.maximumTextLength else {
      throw failure(
        "a text of at most \(PickleBytes.maximumTextLength) bytes", "a length of \(length)",
        at: start)
    }
    return try validated(bytes(Int(length), "a text"), at: start)
  }

  /// A text up to the end of the line.
  mutating func line(_ what: String) throws -> String {
    let start = place
    var bytes: [UInt8] = []
    while true {
      let next = try byte(what)
      if next == 0x0A { return try validated(bytes, at: start) }
      bytes.append(next)
      guard bytes.count <= PickleBytes.maximumTextLength else {
        throw failure(
          "a line of at most \(PickleBytes.maximumTextLength) bytes", "a longer one", at: start)
      }
    }
  }

  private func validated(_ bytes: [UInt8], at start: Int) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("a text in UTF-8", "other bytes", at: start)
    }
    return text
  }
}
