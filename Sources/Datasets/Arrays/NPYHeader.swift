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
    guard version == 1 || version == 2, start[7] == 0 else {
      throw bad(6, "format version 1.0 or 2.0", "\(version).\(start[7])")
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
    guard let literal = NPYLiteral(text) else {
      throw bad(
        place, "{'descr': …, 'fortran_order': False, 'shape': (…)}",
        String(String(decoding: text, as: UTF8.self).prefix(80)))
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
      throw bad(
        place, "at most six axes of sensible lengths",
        literal.shape.count <= 2 * Shape.maximumRank
          ? "\(literal.shape)" : "\(literal.shape.count) axes")
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

/// The Python literal of a header: a dictionary of exactly the three keys, each once.
private struct NPYLiteral {
  let type: String
  let isFortranOrder: Bool
  let shape: [Int]

  init?(_ text: [UInt8]) {
    var (type, order, shape): (String?, Bool?, [Int]?)
    var rest = LiteralText(text)
    guard rest.take("{") else { return nil }
    while !rest.take("}") {
      guard let key = rest.quoted(), rest.take(":") else { return nil }
      switch key {
      case "descr" where type == nil:
        guard let word = rest.quoted() else { return nil }
        type = word
      case "fortran_order" where order == nil:
        guard let word = rest.word(), word == "True" || word == "False" else { return nil }
        order = word == "True"
      case "shape" where shape == nil:
        guard let lengths = rest.lengths() else { return nil }
        shape = lengths
      default: return nil
      }
      guard rest.take(",") || rest.isAt("}") else { return nil }
    }
    guard rest.isAtEnd, let type, let order, let shape else { return nil }
    (self.type, self.isFortranOrder, self.shape) = (type, order, shape)
  }

  /// The number of elements; nil if a length or the product is out of range.
  var count: Int? {
    // Without its zeros the product bounds that of any part of the shape, which is formed elsewhere.
    var bound = 1
    for length in shape {
      let (next, isTooLarge) = bound.multipliedReportingOverflow(by: max(length, 1))
      guard !isTooLarge, next <= 1 << 48, length <= Int(Int32.max) else { return nil }
      bound = next
    }
    return shape.contains(0) ? 0 : bound
  }
}

/// A literal that is read front to back; blanks between its words do not matter.
private struct LiteralText {
  private let text: [UInt8]
  private var place = 0

  init(_ text: [UInt8]) { self.text = text }

  private mutating func skipBlanks() {
    while place < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[place]) { place += 1 }
  }

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return place == text.count
    }
  }

  mutating func isAt(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    return place < text.count && text[place] == UInt8(ascii: character)
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard isAt(character) else { return false }
    place += 1
    return true
  }

  mutating func quoted() -> String? {
    guard take("'"), let end = text[place...].firstIndex(of: UInt8(ascii: "'")) else { return nil }
    defer { place = end + 1 }
    return String(validating: text[place..<end], as: UTF8.self)
  }

  mutating func word() -> String? {
    skipBlanks()
    let letters = text[place...].prefix { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    place = letters.endIndex
    return String(decoding: letters, as: UTF8.self)
  }

  /// A tuple of whole numbers.
  mutating func lengths() -> [Int]? {
    guard take("(") else { return nil }
    var lengths: [Int] = []
    while !take(")") {
      skipBlanks()
      let digits = text[place...].prefix { (0x30...0x39).contains($0) }
      place = digits.endIndex
      guard let length = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      // Python 2 marked whole numbers of any length.
      if place < text.count, text[place] == UInt8(ascii: "L") { place += 1 }
      lengths.append(length)
      guard take(",") || isAt(")") else { return nil }
    }
    return lengths
  }
}
