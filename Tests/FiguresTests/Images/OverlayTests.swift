import TestSupport
import Testing

@testable import Figures

@Suite struct OverlayTests {
  @Test func scalesCoverValuesFromZeroOrAroundIt() {
    #expect(ColorScale(.sequential, covering: [0, 2, 1]).range == 0...2)
    #expect(ColorScale(.diverging, covering: [-3, 2]).range == -3...3)
    // One in two hundred may lie beyond.
    let many = [Float](repeating: 1, count: 399) + [50]
    #expect(ColorScale(.sequential, covering: many).range == 0...1)
    // Zeros, and one value among them.
    #expect(ColorScale(.sequential, covering: [0, 0]).range == 0...1)
    #expect(
      ColorScale(.diverging, covering: [Float](repeating: 0, count: 999) + [4]).range == -4...4)
    #expect(ColorScale(.sequential, covering: [.nan, 3, .infinity]).range == 0...3)
  }

  @Test func gridsShowTheirScaleWithItsNumbers() throws {
    let tile = ImageGrid.Tile(PixelImage(width: 1, height: 1, channels: 1, pixels: [0]))
    let plain = try XMLElements(ImageGrid(tiles: [tile]).svg())
    let scale = ColorScale(.diverging, range: -0.5...0.5, label: "weight")
    let svg = try XMLElements(ImageGrid(tiles: [tile], scale: scale).svg())
    #expect(svg.texts == ["−0.5", "0", "0.5", "weight"])
    #expect(svg.all("image").count == 2)
    let heights = [plain, svg].compactMap { $0.all("svg").first?.number("height") }
    #expect(heights[1] == heights[0] + 36)
  }

  /// 0.299 R + 0.587 G + 0.114 B and the map, half and half.
  @Test func overlaysMixGreyWithTheMap() {
    let image = PixelImage(width: 2, height: 1, channels: 3, pixels: [255, 0, 0, 10, 10, 10])
    let map = PixelImage(width: 2, height: 1, channels: 3, pixels: [0, 100, 200, 0, 0, 0])
    #expect(image.overlaid(with: map, share: 0.5).pixels == [38, 88, 138, 5, 5, 5])
    #expect(image.overlaid(with: map, share: 1) == map)
    let grey = PixelImage(width: 2, height: 1, channels: 1, pixels: [7, 9])
    #expect(grey.overlaid(with: map, share: 0).pixels == [7, 7, 7, 9, 9, 9])
    #expect(grey.colored.pixels == [7, 7, 7, 9, 9, 9])
    #expect(map.colored == map)
  }

  @Test func enlargesPixelsToSquares() {
    let image = PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2])
    #expect(image.enlarged(by: 1) == image)
    let large = image.enlarged(by: 2)
    #expect(large.width == 4 && large.height == 2)
    #expect(large.pixels == [1, 1, 2, 2, 1, 1, 2, 2])
    let colored = PixelImage(width: 1, height: 1, channels: 3, pixels: [1, 2, 3]).enlarged(by: 2)
    #expect(colored.pixels == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
  }

  @Test func barsGoFromTheLeastBelowToTheMostAbove() {
    let scale = ColorScale(.diverging, range: -1...1)
    let bar = PixelImage(bar: scale, width: 24, height: 128)
    #expect(Array(bar.pixels[0..<3]) == [0xb2, 0x18, 0x2b])
    #expect(Array(bar.pixels[6..<9]) == [255, 255, 255])
    let last = 127 * 24 * 3
    #expect(Array(bar.pixels[last..<last + 3]) == [0x21, 0x66, 0xac])
  }

  @Test func stopsAtAMapOfAnotherSize() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let image = PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2])
      _ = image.overlaid(with: image.enlarged(by: 2))
    }
    expectStop(
      result,
      "PixelImage.overlaid: a map of 4 × 2 pixels, share 0.6, over 2 × 1; sizes have to be the same, and "
        + "the share in 0 ... 1")
  }
}
