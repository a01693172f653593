import Foundation
import Tensors

/// A file in the IDX format of MNIST and its relatives, plain or gzip: a header of big-endian
/// words, then the elements.
///
/// Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File
/// formats".
public struct IDX: Sendable {
  /// What the header says.
  public let header: Header
  /// The elements, row-major; as many as ``Header/elementCount``.
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

  /// Reads the header alone, of any element type and number of dimensions.
  ///
  /// Throws what ``init(imagesAt:)`` throws, except that the elements are not looked at.
  public static func header(of url: URL) throws -> Header {
    try Header(GzipReader(url), expecting: nil)
  }

  private init(_ url: URL, as content: Content) throws {
    let reader = try GzipReader(url)
    header = try Header(reader, expecting: content)
    let start = reader.offset
    bytes = try reader.read(header.elementCount)
    let promise =
      "\(header.elementCount) bytes (\(header.dimensions.map(String.init).joined(separator: " × ")))"
    guard bytes.count == header.elementCount else {
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
  /// The type of the elements, by its code in the magic number.
  public enum Element: UInt8, Sendable {
    /// Unsigned bytes.
    case uint8 = 0x08
    /// Signed bytes.
    case int8 = 0x09
    /// Big-endian 16-bit integers.
    case int16 = 0x0B
    /// Big-endian 32-bit integers.
    case int32 = 0x0C
    /// Big-endian single precision.
    case float32 = 0x0D
    /// Big-endian double precision.
    case float64 = 0x0E

    /// Bytes of one element.
    public var byteCount: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The magic number and the dimensions.
  public struct Header: Sendable, Equatable {
    /// The type of the elements.
    public let element: Element
    /// The sizes, the slowest first; each is positive.
    public let dimensions: [Int]

    /// The product of the dimensions.
    public var elementCount: Int { dimensions.reduce(1, *) }
  }

  /// The two contents that data sets of images come in.
  enum Content: UInt32 {
    case images = 0x0000_0803
    case labels = 0x0000_0801
  }
}

extension IDX.Header {
  /// Reads and checks a header: magic number, positive dimensions, a size that a process can
  /// address.
  init(_ reader: GzipReader, expecting content: IDX.Content?) throws {
    func fail(_ offset: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(
        .badData, "\(reader.name): offset \(offset): expected \(expected), found \(found)")
    }
    func word() throws -> UInt32? {
      let bytes = try reader.read(4)
      return bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
    let expectedMagic = content.map(Self.name) ?? "an IDX magic number"
    guard let magic = try word() else {
      throw fail(0, expectedMagic, reader.offset == 0 ? "an empty file" : "\(reader.offset) bytes")
    }
    guard magic >> 16 == 0, let element = IDX.Element(rawValue: UInt8(magic >> 8 & 0xFF)),
      magic & 0xFF > 0, content == nil || content?.rawValue == magic
    else {
      throw fail(0, expectedMagic, IDX.Content(rawValue: magic).map(Self.name) ?? Self.hex(magic))
    }
    let count = Int(magic & 0xFF)
    var dimensions: [Int] = []
    var byteCount = element.byteCount
    for index in 0..<count {
      let offset = reader.offset
      guard let size = try word() else {
        throw fail(offset, "dimension \(index + 1) of \(count)", "the end of the file")
      }
      guard size > 0 else {
        throw fail(offset, "a positive dimension \(index + 1) of \(count)", "0")
      }
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: Int(size))
      dimensions.append(Int(size))
      guard !overflow else {
        throw fail(
          offset, "dimensions whose product can be addressed",
          dimensions.map(String.init).joined(separator: " × "))
      }
      byteCount = product
    }
    self.init(element: element, dimensions: dimensions)
  }

  private static func name(_ content: IDX.Content) -> String {
    switch content {
    case .images: "\(hex(content.rawValue)) (images: unsigned bytes, 3 dimensions)"
    case .labels: "\(hex(content.rawValue)) (labels: unsigned bytes, 1 dimension)"
    }
  }

  private static func hex(_ magic: UInt32) -> String {
    let digits = String(magic, radix: 16)
    return "the magic number 0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
