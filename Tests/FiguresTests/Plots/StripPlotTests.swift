import Testing

@testable import Figures

@Suite struct StripPlotTests {
  private static let plot = StripPlot(
    title: "Accuracy", axis: Axis("accuracy", unit: "%", range: 0...100),
    rows: [
      .init("full", values: [50, 60], mean: 55, spread: 10, label: "55 ± 10", isReference: true),
      .init("less", values: [20, .nan], mean: 20, label: "20"),
    ], width: 600)

  @Test func pointsMeansAndBarsStandWhereTheirValuesAre() throws {
    let svg = try XMLElements(Self.plot.svg())
    for text in ["Accuracy", "full", "less", "55 ± 10", "20", "accuracy (%)", "0", "100"] {
      #expect(svg.texts.contains(text), "\(text)")
    }
    let axis = try #require(svg.all("line").last { $0.hasClass("axis") })
    let (left, right) = (try #require(axis.number("x1")), try #require(axis.number("x2")))
    func x(_ percent: Double) -> Double { left + (right - left) * percent / 100 }
    let bars = svg.all("rect").filter { $0.hasClass("f9") }
    #expect(bars.count == 1 && svg.all("rect").allSatisfy { !$0.hasClass("f0") })
    #expect(abs(try #require(bars[0].number("x")) - x(45)) < 0.02)
    #expect(abs(try #require(bars[0].number("width")) - (x(65) - x(45))) < 0.02)
    let paths = svg.all("path")
    // Two dots and one; what is no number has none.
    let dots = paths.filter { $0.hasClass("dots") }.map { path in
      (path.attributes["d"] ?? "").split(separator: "M").map {
        Double($0.split(separator: " ")[0]) ?? .nan
      }
    }
    #expect(dots.map(\.count) == [2, 1])
    for (found, expected) in zip(dots.joined(), [50.0, 60, 20]) {
      #expect(abs(found - x(expected)) < 0.3)
    }
    let means = paths.filter { $0.hasClass("line") }.map { path in
      Double((path.attributes["d"] ?? "").dropFirst().split(separator: " ")[0]) ?? .nan
    }
    // The line through all rows, then the stroke of each row.
    for (found, expected) in zip(means, [55.0, 55, 20]) {
      #expect(abs(found - x(expected)) < 0.02)
    }
    #expect(means.count == 3)
  }

  /// Where no range is given the axis goes from the lower end of the bar to the upper one.
  @Test func theBarLiesWithinTheAxis() throws {
    let row = StripPlot.Row("a", values: [50, 60], mean: 55, spread: 10)
    let svg = try XMLElements(StripPlot(axis: Axis(""), rows: [row], width: 600).svg())
    let bar = try #require(svg.all("rect").first { $0.hasClass("f0") })
    let dots = try #require(svg.all("path").first { $0.hasClass("dots") }?["d"])
    let places = dots.split(separator: "M").compactMap { Double($0.split(separator: " ")[0]) }
    try #require(places.count == 2)
    // From 45 to 65: twice as wide as from 50 to 60.
    #expect(abs(try #require(bar.number("width")) - 2 * (places[1] - places[0])) < 0.6)
  }

  @Test(
    arguments: [
      [], [.init("a", values: [], mean: .nan)],
      [.init("a", values: [.infinity, 1], mean: .infinity, spread: .nan, isReference: true)],
      [.init("a", values: [1, 1], mean: 1, spread: 0, isReference: true)],
    ] as [[StripPlot.Row]])
  func degenerateInputIsStillAFigure(rows: [StripPlot.Row]) throws {
    for scale in [Axis.Scale.linear, .logarithmic] {
      let svg = StripPlot(axis: Axis("", scale: scale), rows: rows).svg()
      _ = try XMLElements(svg)
      #expect(!svg.contains("nan") && !svg.contains("inf\""))
    }
  }
}
