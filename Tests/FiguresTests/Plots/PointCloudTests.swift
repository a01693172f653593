import TestSupport
import Testing

@testable import Figures

@Suite struct PointCloudTests {
  @Test func placesPointsOnCommonAxes() throws {
    let clouds = [
      PointCloud("left", x: [-1, 0, 1, .nan, 9], y: [-1, 0, 1, 0, 0]),
      PointCloud("right", x: [0], y: [1], color: 2),
    ]
    let grid = PointCloudGrid(
      title: "Both", clouds: clouds, columns: 2, range: -1...1, width: 246)
    let svg = try XMLElements(grid.svg())
    // (246 − 2·16 − 14) / 2 = 100 pixels to a square; the points outside and those that are no numbers are
    // left out.
    let squares = svg.all("rect").filter { $0["rx"] == "4" }
    #expect(squares.map { $0.number("x") } == [16, 130])
    #expect(squares.map { $0.number("width") } == [100, 100])
    let paths = svg.all("path").map { points(ofPath: $0["d"] ?? "").flatMap { $0 } }
    #expect(paths[0].map(\.x) == [16, 66, 116])
    #expect(paths[0].map(\.y) == [164, 114, 64])
    #expect(paths[1].map(\.x) == [180] && paths[1].map(\.y) == [64])
    #expect(svg.all("path")[1].hasClass("s2"))
    #expect(svg.texts == ["Both", "left", "right"])
  }

  @Test func breaksRows() throws {
    let cloud = PointCloud("", x: [], y: [])
    let svg = try XMLElements(
      PointCloudGrid(clouds: Array(repeating: cloud, count: 5), columns: 2, range: 0...1).svg())
    let tops = svg.all("rect").filter { $0["rx"] == "4" }.compactMap { $0.number("y") }
    #expect(tops.count == 5 && Set(tops).count == 3)
  }

  @Test func stopsIfCoordinatesAreMissing() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = PointCloud("a", x: [1, 2], y: [1])
    }
    expectStop(result, "PointCloud \"a\": 2 values of x and 1 of y; there must be as many")
  }
}
