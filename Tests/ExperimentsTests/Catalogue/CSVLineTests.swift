import Testing

@testable import Experiments

@Suite struct CSVLineTests {
  /// RFC 4180, section 2.
  @Test func whatSeparatesIsQuoted() {
    #expect(csvLine(["a", "", "b c"]) == "a,,b c\r\n")
    #expect(
      csvLine(["a,b", "a\"b", "a\nb", "a\r\nb"]) == "\"a,b\",\"a\"\"b\",\"a\nb\",\"a\r\nb\"\r\n")
  }

  /// With U+0301 behind it a comma or a quote is another letter to people, but not to a reader of bytes.
  @Test func marksThatCombine() {
    #expect(Array(csvLine(["a,\u{301}"]).utf8) == Array("\"a,\u{301}\"\r\n".utf8))
    #expect(Array(csvLine(["\"\u{301}"]).utf8) == Array("\"\"\"\u{301}\"\r\n".utf8))
  }
}
