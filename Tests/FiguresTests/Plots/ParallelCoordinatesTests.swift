import Foundation
import TestSupport
import Testing

@testable import Figures

@Suite struct ParallelCoordinatesTests {
  private func plot(
    metric: [Double] = [0, 50, 100], lowIsGood: Bool = false, notes: [String] = ["a", "b", "<c>"]
  ) -> ParallelCoordinates {
    ParallelCoordinates(
      title: "Trials & <more>",
      dimensions: [
        .init(Axis("rate", scale: .logarithmic), numbers: [0.01, 0.1, 1]),
        .init("kind", places: [0, 1, 1], names: ["plain", "deep"]),
        .init(Axis("accuracy", unit: "%"), numbers: metric),
      ], notes: notes, lowIsGood: lowIsGood, highlighted: 2)
  }

  private func lines(_ plot: ParallelCoordinates) throws -> [XMLElements.Element] {
    try XMLElements(plot.svg()).all("path").filter { $0.hasClass("line") }
  }

  /// Where a line crosses the axes: the ends of its curves.
  private func crossings(_ line: XMLElements.Element) -> [(x: Double, y: Double)] {
    let numbers = (line["d"] ?? "").split { "MC".contains($0) }.map { part in
      part.split(separator: " ").suffix(2).compactMap { Double($0) }
    }
    return numbers.map { ($0[0], $0[1]) }
  }

  @Test func wellFormedWithItsTexts() throws {
    let svg = try XMLElements(plot().svg())
    for text in [
      "Trials & <more>", "rate", "kind", "accuracy (%)", "plain", "deep", "10⁻²", "10⁰", "0", "100",
    ] {
      #expect(svg.texts.contains(text), "\(text)")
    }
    #expect(svg.all("title").map(\.text).sorted() == ["<c>", "a", "b"])
    #expect(plot().svg() == plot().svg())
  }

  /// The lowest value is at the bottom of its axis, the highest at the top, the middle in the middle.
  @Test func crossesEachAxisAtItsValue() throws {
    let lines = try lines(plot()).map(crossings)
    #expect(lines.map(\.count) == [3, 3, 3])
    let (bottom, top) = (lines[0][0].y, lines[2][0].y)
    #expect(bottom > top)
    for axis in [0, 2] {
      for (line, share) in [(0, 0.0), (1, 0.5), (2, 1.0)] {
        // Coordinates are written to a hundredth of a pixel.
        #expect(abs(lines[line][axis].y - (bottom + share * (top - bottom))) < 0.011)
      }
    }
    // The lines of one name lie side by side, the better one above.
    #expect(lines[2][1].y < lines[1][1].y && lines[1][1].y < lines[0][1].y)
    #expect(Set(lines.map { $0[1].x }).count == 1)
    let pitch = lines[0][1].x - lines[0][0].x
    #expect(abs(lines[0][2].x - lines[0][1].x - pitch) < 0.011)
  }

