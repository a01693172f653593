import Testing

@testable import Figures

@Suite struct MarkupTests {
  @Test(arguments: [
    ("<b> & \"c\" 'd'", "&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;"),
    ("é ∂L/∂x 🙂", "é ∂L/∂x 🙂"),
    ("a\u{0}b\u{8}c\u{1b}d\u{ffff}e\u{85}", "abcde"),
    ("tab\tline\n", "tab\tline\n"),
    ("", ""),
  ])
  func escaping(text: String, expected: String) {
    #expect(Markup.escape(text) == expected)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.001, "0"), (1, "1"), (1.5, "1.5"), (1.25, "1.25"), (1.05, "1.05"),
      (-2.505, "-2.51"), (0.995, "1"), (-0.5, "-0.5"), (1e300, "1000000"), (-1e300, "-1000000"),
    ] as [(Double, String)])
  func numbers(value: Double, expected: String) {
    #expect(Markup.number(value) == expected)
  }
}
