import Testing

@testable import Figures

@Suite struct HistogramTests {
  @Test func counts() {
    let histogram = Histogram(x: Axis("v"), values: [0, 1, 2, 3, 4, .nan, .infinity], bins: 2)
    let (edges, counts) = histogram.counted()
    #expect(edges == [0, 2, 4])
    #expect(counts == [2, 3])
  }

  @Test func barsAreAsHighAsTheirCounts() throws {
    let svg = try XMLElements(
      Histogram(x: Axis("v"), values: [0, 1, 2, 3, 3, 4, 4], bins: 2).svg())
    let heights = svg.all("rect").filter { $0.hasClass("f0") }.compactMap { $0.number("height") }
    #expect(heights.count == 2)
    #expect(abs(heights[1] / heights[0] - 5.0 / 2) < 0.01)
  }

  @Test(arguments: [[], [Double.nan], [7], [1e-300, 2e-300]])
  func degenerateInputIsStillAFigure(values: [Double]) throws {
    _ = try XMLElements(Histogram(x: Axis("v"), values: values).svg())
  }
}
