import TestSupport
import Testing

@testable import Figures

@Suite struct PixelImageTilesTests {
  private func tile(_ value: UInt8, channels: Int = 1) -> PixelImage {
    PixelImage(
      width: 2, height: 1, channels: channels,
      pixels: [UInt8](repeating: value, count: 2 * channels))
  }

  @Test func rowAfterRowOnWhite() {
    let image = PixelImage(tiles: [tile(1), tile(2), tile(3)], columns: 2)
    #expect(image.width == 5 && image.height == 3 && image.channels == 1)
    let expected: [UInt8] = [1, 1, 255, 2, 2, 255, 255, 255, 255, 255, 3, 3, 255, 255, 255]
    #expect(image.pixels == expected)
  }

  @Test func fewerTilesThanColumns() {
    let image = PixelImage(tiles: [tile(9, channels: 3)], columns: 8, gap: 4)
    #expect(image == tile(9, channels: 3))
  }

  @Test func stopsAtTilesThatDiffer() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let grey = PixelImage(width: 1, height: 1, channels: 1, pixels: [0])
      let colour = PixelImage(width: 1, height: 1, channels: 3, pixels: [0, 0, 0])
      _ = PixelImage(tiles: [grey, colour], columns: 2)
    }
    expectStop(
      result, "PixelImage(tiles:): tile 1 has 1 × 1 pixels of 3 channels, the first 1 × 1 of 1")
    let none = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelImage(tiles: [], columns: 2) }
    expectStop(none, "PixelImage(tiles:): there are no tiles")
  }
}
