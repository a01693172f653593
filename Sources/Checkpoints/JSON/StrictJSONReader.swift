import Tensors

/// Reads JSON (RFC 8259) a value at a time, for files that may come from anywhere.
///
/// It builds no tree, so it needs no memory beyond what the caller keeps; it refuses a key that occurs
/// twice, which most readers hide, and nesting beyond a limit, which makes others overflow their stack.
/// Errors name the file, the byte, what was expected and what was found.
struct StrictJSONReader {
  /// More members than this in one object are refused: what is kept for each takes more memory than its text.
  static let maximumMembers = 50_000
  private static let maximumDepth = 64

  private let bytes: [UInt8]
  private let file: String
  private let base: Int
  private var place = 0

  /// - Parameters:
  ///   - bytes: the text.
  ///   - file: what errors call it.
  ///   - base: where in the file the text begins.
  init(_ bytes: [UInt8], file: String, base: Int = 0) {
    self.bytes = bytes
    self.file = file
    self.base = base
  }

  /// The next byte of the file that will be read, with no white space before it.
  private var next: UInt8? {
    mutating get {
      while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
      return place < bytes.count ? bytes[place] : nil
    }
  }

  private func failure(_ expected: String, _ found: String? = nil, at place: Int? = nil)
    -> AdjointError
  {
    let place = place ?? self.place
    let byte = place < bytes.count ? bytes[place] : nil
    return AdjointError(
      .badData,
      "\(file): byte \(base + place): expected \(expected), found "
        + (found ?? JSONText.shown(byte: byte)))
  }

  private mutating func take(_ character: Unicode.Scalar, _ expected: String) throws {
    guard next == UInt8(ascii: character) else { throw failure(expected) }
    place += 1
  }

  /// Reads an object; `body` gets each key and reads its value.
  mutating func object(_ what: String, _ body: (inout Self, String) throws -> Void) throws {
    try take("{", "the { of \(what)")
    var keys: Set<String> = []
    if next == UInt8(ascii: "}") {
      place += 1
      return
    }
    while true {
      _ = next
      let start = place
      let key = try string("a key of \(what)")
      guard keys.insert(key).inserted else {
        throw failure(
          "each key of \(what) once", "\(JSONText.shown(key)) a second time", at: start)
      }
      guard keys.count <= StrictJSONReader.maximumMembers else {
        throw failure(
          "at most \(StrictJSONReader.maximumMembers) keys of \(what)", "more", at: start)
      }
      try take(":", ": after a key of \(what)")
      try body(&self, key)
      if next == UInt8(ascii: ",") {
        place += 1
      } else {
        return try take("}", ", or } in \(what)")
      }
    }
  }

  /// Reads an array; `body` reads each element.
  mutating func array(_ what: String, _ body: (inout Self) throws -> Void) throws {
    try take("[", "the [ of \(what)")
    if next == UInt8(ascii: "]") {
      place += 1
      return
    }
    while true {
      try body(&self)
      if next == UInt8(ascii: ",") {
        place += 1
      } else {
        return try take("]", ", or ] in \(what)")
      }
    }
  }

  /// Reads a string.
  mutating func string(_ what: String) throws -> String {
    try take("\"", "a string for \(what)")
    let start = place
    var unescaped: [UInt8] = []
    var runStart = place
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        unescaped += bytes[runStart..<place]
        guard let string = String(validating: unescaped, as: UTF8.self) else {
          throw failure("UTF-8 in the string for \(what)", "other bytes", at: start)
        }
        place += 1
        return string
      case UInt8(ascii: "\\"):
        unescaped += bytes[runStart..<place]
        unescaped += try escape()
        runStart = place
      case 0..<0x20:
        throw failure("no control character in the string for \(what)")
      default: place += 1
      }
    }
    throw failure("\" after the string for \(what)")
  }

  private mutating func escape() throws -> [UInt8] {
    let start = place
    place += 1
    guard place < bytes.count else { throw failure("an escape sequence") }
    place += 1
    switch bytes[place - 1] {
    case UInt8(ascii: "\""): return [0x22]
    case UInt8(ascii: "\\"): return [0x5C]
    case UInt8(ascii: "/"): return [0x2F]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var unit = try fourDigits()
      if unit & 0xFC00 == 0xD800, bytes[place...].starts(with: [0x5C, 0x75]) {
        place += 2
        let low = try fourDigits()
        guard low & 0xFC00 == 0xDC00 else {
          throw failure("the second half of a surrogate pair", "another escape", at: start)
        }
        unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
      }
      guard let scalar = Unicode.Scalar(unit) else {
        throw failure("a surrogate pair", "half of one", at: start)
      }
      return Array(String(scalar).utf8)
    default: throw failure("an escape sequence", at: place - 1)
    }
  }

  private mutating func fourDigits() throws -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard place < bytes.count, let digit = Character(UnicodeScalar(bytes[place])).hexDigitValue,
        bytes[place] < 0x80
      else { throw failure("four hexadecimal digits after \\u") }
      number = number << 4 | UInt32(digit)
      place += 1
    }
    return number
  }

  /// Reads a whole number that is not negative, written with digits only.
  mutating func count(_ what: String) throws -> Int {
    _ = next
    let start = place
    let token = word()
    guard token.allSatisfy({ (0x30...0x39).contains($0) }), !token.isEmpty,
      token.count == 1 || token.first != UInt8(ascii: "0"),
      let number = Int(String(decoding: token, as: UTF8.self))
    else {
      let found = token.isEmpty ? nil : String(decoding: token.prefix(40), as: UTF8.self)
      throw failure("a whole number from 0 to \(Int.max) for \(what)", found, at: start)
    }
    return number
  }

  /// Everything up to the next byte that cannot be part of a number or a word.
  private mutating func word() -> ArraySlice<UInt8> {
    let start = place
    while place < bytes.count {
      switch bytes[place] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        place += 1
      default: return bytes[start..<place]
      }
    }
    return bytes[start..<place]
  }

  /// Reads any value and forgets it.
  mutating func skip(_ what: String, depth: Int = 0) throws {
    let start = next
    guard depth < StrictJSONReader.maximumDepth else {
      throw failure("at most \(StrictJSONReader.maximumDepth) levels of nesting", "more")
    }
    switch start {
    case UInt8(ascii: "{"):
      try object("an object") { reader, _ in try reader.skip("a value", depth: depth + 1) }
    case UInt8(ascii: "["):
      try array("an array") { try $0.skip("a value", depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string("a value")
    default:
      let place = place
      let word = word()
      guard StrictJSONReader.isLiteral(word) else {
        let found = word.isEmpty ? nil : String(decoding: word.prefix(40), as: UTF8.self)
        throw failure(what, found, at: place)
      }
    }
  }

  /// Whether a word is `true`, `false`, `null` or a number as JSON writes it.
  private static func isLiteral(_ word: ArraySlice<UInt8>) -> Bool {
    if ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) { return true }
    var rest = word
    func digits() -> Int {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let leading = rest.first
    let whole = digits()
    guard whole == 1 || (whole > 1 && leading != UInt8(ascii: "0")) else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// Makes sure that nothing but white space follows.
  mutating func end(_ what: String) throws {
    if next != nil { throw failure("the end of \(what)") }
  }
}
