import TestSupport
import Testing

@testable import Figures

@Suite struct HeatMapTests {
  @Test func mapScaleAndNames() throws {
    let map = HeatMap(
      title: "Attention", xLabel: "key", yLabel: "query", valueLabel: "weight", rows: 2,
      columns: 3, values: [0, 0.2, 0.4, 0.6, 0.8, 1], rowNames: ["a", "b"],
      columnNames: ["c", "d", "e"])
    let svg = try XMLElements(map.svg())
    #expect(svg.all("image").count == 2)
    for text in ["Attention", "key", "query", "weight", "a", "b", "c", "d", "e", "0.0", "1.0"] {
      #expect(svg.texts.contains(text), "\(text)")
    }
    let area = svg.all("image")[0]
    let ratio = try #require(area.number("width")) / #require(area.number("height"))
    #expect(abs(ratio - 1.5) < 0.01)
  }

  @Test(
    arguments: [
      (10, 20, 15, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), (10, 7, 15, [0, 5]), (3, 1, 15, [0]),
    ] as [(Int, Double, Double, [Int])])
  func namesAreThinned(count: Int, pitch: Double, needed: Double, expected: [Int]) {
    #expect(HeatMap.marked(count, pitch: pitch, needed: needed) == expected)
  }

  @Test(arguments: [[Float.nan], [3], [.infinity]], [ColorMap.sequential, .diverging])
  func degenerateInputIsStillAFigure(values: [Float], colors: ColorMap) throws {
    let svg = HeatMap(rows: 1, columns: 1, values: values, colors: colors).svg()
    _ = try XMLElements(svg)
    #expect(!svg.contains("nan\"") && !svg.contains("inf\""))
  }

  @Test func wrongNumberOfValuesStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = HeatMap(rows: 2, columns: 2, values: [1, 2, 3]) }
    expectStop(result, "HeatMap: 3 values for 2 × 2; it takes rows × columns, at least one")
  }

  @Test func wrongNumberOfNamesStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = HeatMap(rows: 1, columns: 2, values: [1, 2], columnNames: ["a"]) }
    expectStop(
      result, "HeatMap: 0 and 1 names for 1 rows and 2 columns; there must be none or one for each")
  }
}
