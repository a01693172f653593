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

  @Test func diagonalGoesFromCornerToCorner() throws {
    var plot = ScatterPlot(
      x: Axis("truth", range: -2...2), y: Axis("found", range: -2...2),
      series: [Series("", x: [0], y: [1])])
    func axes() throws -> [XMLElements.Element] {
      try XMLElements(plot.svg()).all("line").filter {
        $0.hasClass("axis") && $0["x1"] != $0["x2"]
      }
    }
    let bottom = try #require(axes().first)
    #expect(try axes().count == 1)
    plot.diagonal = -2...2
    let line = try #require(axes().last)
    for name in ["x1", "y1", "x2"] { #expect(line[name] == bottom[name], "\(name)") }
    #expect((line.number("y2") ?? 1e3) < (line.number("y1") ?? 0))
  }

  @Test func manyPointsAreASmallFile() {
    let series = Series(
      "", x: (0..<100_000).map { Double($0 % 300) }, y: (0..<100_000).map { Double($0 % 200) })
    #expect(ScatterPlot(x: Axis("a"), y: Axis("b"), series: [series]).svg().utf8.count < 20_000)
  }
}
