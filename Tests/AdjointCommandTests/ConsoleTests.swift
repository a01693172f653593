import Testing

@testable import AdjointCommand

@Suite struct ConsoleTests {
  @Test func columnsAreAsWideAsTheirLongestCell() {
    #expect(
      Console.table([["name", "where"], ["a", "b", "c"], ["mnist – é", "x"]])
        == "name       where\na          b      c\nmnist – é  x")
    #expect(Console.table([]) == "")
    #expect(Console.table([[], ["a"]]) == "\na")
  }

  /// A class may be named after a folder of any name.
  @Test func controlsAreShown() {
    #expect(
      Console.table([["class", "part"], ["a\nb\u{1B}[31m", "0.5"]])
        == "class              part\na\\u{a}b\\u{1b}[31m  0.5")
  }

  /// On a terminal the last column goes on below itself, where there is room for it at all.
  @Test func theLastColumnIsWrapped() {
    let rows = [["name", "what"], ["mnist", "handwritten digits, ten of them"], ["a"]]
    #expect(
      Console.table(rows, width: 27)
        == "name   what\nmnist  handwritten digits,\n       ten of them\na")
    #expect(Console.table(rows, width: 38) == Console.table(rows, width: nil))
    #expect(Console.table(rows, width: 26) == Console.table(rows, width: nil))
  }

  /// A term is beside its meaning where it leaves room, else above it.
  @Test func definitionsAreWrapped() {
    let long = String(repeating: "x", count: 27)
    #expect(
      Console.definitions(
        [("hidden=50", "hidden units (1…100000)"), (long, "some words that go on"), ("a", "")],
        width: 50)
          == """
            hidden=50                   hidden units
                                        (1…100000)
            \(long)
                                        some words that go
                                        on
            a
          """)
  }

  /// What a name in a file may do to a terminal: ECMA-48's controls, and Unicode's that turn or hide text.
  @Test(arguments: [
    ("\u{1B}[2J\u{1B}]0;title\u{07}", #"\u{1b}[2J\u{1b}]0;title\u{7}"#),
    ("a\rb\tc\u{08}\u{00}\u{7F}", #"a\u{d}b\u{9}c\u{8}\u{0}\u{7f}"#),
    ("\u{9B}2J", #"\u{9b}2J"#),
    ("file\u{202E}gpj.exe\u{2066}", #"file\u{202e}gpj.exe\u{2066}"#),
    ("a\u{2028}b\u{2029}c\u{85}d", #"a\u{2028}b\u{2029}c\u{85}d"#),
    ("\u{FEFF}a\u{200B}b\u{AD}\u{E0041}", #"\u{feff}a\u{200b}b\u{ad}\u{e0041}"#),
  ])
  func controlsAreShownAsWhatTheyAre(text: String, shown: String) {
    #expect(Console.withoutControls(text) == shown)
    #expect(Console.withoutControls(shown) == shown)
  }

  /// The end of a line is one also where a carriage return comes before it: the two are one character to Swift.
  @Test func linesStayLines() {
    #expect(Console.withoutControls("a\nb\n") == "a\nb\n")
    #expect(Console.withoutControls("a\r\nb") == "a\\u{d}\nb")
  }

  @Test(arguments: [
    "", "größe – 28×28 ≥ 0.99", "données/e\u{301}té", "数据 データ", "ملف", "🙂", #"\u{1b}"#,
  ])
  func whatIsHarmlessStays(text: String) {
    #expect(Array(Console.withoutControls(text).utf8) == Array(text.utf8))
  }
}
