import Testing

@testable import Figures

@Suite struct TextMetricsTests {
  @Test func widthGrowsWithTextAndSize() {
    #expect(TextMetrics.width("") == 0)
    #expect(TextMetrics.width("aaa") > TextMetrics.width("aa"))
    #expect(TextMetrics.width("M") > TextMetrics.width("i"))
    #expect(TextMetrics.width("abc", size: 24) == 2 * TextMetrics.width("abc", size: 12))
  }

  @Test func fittingCutsOnlyWhatIsTooWide() {
    #expect(TextMetrics.fit("short", into: 100) == "short")
    let fitted = TextMetrics.fit("a name that is much too long", into: 80)
    #expect(fitted.hasPrefix("a name"))
    #expect(fitted.hasSuffix("…"))
    #expect(TextMetrics.width(fitted) <= 80)
    #expect(TextMetrics.fit("name", into: 0) == "…")
  }
}
