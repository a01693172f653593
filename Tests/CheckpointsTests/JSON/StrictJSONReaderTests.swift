import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct StrictJSONReaderTests {
  private func reader(_ text: String) -> StrictJSONReader {
    StrictJSONReader(Array(text.utf8), file: "f", base: 100)
  }

  private func skipAll(_ bytes: [UInt8]) throws {
    var reader = StrictJSONReader(bytes, file: "f", base: 100)
    try reader.skip("a JSON value")
    try reader.end("the text")
  }

  @Test(arguments: [
    "0", "-0", "1.5e-300", "10E+2", "-12.034", "true", " false ", "null\n", #""""#, "[]", "{}",
    "[1, [2], {\"a\": [\"b\"]}]", "{\"a\":1,\"A\":{\"a\":2}}",
  ])
  func accepts(text: String) throws {
    try skipAll(Array(text.utf8))
  }

  @Test(arguments: [
    (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{08}\u{0C}\n\r\tz"), (#""\u00e9\u20AC""#, "é€"),
    (#""\ud83d\ude00!""#, "😀!"), ("\"é😀\u{7F}\"", "é😀\u{7F}"), (#""\u0000""#, "\u{00}"),
  ])
  func strings(text: String, expected: String) throws {
    var reader = reader(text)
    #expect(try reader.string("it") == expected)
  }

  @Test(arguments: [("0", 0), (" 7 ", 7), ("9223372036854775807", Int.max)])
  func counts(text: String, expected: Int) throws {
    var reader = reader(text)
    #expect(try reader.count("it") == expected)
  }

  @Test(arguments: [
    ("-1", "-1"), ("1.0", "1.0"), ("1e3", "1e3"), ("01", "01"), ("+1", "+1"), ("NaN", "NaN"),
    ("9223372036854775808", "9223372036854775808"), ("\"1\"", "\"\"\""), ("", "the end"),
    ("Infinity", "Infinity"), ("-", "-"), ("0x10", "0x10"),
  ])
  func notCounts(text: String, found: String) {
    expectError(
      .badData,
      "f: byte 100: expected a whole number from 0 to 9223372036854775807 for it, found \(found)"
    ) {
      var reader = reader(text)
      _ = try reader.count("it")
    }
  }

  static let refused: [(text: [UInt8], message: String)] = [
    ("", "byte 100: expected a JSON value, found the end"),
    ("NaN", "byte 100: expected a JSON value, found NaN"),
    ("-Infinity", "byte 100: expected a JSON value, found -Infinity"),
    ("01", "byte 100: expected a JSON value, found 01"),
    ("1.", "byte 100: expected a JSON value, found 1."),
    (".5", "byte 100: expected a JSON value, found .5"),
    ("1e", "byte 100: expected a JSON value, found 1e"),
    ("-", "byte 100: expected a JSON value, found -"),
    ("True", "byte 100: expected a JSON value, found True"),
    ("'a'", "byte 100: expected a JSON value, found \"'\""),
    ("1 2", "byte 102: expected the end of the text, found \"2\""),
    ("[1 2]", "byte 103: expected , or ] in an array, found \"2\""),
    ("[1,]", "byte 103: expected a value, found \"]\""),
    ("[", "byte 101: expected a value, found the end"),
    ("{\"a\":1,}", "byte 107: expected a string for a key of an object, found \"}\""),
    ("{a:1}", "byte 101: expected a string for a key of an object, found \"a\""),
    ("{\"a\" 1}", "byte 105: expected : after a key of an object, found \"1\""),
    ("{\"a\":1", "byte 106: expected , or } in an object, found the end"),
    (
      "{\"a\":1,\"\\u0061\":2}",
      "byte 107: expected each key of an object once, found \"a\" a second time"
    ),
    (
      // The composed and the decomposed é: the same text to a dictionary.
      "{\"\u{E9}\":1,\"e\u{301}\":2}",
      "byte 108: expected each key of an object once, found \"e\u{301}\" a second time"
    ),
    ("\"abc", "byte 104: expected \" after the string for a value, found the end"),
    (
      "\"a\nb\"",
      "byte 102: expected no control character in the string for a value, found the byte 0x0a"
    ),
    ("\"\\x\"", "byte 102: expected an escape sequence, found \"x\""),
    ("\"\\", "byte 102: expected an escape sequence, found the end"),
    ("\"\\u12", "byte 105: expected four hexadecimal digits after \\u, found the end"),
    ("\"\\u12G4\"", "byte 105: expected four hexadecimal digits after \\u, found \"G\""),
    ("\"\\ud800\"", "byte 101: expected a surrogate pair, found half of one"),
    ("\"\\udc00\"", "byte 101: expected a surrogate pair, found half of one"),
    (
      "\"\\ud800\\u0041\"",
      "byte 101: expected the second half of a surrogate pair, found another escape"
    ),
  ].map { (Array($0.0.utf8), $0.1) }

  @Test(arguments: refused)
  func refuses(text: [UInt8], message: String) {
    expectError(.badData, "f: " + message) { try skipAll(text) }
  }

  @Test(
    arguments: [
      [0x80], [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    ] as [[UInt8]])
  func invalidUTF8(sequence: [UInt8]) {
    expectError(
      .badData, "f: byte 101: expected UTF-8 in the string for a value, found other bytes"
    ) { try skipAll([0x22] + sequence + [0x22]) }
  }

  @Test(arguments: ["[", "{\"a\":"])
  func deepNesting(opening: String) {
    for depth in [64, 65, 1_000_000] {
      let text = String(repeating: opening, count: depth)
      let place = 100 + 64 * opening.utf8.count
      expectError(
        .badData, "f: byte \(place): expected at most 64 levels of nesting, found more"
      ) { try skipAll(Array(text.utf8)) }
    }
    let fits = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(throws: Never.self) { try skipAll(Array(fits.utf8)) }
  }

  @Test func tooManyMembers() {
    let members = (0...50_000).map { "\"\($0)\":0" }.joined(separator: ",")
    expectError(
      .badData, "f: byte 488991: expected at most 50000 keys of an object, found more"
    ) { try skipAll(Array("{\(members)}".utf8)) }
  }
}
