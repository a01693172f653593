import Testing

@testable import Training

@Suite struct ProgressBarTests {
  /// The last column stays empty. Of 20 the head takes three and the tail five, and half of 11 cells is 5.5.
  @Test(arguments: [
    (20, "ab ━━━━━━───── 50 %"), (13, "ab ━━── 50 %"), (12, "ab 50 %"), (7, "ab 50 "), (3, "ab"),
    (1, ""), (0, ""),
  ])
  func takesTheRoomThereIs(width: Int, line: String) {
    #expect(ProgressBar("ab ", share: 0.5, width: width).line([" 50 %"]) == line)
  }

  @Test func isAtMost40CellsWide() {
    let (filled, empty) = (String(repeating: "━", count: 10), String(repeating: "─", count: 30))
    let bar = ProgressBar("", share: 0.25, width: 200)
    #expect(bar.line([" 25 %", "1:02 left"]) == filled + empty + " 25 %  1:02 left")
  }

  @Test func roomForABar() {
    let bar = ProgressBar("ab ", share: 0.5, width: 20)
    #expect(bar.hasRoom(for: 11, before: [" 50 %"]))
    #expect(!bar.hasRoom(for: 12, before: [" 50 %"]))
    // Two spaces stand between parts.
    #expect(bar.hasRoom(for: 8, before: [" 50 %", "x"]))
    #expect(!bar.hasRoom(for: 9, before: [" 50 %", "x"]))
  }
}
