import Foundation

/// One event of an event file: when, at which step, and what.
public struct Event: Equatable, Sendable {
  /// What an event says.
  public enum Content: Equatable, Sendable {
    /// The first event of a file.
    case fileVersion(String)
    /// A run starts, or goes on, at this event's step.
    case sessionStart
    /// One number.
    case scalar(tag: String, value: Float)
    /// A distribution: the right edges of its buckets and how many values each holds.
    case histogram(tag: String, minimum: Double, limits: [Double], counts: [Double])
    /// The bytes of a PNG file.
    case image(tag: String, png: Data, width: Int, height: Int)
    /// A text in Markdown.
    case text(tag: String, String)
  }

  /// Seconds since 1970.
  public var wallTime = 0.0
  /// The step of the run.
  public var step = 0
  /// What is said; several values where one summary holds several, none for kinds that are not read here.
  public var contents: [Content] = []
}

extension Event {
  /// Reads the message `tensorflow.Event`; kinds that this module does not write are passed over.
  init(decoding bytes: ArraySlice<UInt8>) throws(ProtobufFields.Malformed) {
    var fields = ProtobufFields(bytes)
    while let (field, value) = try fields.next() {
      switch (field, value) {
      case (1, .fixed64(let bits)): wallTime = Double(bitPattern: bits)
      case (2, .varint(let bits)): step = Int(Int64(bitPattern: bits))
      case (3, .data(let data)):
        contents.append(.fileVersion(String(decoding: data, as: UTF8.self)))
      case (5, .data(let data)): try readSummary(data)
      case (7, .data(let data)):
        if try Message(data).integer(1) == 1 { contents.append(.sessionStart) }
      default: break
      }
    }
  }

  private mutating func readSummary(_ bytes: ArraySlice<UInt8>) throws(ProtobufFields.Malformed) {
    for data in try Message(bytes).all(1) {
      let value = try Message(data)
      let tag = value.string(1)
      if case .fixed32(let bits)? = value.last(2) {
        contents.append(.scalar(tag: tag, value: Float(bitPattern: bits)))
      }
      if let image = try value.message(4) {
        contents.append(
          .image(
            tag: tag, png: Data(image.data(4)), width: image.integer(2), height: image.integer(1)))
      }
      if let histogram = try value.message(5) {
        contents.append(
          .histogram(
            tag: tag, minimum: histogram.double(1), limits: histogram.doubles(6),
            counts: histogram.doubles(7)))
      }
      if let tensor = try value.message(8), tensor.integer(1) == 7 {
        contents.append(.text(tag: tag, tensor.string(8)))
      }
    }
  }
}

/// A message with its fields in hand, looked up by number; the last of a repeated one wins, as the format wants.
private struct Message {
  private var fields: [(field: Int, value: ProtobufFields.Value)] = []

  /// More fields of one message are refused: what is kept for one takes more memory than its bytes.
  private static let most = 65_536

  init(_ bytes: ArraySlice<UInt8>) throws(ProtobufFields.Malformed) {
    var reader = ProtobufFields(bytes)
    while let next = try reader.next() {
      fields.append(next)
      guard fields.count <= Message.most else {
        throw ProtobufFields.Malformed(
          position: bytes.startIndex, reason: "a message of more than \(Message.most) fields")
      }
    }
  }

  func last(_ field: Int) -> ProtobufFields.Value? {
    fields.last { $0.field == field }?.value
  }

  func all(_ field: Int) -> [ArraySlice<UInt8>] {
    fields.compactMap { entry in
      guard entry.field == field, case .data(let data) = entry.value else { return nil }
      return data
    }
  }

  func data(_ field: Int) -> ArraySlice<UInt8> { all(field).last ?? [] }
  func string(_ field: Int) -> String { String(decoding: data(field), as: UTF8.self) }

  func message(_ field: Int) throws(ProtobufFields.Malformed) -> Message? {
    guard let data = all(field).last else { return nil }
    return try Message(data)
  }

  func integer(_ field: Int) -> Int {
    guard case .varint(let bits)? = last(field) else { return 0 }
    return Int(Int64(bitPattern: bits))
  }

  func double(_ field: Int) -> Double {
    guard case .fixed64(let bits)? = last(field) else { return 0 }
    return Double(bitPattern: bits)
  }

  func doubles(_ field: Int) -> [Double] {
    let packed = data(field)
    return stride(from: packed.startIndex, through: packed.endIndex - 8, by: 8).map {
      Double(bitPattern: RecordFraming.integer(UInt64.self, from: packed[$0..<($0 + 8)]))
    }
  }
}
