import TestSupport
import Testing

@testable import Figures

@Suite struct ConfusionMatrixTests {
  private let matrix = ConfusionMatrix(
    title: "Confusions", counts: [[3, 1], [0, 4]], classNames: ["cat", "dog"])

  @Test func countsAndRowPercentages() throws {
    let texts = try XMLElements(matrix.svg()).texts
    for text in ["Confusions", "cat", "dog", "3", "75.0 %", "1", "25.0 %", "4", "100.0 %"] {
      #expect(texts.contains(text), "\(text)")
    }
    #expect(texts.contains("7 of 8 correct (87.5 %)"))
    // An empty cell has no text.
    #expect(!texts.contains("0"))
  }

  @Test func diagonalAndErrorsHaveTheirOwnColors() throws {
    let rectangles = try XMLElements(matrix.svg()).all("rect")
    let diagonal = rectangles.filter { $0.hasClass("f0") }
    let errors = rectangles.filter { $0.hasClass("f1") }
    // 0.9 times the share of the row.
    #expect(diagonal.compactMap { $0.number("fill-opacity") } == [0.68, 0.9])
    #expect(errors.compactMap { $0.number("fill-opacity") } == [0.75])
    #expect(errors[0].number("x") == diagonal[1].number("x"))
    #expect(errors[0].number("y") == diagonal[0].number("y"))
  }

  @Test func manyClassesHaveNoTextInCells() throws {
    let counts = (0..<100).map { row in (0..<100).map { $0 == row ? 90 : 0 } }
    let matrix = ConfusionMatrix(counts: counts, classNames: (0..<100).map { "class \($0)" })
    let svg = try XMLElements(matrix.svg())
    #expect(!svg.texts.contains("90"))
    #expect(svg.all("rect").filter { $0.hasClass("f0") }.count == 100)
  }

  @Test func noSamples() throws {
    let matrix = ConfusionMatrix(counts: [[0, 0], [0, 0]], classNames: ["a", "b"])
    #expect(try XMLElements(matrix.svg()).texts.contains("no samples"))
  }

  /// The names stand beside the cells, and the line below begins where these do.
  @Test func theLineBelowHasRoom() throws {
    let matrix = ConfusionMatrix(
      counts: [[2100, 400], [279, 2221]], classNames: ["normal", "pneumonia"])
    let svg = try XMLElements(matrix.svg())
    let line = try #require(
      svg.all("text").first { $0.text == "4,321 of 5,000 correct (86.4 %)" })
    #expect(svg.texts.contains("2,100"))
    let end = try #require(line.number("x")) + TextMetrics.width(line.text)
    let width = try #require(svg.all("svg").first?.number("width"))
    #expect(width >= end + 16, "\(width) for a line that ends at \(end)")
  }

  /// 0.9 of the full colour where all are right; with 85 in a hundred it is too pale for white.
  @Test func brightInkNeedsADarkGround() throws {
    let matrix = ConfusionMatrix(counts: [[100, 0], [15, 85]], classNames: ["a", "b"])
    let inks = try XMLElements(matrix.svg()).all("text").filter { ["100", "85"].contains($0.text) }
    #expect(inks.map { $0.hasClass("bright") } == [true, false])
  }

  @Test func notSquareStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ConfusionMatrix(counts: [[1, 2], [3]], classNames: ["a", "b"]) }
    expectStop(
      result,
      "ConfusionMatrix: 2 rows of [2, 1] counts for 2 classes; "
        + "it takes one row and one column for each class")
  }

  @Test func negativeCountsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ConfusionMatrix(counts: [[-1]], classNames: ["a"]) }
    expectStop(result, "ConfusionMatrix: a count is negative")
  }
}
