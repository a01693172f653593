import Testing

@testable import Checkpoints

@Suite struct JSONTextTests {
  /// Expected: Python's `json.dumps(text, ensure_ascii=False)`.
  @Test(arguments: [
    ("", #""""#), ("layer1.0.weight", #""layer1.0.weight""#), ("é/\"\\", #""é/\"\\""#),
    ("\n\r\t\u{08}\u{0C}\u{00}\u{1F}\u{7F}", "\"\\n\\r\\t\\b\\f\\u0000\\u001f\u{7F}\""),
  ])
  func quotes(text: String, expected: String) {
    #expect(JSONText.quoted(text) == expected)
  }

  @Test func showsHarmlessly() {
    #expect(JSONText.shown("a\u{1B}[2J\u{202E}b") == #""a\u001b[2J\u202eb""#)
    #expect(JSONText.shown("\"\\") == #""\"\\""#)
    #expect(
      JSONText.shown(String(repeating: "é", count: 81))
        == "\"\(String(repeating: "é", count: 80))…\"")
    #expect(JSONText.shown(byte: 0x41) == "\"A\"")
    #expect(JSONText.shown(byte: 0x20) == "the byte 0x20")
    #expect(JSONText.shown(byte: 0x00) == "the byte 0x00")
    #expect(JSONText.shown(byte: nil) == "the end")
  }
}
