import Foundation
import Tensors

/// The header of a safetensors file, checked so far that nothing in it can surprise anyone later.
struct SafeTensorsHeader {
  /// A tensor as the header describes it; the range counts from the beginning of the file.
  struct Entry {
    let name: String
    let type: SafeTensorsType
    let shape: Shape
    let range: Range<Int>
  }

  /// In the order of their bytes.
  let entries: [Entry]
  let metadata: [String: String]

  /// The longest header that the format allows, in bytes.
  static let maximumLength = 100_000_000
  static let metadataKey = "__metadata__"

  /// Reads and checks a header; nothing is allocated for tensors.
  init(_ source: ByteSource) throws {
    let length = try SafeTensorsHeader.length(source)
    let start = 8 + length
    let text = try source.bytes(8..<start)
    guard text.first == UInt8(ascii: "{") else {
      throw AdjointError(
        .badData,
        "\(source.name): byte 8: expected the { of the header, found "
          + JSONText.shown(byte: text.first))
    }
    var reader = StrictJSONReader(text, file: source.name, base: 8)
    var raw: [Raw] = []
    var metadata: [String: String] = [:]
    try reader.object("the header") { reader, key in
      if key == SafeTensorsHeader.metadataKey {
        try reader.object("the metadata") { reader, key in
          metadata[key] = try reader.string("the metadata")
        }
      } else {
        raw.append(try Raw(&reader, key, file: source.name))
      }
    }
    try reader.end("the header")
    raw.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    entries = try raw.map { try $0.entry(dataStart: start, fileEnd: source.count, source.name) }
    self.metadata = metadata
    try SafeTensorsHeader.requireGapless(entries, from: start, source)
  }

  private static func length(_ source: ByteSource) throws -> Int {
    guard source.count >= 8 else {
      throw AdjointError(
        .badData,
        "\(source.name): byte 0: expected the length of the header in 8 bytes, found "
          + (source.count == 0 ? "an empty file" : "\(source.count) bytes"))
    }
    let length = try source.bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= maximumLength else {
      throw AdjointError(
        .badData,
        "\(source.name): byte 0: expected a header of at most \(maximumLength) bytes, found a length "
          + "of \(length)")
    }
    guard Int(length) <= source.count - 8 else {
      throw AdjointError(
        .badData,
        "\(source.name): byte 0: expected a header of at most the \(source.count - 8) bytes that "
          + "follow, found a length of \(length)")
    }
    return Int(length)
  }

  /// Every byte of the data belongs to exactly one tensor.
  private static func requireGapless(_ entries: [Entry], from start: Int, _ source: ByteSource)
    throws
  {
    var end = start
    var last = "the header"
    for entry in entries {
      let name = "tensor \(JSONText.shown(entry.name))"
      guard entry.range.lowerBound == end else {
        let found = entry.range.lowerBound
        throw AdjointError(
          .badData,
          "\(source.name): \(name): expected its data from byte \(end), where \(last) ends, found byte "
            + "\(found): "
            + (found < end ? "they overlap" : "\(found - end) bytes between them belong to none"))
      }
      end = entry.range.upperBound
      last = name
    }
    guard end == source.count else {
      throw AdjointError(
        .badData,
        "\(source.name): byte \(end): expected the end of the file, where \(last) ends, found "
          + "\(source.count - end) more bytes")
    }
  }
}

/// What the header says about a tensor, before it is known to be true.
private struct Raw {
  let name: String
  let type: SafeTensorsType
  let shape: Shape
  /// From the beginning of the data.
  let begin: Int
  let end: Int

  init(_ reader: inout StrictJSONReader, _ name: String, file: String) throws {
    let shown = "tensor \(JSONText.shown(name))"
    func failure(_ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(file): \(shown): expected \(expected), found \(found)")
    }
    var type: SafeTensorsType?
    var lengths: [Int]?
    var offsets: [Int]?
    try reader.object(shown) { reader, key in
      switch key {
      case "dtype":
        let word = try reader.string("the dtype of \(shown)")
        type = SafeTensorsType(rawValue: word)
        guard type != nil else {
          let known = SafeTensorsType.allCases.map(\.rawValue).joined(separator: ", ")
          throw failure("a dtype of \(known)", JSONText.shown(word))
        }
      case "shape":
        lengths = try Raw.counts(&reader, "the shape of \(shown)", atMost: Shape.maximumRank) {
          failure("a shape of at most \(Shape.maximumRank) axes", "more")
        }
      case "data_offsets":
        offsets = try Raw.counts(&reader, "the data_offsets of \(shown)", atMost: 2) {
          failure("two data_offsets", "more")
        }
      default: throw failure("the keys dtype, shape and data_offsets", JSONText.shown(key))
      }
    }
    guard let type else { throw failure("the key dtype", "none") }
    guard let lengths else { throw failure("the key shape", "none") }
    guard let offsets else { throw failure("the key data_offsets", "none") }
    guard offsets.count == 2 else { throw failure("two data_offsets", "\(offsets)") }
    let byteCount = try Raw.byteCount(of: lengths, type, failure)
    guard offsets[0] <= offsets[1] else {
      throw failure("data_offsets in ascending order", "\(offsets)")
    }
    guard offsets[1] - offsets[0] == byteCount else {
      throw failure(
        "\(byteCount) bytes for \(lengths) of \(type.rawValue)",
        "\(offsets[1] - offsets[0]) (data_offsets \(offsets))")
    }
    self.name = name
    self.type = type
    shape = Shape(lengths)
    begin = offsets[0]
    end = offsets[1]
  }

  /// The bytes of a tensor of that shape; throws where its lengths, or their product, cannot be those of a tensor.
  private static func byteCount(
    of lengths: [Int], _ type: SafeTensorsType,
    _ failure: (_ expected: String, _ found: String) -> AdjointError
  ) throws -> Int {
    for length in lengths where length > Int32.max {
      throw failure("a shape of lengths up to \(Int32.max)", "\(lengths)")
    }
    // Without its zeros the product bounds that of any part of the shape, which is formed elsewhere.
    let (bytes, overflow) = lengths.reduce((type.size, false)) { product, length in
      let (next, overflow) = product.0.multipliedReportingOverflow(by: max(length, 1))
      return (next, product.1 || overflow)
    }
    guard !overflow else {
      throw failure("a shape whose bytes can be counted", "\(lengths) of \(type.rawValue)")
    }
    guard bytes / type.size <= 1 << 48 else {
      throw failure("a shape of at most 2⁴⁸ elements", "\(lengths)")
    }
    return lengths.contains(0) ? 0 : bytes
  }

  private static func counts(
    _ reader: inout StrictJSONReader, _ what: String, atMost limit: Int,
    tooMany: () -> AdjointError
  ) throws -> [Int] {
    var numbers: [Int] = []
    try reader.array(what) { reader in
      guard numbers.count < limit else { throw tooMany() }
      numbers.append(try reader.count(what))
    }
    return numbers
  }

  func entry(dataStart: Int, fileEnd: Int, _ file: String) throws -> SafeTensorsHeader.Entry {
    guard end <= fileEnd - dataStart else {
      throw AdjointError(
        .badData,
        "\(file): tensor \(JSONText.shown(name)): expected data_offsets within the "
          + "\(fileEnd - dataStart) bytes of data, found [\(begin), \(end)]")
    }
    return .init(
      name: name, type: type, shape: shape, range: (dataStart + begin)..<(dataStart + end))
  }
}
