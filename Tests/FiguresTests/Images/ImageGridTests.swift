import Foundation
import TestSupport
import Testing

@testable import Figures

@Suite struct ImageGridTests {
  private func tile(_ value: UInt8, _ mark: ImageGrid.Mark = .plain) -> ImageGrid.Tile {
    ImageGrid.Tile(
      PixelImage(width: 2, height: 1, channels: 1, pixels: [value, value]),
      caption: "\(value) → 3\n98 %", mark: mark)
  }

  @Test func picturesCarryTheirPixels() throws {
    let svg = try XMLElements(ImageGrid(tiles: [tile(7), tile(9)]).svg())
    let images = try svg.all("image").map { element in
      let address = try #require(element["href"])
      let base64 = String(address.dropFirst("data:image/png;base64,".count))
      return try PNG.decode(try #require(Data(base64Encoded: base64)))
    }
    #expect(images.map(\.pixels) == [[7, 7], [9, 9]])
  }

  @Test func rowsAndColumns() throws {
    let grid = ImageGrid(tiles: (0..<5).map { tile($0) }, columns: 2, tileWidth: 40)
    let images = try XMLElements(grid.svg()).all("image")
    #expect(images.compactMap { $0.number("x") } == [16, 66, 16, 66, 16])
    let tops = images.compactMap { $0.number("y") }
    #expect(tops[0] == tops[1] && tops[1] < tops[2] && tops[2] < tops[4])
    #expect(images.allSatisfy { $0.number("width") == 40 && $0.number("height") == 20 })
  }

  @Test func captionsAndMarks() throws {
    let svg = try XMLElements(
      ImageGrid(title: "Errors", tiles: [tile(1, .wrong), tile(2, .correct)], tileWidth: 60).svg())
    #expect(svg.texts == ["Errors", "1 → 3", "98 %", "2 → 3", "98 %"])
    #expect(svg.all("rect").filter { $0.hasClass("s1") }.count == 1)
    #expect(svg.all("rect").filter { $0.hasClass("s2") }.count == 1)
  }

  /// A long line goes on behind its arrow, both in the colour of the mark; a wide tile needs no second one.
  @Test func longCaptionsGoOnBehindTheArrow() throws {
    let image = PixelImage(width: 1, height: 1, channels: 1, pixels: [0])
    let tile = ImageGrid.Tile(image, caption: "airplane → automobile\n98 %", mark: .wrong)
    func texts(_ width: Double) throws -> [(text: String, isMarked: Bool)] {
      try XMLElements(ImageGrid(tiles: [tile], tileWidth: width).svg()).all("text").map {
        ($0.text, $0.hasClass("f1"))
      }
    }
    let narrow = try texts(72)
    #expect(narrow.map(\.text) == ["airplane →", "automobile", "98 %"])
    #expect(narrow.map(\.isMarked) == [true, true, false])
    let wide = try texts(140)
    #expect(wide.map(\.text) == ["airplane → automobile", "98 %"])
    #expect(wide.map(\.isMarked) == [true, false])
    #expect(try texts(30).map(\.text)[0].hasSuffix("…"))
  }

  @Test func filtersShareOneScaleAroundZero() throws {
    let grid = ImageGrid(filters: [[-2, 0], [1, 2]], width: 2, height: 1)
    #expect(grid.tiles[0].image.pixels == [0x21, 0x66, 0xac, 0xf7, 0xf7, 0xf7])
    #expect(Array(grid.tiles[1].image.pixels[3...]) == [0xb2, 0x18, 0x2b])
    #expect(grid.note == "blue −2 · white 0 · red +2")
  }

  @Test func noTilesIsStillAFigure() throws {
    _ = try XMLElements(ImageGrid(tiles: []).svg())
    _ = try XMLElements(ImageGrid(filters: [[.nan]], width: 1, height: 1).svg())
    // One weight of a thousand that is not zero is still seen.
    let sparse = [Float](repeating: 0, count: 999) + [3]
    let grid = ImageGrid(filters: [sparse], width: 1000, height: 1)
    #expect(grid.svg().contains("blue −3 · white 0 · red +3"))
  }

  @Test func noColumnsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ImageGrid(tiles: [], columns: 0) }
    expectStop(result, "ImageGrid: 0 columns; at least 1 is needed")
  }
}
