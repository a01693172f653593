import Testing

@testable import Figures

@Suite struct BarPlotTests {
  @Test func lengthsAreProportional() throws {
    let plot = BarPlot(
      axis: Axis("time", unit: "ms"), bars: [.init("ours", 1), .init("theirs", 4, label: "four")])
    let svg = try XMLElements(plot.svg())
    let widths = svg.all("rect").filter { $0.hasClass("f0") }.compactMap { $0.number("width") }
    #expect(abs(widths[1] / widths[0] - 4) < 0.01)
    for text in ["ours", "theirs", "1", "four", "time (ms)"] {
      #expect(svg.texts.contains(text), "\(text)")
    }
  }

  @Test func negativeBarsGoTheOtherWay() throws {
    let svg = try XMLElements(BarPlot(axis: Axis(""), bars: [.init("a", -1), .init("b", 1)]).svg())
    let bars = svg.all("rect").filter { $0.hasClass("f0") }
    let end = try #require(bars[0].number("x")) + #require(bars[0].number("width"))
    #expect(abs(end - (try #require(bars[1].number("x")))) < 0.02)
  }

  @Test(
    arguments: [[], [.init("a", .nan)], [.init("a", 0), .init("b", .infinity)]] as [[BarPlot.Bar]])
  func degenerateInputIsStillAFigure(bars: [BarPlot.Bar]) throws {
    for scale in [Axis.Scale.linear, .logarithmic] {
      let svg = BarPlot(axis: Axis("", scale: scale), bars: bars).svg()
      _ = try XMLElements(svg)
      #expect(!svg.contains("nan\"") && !svg.contains("inf\""))
    }
  }
}