  /// The colours run from the worst to the best, which is drawn last and bold.
  @Test func coloursAndOrder() throws {
    let up = try lines(plot())
    #expect(Set(up.map { $0["stroke"] }).count == 3)
    #expect(up.last?["style"] == "stroke-width:4")
    #expect(up.filter { $0["style"] != nil }.count == 1)
    let down = try lines(plot(metric: [100, 50, 0], lowIsGood: true))
    #expect(down.map { $0["stroke"] } == up.map { $0["stroke"] })
    // Nine stations of viridis: 0.82 of the way is between the seventh and the eighth.
    let best = ColorMap.sequential.color(at: 0.82)
    #expect(
      up.last?["stroke"] == String(format: "#%02x%02x%02x", best.red, best.green, best.blue))
  }

  /// The bar on the last axis has the colours of the lines that end beside it, the first of 48 cells at the bottom.
  @Test(arguments: [false, true])
  func coloursOfTheScale(lowIsGood: Bool) throws {
    let cells = try XMLElements(plot(lowIsGood: lowIsGood).svg()).all("rect").filter {
      $0["width"] == "10"
    }
    #expect(cells.count == 48)
    let heights = cells.compactMap { $0.number("y") }
    #expect(heights == heights.sorted(by: >))
    let ends = [0.5 / 48, 47.5 / 48].map { share in
      let color = ColorMap.sequential.color(at: 0.14 + 0.68 * share)
      return String(format: "#%02x%02x%02x", color.red, color.green, color.blue)
    }
    #expect([cells.first?["fill"], cells.last?["fill"]] == (lowIsGood ? ends.reversed() : ends))
  }

  @Test func lineEndsWhereAValueIsMissing() throws {
    let lines = try lines(plot(metric: [10, .nan, 20]))
    let broken = lines.filter { $0.hasClass("axis") }
    #expect(broken.count == 1 && broken[0]["stroke"] == nil)
    #expect(crossings(broken[0]).count == 2)
    #expect(lines.first?["stroke-dasharray"] != nil, "it lies below the others")
  }

  private func crosses(_ plot: ParallelCoordinates) throws -> [[[(x: Double, y: Double)]]] {
    try XMLElements(plot.svg()).all("path").filter { $0.hasClass("s1") }.map {
      points(ofPath: $0["d"] ?? "")
    }
  }

  /// Two strokes through the last place that the line has.
  @Test func lineThatEndsEarlyEndsInACross() throws {
    #expect(try crosses(plot()).isEmpty)
    let broken = plot(metric: [10, .nan, 20])
    let last = try #require(
      try lines(broken).filter { $0.hasClass("axis") }.map(crossings).first?.last)
    let cross = try #require(try crosses(broken).first)
    #expect(try crosses(broken).count == 1 && cross.map(\.count) == [2, 2])
    for stroke in cross {
      #expect(abs((stroke[0].x + stroke[1].x) / 2 - last.x) < 0.011)
      #expect(abs((stroke[0].y + stroke[1].y) / 2 - last.y) < 0.011)
    }
    // One falls, the other rises.
    #expect(cross[0][0].y < cross[0][1].y && cross[1][0].y > cross[1][1].y)
  }

  /// With two axes there is no stretch of such a line: the cross is all there is, and tells what it is.
  @Test func lineOnOneAxisAloneIsACross() throws {
    let plot = ParallelCoordinates(
      dimensions: [
        .init("kind", places: [0, 1, 1], names: ["plain", "deep"]),
        .init(Axis("loss"), numbers: [1, .nan, .nan]),
      ], notes: ["a", "b", "c"])
    let svg = try XMLElements(plot.svg())
    #expect(try lines(plot).count == 1)
    let crosses = try crosses(plot)
    #expect(crosses.count == 2)
    // Those of one name lie side by side.
    #expect(crosses[0][0][0].y != crosses[1][0][0].y && crosses[0][0][0].x == crosses[1][0][0].x)
    #expect(svg.all("title").map(\.text).sorted() == ["a", "b", "c"])
    #expect(svg.elements.last { $0.name == "path" }?.hasClass("s1") == true)
  }

  /// A line that has no place on the first axis is nowhere.
  @Test func lineWithoutAPlace() throws {
    let plot = ParallelCoordinates(dimensions: [
      .init(Axis("rate", scale: .logarithmic), numbers: [0, 1, 10]),
      .init(Axis("loss"), numbers: [1, 2, 3]),
    ])
    #expect(try lines(plot).count == 2 && crosses(plot).isEmpty)
  }

  @Test(arguments: [[Double.nan, .nan, .nan], [5, 5, 5], [1, 1e300, -1e300], [.infinity, 0, 1]])
  func degenerateValuesAreStillAFigure(metric: [Double]) throws {
    let svg = plot(metric: metric).svg()
    _ = try XMLElements(svg)
    #expect(!svg.contains("nan\"") && !svg.contains("inf\""))
  }

  @Test func twoAxesAndNoLines() throws {
    let empty = ParallelCoordinates(dimensions: [
      .init("kind", places: [], names: []), .init(Axis("loss"), numbers: []),
    ])
    _ = try XMLElements(empty.svg())
  }

  @Test func oneAxisStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ParallelCoordinates(dimensions: [.init(Axis("loss"), numbers: [1])]) }
    expectStop(result, "ParallelCoordinates: 1 axes; it takes at least two")
  }

  @Test func unequalCountsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = ParallelCoordinates(dimensions: [
        .init(Axis("a"), numbers: [1]), .init(Axis("b"), numbers: [1, 2]),
      ])
    }
    expectStop(
      result, "ParallelCoordinates: axes and notes of [1, 2] lines; there must be as many on each")
  }

  @Test func namesLastStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = ParallelCoordinates(dimensions: [
        .init(Axis("a"), numbers: [1]), .init("b", places: [0], names: ["x"]),
      ])
    }
    expectStop(
      result, "ParallelCoordinates: the last axis has names; it takes numbers for the colours")
  }

  @Test func placeWithoutANameStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ParallelCoordinates.Dimension("kind", places: [2], names: ["x", "y"]) }
    expectStop(result, "ParallelCoordinates: a place of kind is not in 0 ..< 2")
  }
}
