import Testing

@testable import Figures

@Suite struct ScatterPlotTests {
  @Test func oneDotForEachFinitePoint() throws {
    let plot = ScatterPlot(
      title: "Embedding", x: Axis("a"), y: Axis("b"),
      series: [Series("c", x: [0, 1, 2, .nan], y: [0, 1, .infinity, 3])])
    let svg = try XMLElements(plot.svg())
    let clouds = svg.all("path").filter { $0["stroke-opacity"] != nil }
    #expect(clouds.count == 1)
    #expect(points(ofPath: clouds[0]["d"] ?? "").count == 2)
    #expect(svg.texts.contains("c"))
  }

  @Test func manyPointsAreASmallFile() {
    let series = Series(
      "", x: (0..<100_000).map { Double($0 % 300) }, y: (0..<100_000).map { Double($0 % 200) })
    #expect(ScatterPlot(x: Axis("a"), y: Axis("b"), series: [series]).svg().utf8.count < 20_000)
  }
}
