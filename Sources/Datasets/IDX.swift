import Foundation
import Tensors

/// A file in the IDX format of MNIST and its relatives, plain or gzip: a header of big-endian
/// words, then the elements.
///
/// Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File
/// formats".
public struct IDX: Sendable {
  /// The sizes, the slowest first; each is positive.
  public let dimensions: [Int]
  /// The elements, row-major; as many as the product of ``dimensions``.
  public let bytes: [UInt8]

  /// Reads images: unsigned bytes, dimensions (images, rows, columns).
  ///
  /// Throws no input where the file cannot be opened; bad data, naming the offset in the unpacked
  /// file, what was expected and what was found, where it is not exactly such a file.
  public init(imagesAt url: URL) throws {
    try self.init(url, as: .images)
  }

  /// Reads labels: unsigned bytes, one dimension. Throws what ``init(imagesAt:)`` throws.
  public init(labelsAt url: URL) throws {
    try self.init(url, as: .labels)
  }

  private init(_ url: URL, as content: Content) throws {
    let reader = try GzipReader(url)
    dimensions = try Self.dimensions(reader, of: content)
    let start = reader.offset
    let count = dimensions.reduce(1, *)
    bytes = try reader.read(count)
    let promise = "\(count) bytes (\(Self.product(dimensions)))"
    guard bytes.count == count else {
      throw AdjointError(
        .badData, "\(reader.name): offset \(start): expected \(promise), found \(bytes.count)")
    }
    let end = reader.offset
    guard try reader.isAtEnd() else {
      throw AdjointError(
        .badData,
        "\(reader.name): offset \(end): expected the end of the file after \(promise), found more")
    }
  }
}

extension IDX {
  /// The two contents that data sets of images come in, by their magic numbers: two zeros, the code of unsigned bytes,
  /// the number of dimensions.
  private enum Content: UInt32 {
    case images = 0x0000_0803
    case labels = 0x0000_0801

    var rank: Int { Int(rawValue & 0xFF) }

    /// As error messages name it.
    var name: String {
      switch self {
      case .images: "\(IDX.shown(rawValue)) (images: unsigned bytes, 3 dimensions)"
      case .labels: "\(IDX.shown(rawValue)) (labels: unsigned bytes, 1 dimension)"
      }
    }
  }

  /// Reads and checks a header: magic number, positive dimensions, a size that a process can
  /// address.
  private static func dimensions(_ reader: GzipReader, of content: Content) throws -> [Int] {
    func fail(_ offset: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(
        .badData, "\(reader.name): offset \(offset): expected \(expected), found \(found)")
    }
    func word() throws -> UInt32? {
      let bytes = try reader.read(4)
      return bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
    guard let magic = try word() else {
      throw fail(0, content.name, reader.offset == 0 ? "an empty file" : "\(reader.offset) bytes")
    }
    guard magic == content.rawValue else {
      throw fail(0, content.name, Content(rawValue: magic)?.name ?? shown(magic))
    }
    var dimensions: [Int] = []
    var byteCount = 1
    for index in 1...content.rank {
      let offset = reader.offset
      guard let size = try word() else {
        throw fail(offset, "dimension \(index) of \(content.rank)", "the end of the file")
      }
      guard size > 0 else {
        throw fail(offset, "a positive dimension \(index) of \(content.rank)", "0")
      }
      let (bytes, overflow) = byteCount.multipliedReportingOverflow(by: Int(size))
      dimensions.append(Int(size))
      guard !overflow else {
        throw fail(offset, "dimensions whose product can be addressed", product(dimensions))
      }
      byteCount = bytes
    }
    return dimensions
  }

  private static func product(_ dimensions: [Int]) -> String {
    dimensions.map(String.init).joined(separator: " × ")
  }

  private static func shown(_ magic: UInt32) -> String {
    let digits = String(magic, radix: 16)
    return "the magic number 0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
