import Tensors

/// What stands in front of an array's elements in an `.npy` file.
///
/// NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
struct NPYHeader {
  /// What the elements are: a byte order (`<`, `>`, or `|` where there is none), a kind and a width.
  let type: String
  /// The lengths of the axes, the slowest first.
  let shape: [Int]
  /// How many elements there are.
  let count: Int
  /// Bytes of one element.
  let elementSize: Int
  /// Bytes up to the first element.
  let byteCount: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Longer headers are those of types with named fields, which are not read.
  private static let mostBytes = 1 << 16

  /// Bytes of all elements.
  var bodyByteCount: Int { count * elementSize }

  /// Reads and checks a header.
  ///
  /// - Parameters:
  ///   - name: the file, and the member where it is in an archive, for errors.
  ///   - types: the bytes of one element, for each type that is taken.
  ///   - read: hands over the next bytes, fewer where there are no more.
  /// - Throws: bad data that names the offset, what was expected and what was found.
  init(of name: String, types: KeyValuePairs<String, Int>, read: (Int) throws -> [UInt8]) throws {
    func bad(_ offset: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(name): offset \(offset): expected \(expected), found \(found)")
    }
    let start = try read(8)
    guard start.count == 8, start.starts(with: Self.magic) else {
      throw bad(0, "the magic of an .npy file", "\(Array(start.prefix(6)))")
    }
    let version = start[6]
    guard version == 1 || version == 2 else {
      throw bad(6, "format version 1 or 2", "\(version)")
    }
    let lengthBytes = version == 1 ? 2 : 4
    let length = try read(lengthBytes)
    guard length.count == lengthBytes else { throw bad(8, "the header's length", "the end") }
    let textCount = length.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard textCount <= Self.mostBytes else {
      throw bad(8, "a header of at most \(Self.mostBytes) bytes", "\(textCount)")
    }
    let text = try read(textCount)
    guard text.count == textCount else {
      throw bad(8, "a header of \(textCount) bytes", "\(text.count) bytes")
    }
    let place = 8 + lengthBytes
    let header = String(decoding: text, as: UTF8.self)
    guard let literal = NPYLiteral(header) else {
      throw bad(
        place, "{'descr': …, 'fortran_order': False, 'shape': (…)}", String(header.prefix(80)))
    }
    guard let size = types.first(where: { $0.key == literal.type })?.value else {
      let names = types.map(\.key)
      let listed = names.dropLast().joined(separator: ", ")
      throw bad(
        place,
        "elements \(names.count > 1 ? "\(listed) or " : "")\(names[names.count - 1])", literal.type)
    }
    guard !literal.isFortranOrder else {
      throw bad(place, "C order", "Fortran order; save numpy.ascontiguousarray of it")
    }
    guard let count = literal.count, literal.shape.count <= Shape.maximumRank,
      !count.multipliedReportingOverflow(by: size).overflow
    else {
      throw bad(place, "at most six axes of sensible lengths", "\(literal.shape)")
    }
    type = literal.type
    shape = literal.shape
    self.count = count
    elementSize = size
    byteCount = place + textCount
  }

  /// The bytes in front of the elements, version 1.0; the elements begin at a multiple of 64 bytes.
  static func encode(type: String, shape: [Int]) -> [UInt8] {
    let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(lengths)), }"
    let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
    text += String(repeating: " ", count: padding) + "\n"
    let count = text.utf8.count
    return magic + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + Array(text.utf8)
  }
}

/// The Python literal of a header.
private struct NPYLiteral {
  let type: String
  let isFortranOrder: Bool
  let shape: [Int]

  init?(_ text: String) {
    guard
      let type = text.firstMatch(of: /'descr'\s*:\s*'([^']*)'/)?.1,
      let order = text.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/)?.1,
      let shape = text.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)?.1
    else { return nil }
    let lengths = shape.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
      .filter { !$0.isEmpty }.map { Int($0) }
    guard lengths.allSatisfy({ $0 != nil }) else { return nil }
    self.type = String(type)
    isFortranOrder = order == "True"
    self.shape = lengths.compactMap { $0 }
  }

  /// The number of elements; nil if a length or the product is out of range.
  var count: Int? {
    var product = 1
    for length in shape {
      let (next, isTooLarge) = product.multipliedReportingOverflow(by: length)
      guard !isTooLarge, length <= Int(Int32.max) else { return nil }
      product = next
    }
    return product
  }
}
