import Foundation
import TestSupport
import Testing

@testable import Figures

@Suite struct LinePlotTests {
  private let plot = LinePlot(
    title: "Loss & <more>", x: Axis("step"), y: Axis("loss", unit: "nats"),
    series: [
      Series("training", x: [0, 5, 10], y: [0, 5, 10]),
      Series("validation", x: [0, 10], y: [10, 0], hasMarkers: true),
    ])

  @Test func wellFormedWithItsTexts() throws {
    let svg = try XMLElements(plot.svg())
    #expect(svg.elements[0].name == "svg")
    #expect(svg.elements[0]["viewBox"] == "0 0 640 360")
    for text in ["Loss & <more>", "step", "loss (nats)", "training", "validation", "0", "10"] {
      #expect(svg.texts.contains(text), "\(text)")
    }
  }

  @Test func sameInputSameBytes() {
    #expect(plot.svg() == plot.svg())
  }

  /// The corners of the data are the corners of the grid, the middle is the middle.
  @Test func coordinates() throws {
    let svg = try XMLElements(plot.svg())
    let axis = try #require(svg.all("line").first { $0.hasClass("axis") })
    let left = try #require(axis.number("x1"))
    let right = try #require(axis.number("x2"))
    let bottom = try #require(axis.number("y1"))
    let top = try #require(
      svg.all("line").filter { $0.hasClass("grid") }.compactMap { $0.number("y1") }.min())
    let path = try #require(svg.all("path").last { $0.hasClass("s0") }?["d"])
    let run = try #require(points(ofPath: path).first)
    let expected = [(left, bottom), ((left + right) / 2, (bottom + top) / 2), (right, top)]
    #expect(run.count == 3)
    for (point, expected) in zip(run, expected) {
      #expect(abs(point.x - expected.0) <= 0.051)
      #expect(abs(point.y - expected.1) <= 0.051)
    }
  }

  /// The middle of a label at the end of an axis is moved in as far as it takes.
  @Test func labelsStayInTheFigure() throws {
    let wide = LinePlot(
      x: Axis("step"), y: Axis("loss"), series: [Series("", x: [0, 800_000], y: [0, 1])])
    let svg = try XMLElements(wide.svg())
    let last = try #require(svg.all("text").first { $0.text == "800,000" })
    #expect(last["text-anchor"] == "middle")
    let end = try #require(last.number("x")) + TextMetrics.width("800,000") / 2
    #expect(abs(end - 636) < 0.011)
  }

  @Test func markersAreDots() throws {
    let dots = try XMLElements(plot.svg()).all("path").filter { $0.hasClass("dots") }
    #expect(dots.count == 1)
    #expect(points(ofPath: dots[0]["d"] ?? "").count == 2)
  }

  /// In line, dots and legend alike; the eleventh has the first one's colour with a broken line.
  @Test func aColorOfItsOwn() throws {
    let plot = LinePlot(
      x: Axis("x"), y: Axis("y"),
      series: [
        Series("test", x: [0, 1], y: [0, 1], hasMarkers: true, color: 2),
        Series("eleventh", x: [0, 1], y: [1, 0], color: 10),
        Series("third", x: [0, 1], y: [1, 1]),
      ])
    let paths = try XMLElements(plot.svg()).all("path")
    func count(_ color: String) -> Int { paths.count { $0.hasClass(color) } }
    #expect(count("s2") == 5 && count("s0") == 2 && count("s1") == 0)
    let broken = paths.filter { $0["stroke-dasharray"] != nil }
    #expect(broken.count == 2 && broken.allSatisfy { $0.hasClass("s0") })
  }

  @Test func valuesThatAreNotFiniteMakeGaps() throws {
    let plot = LinePlot(
      x: Axis("x"), y: Axis("y"),
      series: [Series("", values: [1, 2, Double.nan, 4, .infinity, 6, 7])])
    let path = try #require(try XMLElements(plot.svg()).all("path").first?["d"])
    #expect(points(ofPath: path).map(\.count) == [2, 1, 2])
    #expect(!path.contains("nan") && !path.contains("inf"))
  }

  @Test func logarithmicAxisLeavesOutWhatIsNotPositive() throws {
    let plot = LinePlot(
      x: Axis("x"), y: Axis("y", scale: .logarithmic),
      series: [Series("", values: [1, 0, 10, -1, 100] as [Float])])
    let path = try #require(try XMLElements(plot.svg()).all("path").first?["d"])
    #expect(points(ofPath: path).map(\.count) == [1, 1, 1])
  }

  @Test func smoothingKeepsTheDataFaintBehind() throws {
    var smooth = plot
    smooth.smoothing = 0.9
    let paths = try XMLElements(smooth.svg()).all("path").filter { $0.hasClass("s0") }
    #expect(paths.filter { $0.hasClass("faint") }.count == 1)
    #expect(try XMLElements(plot.svg()).all("path").contains { $0.hasClass("faint") } == false)
    let plain = try #require(try XMLElements(plot.svg()).all("path").last { $0.hasClass("s0") })
    #expect(paths.first { $0.hasClass("faint") }?["d"] == plain["d"])
    #expect(paths.last?["d"] != plain["d"])
  }

  @Test func longCurvesAreSmallFiles() throws {
    let values = (0..<200_000).map { (i: Int) -> Float in Float(i * 7919 % 1000) / Float(i + 1) }
    let plot = LinePlot(x: Axis("step"), y: Axis("loss"), series: [Series("loss", values: values)])
    #expect(plot.svg().utf8.count < 40_000)
  }

  @Test(arguments: [
    [], [Series("none", x: [], y: [])], [Series("nan", values: [Double.nan])],
    [Series("one", values: [3.0])],
    (0..<25).map { Series("series number \($0)", values: [Double($0), 1]) },
  ])
  func degenerateInputIsStillAFigure(series: [Series]) throws {
    let plot = LinePlot(x: Axis(""), y: Axis(""), series: series, smoothing: 0.5)
    let svg = plot.svg()
    _ = try XMLElements(svg)
    #expect(!svg.contains("nan\"") && !svg.contains("inf\""))
  }

  @Test func unequalLengthsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Series("loss", x: [1, 2], y: [1]) }
    expectStop(result, "Series \"loss\": 2 values of x and 1 of y; there must be as many")
  }

  @Test func smoothingOutOfRangeStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = LinePlot(x: Axis("x"), y: Axis("y"), series: [], smoothing: 1) }
    expectStop(result, "LinePlot: smoothing 1.0 is not from 0 to below 1")
  }
}
