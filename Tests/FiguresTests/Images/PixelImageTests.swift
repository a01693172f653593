import TestSupport
import Testing

@testable import Figures

@Suite struct PixelImageTests {
  @Test func valuesBecomeBytes() {
    let image = PixelImage(width: 6, height: 1, values: [0, 0.5, 1, -3, 9, .nan])
    #expect(image.pixels == [0, 128, 255, 0, 255, 0])
    let scaled = PixelImage(width: 2, height: 1, values: [51, 255], white: 255)
    #expect(scaled.pixels == [51, 255])
  }

  @Test func falseColors() {
    let image = PixelImage(
      width: 3, height: 1, values: [-2, 0, 2], colors: .diverging, range: -2...2)
    #expect(image.channels == 3)
    #expect(image.pixels == [0x21, 0x66, 0xac, 0xf7, 0xf7, 0xf7, 0xb2, 0x18, 0x2b])
  }

  @Test func wrongNumberOfBytesStops() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3]) }
    expectStop(result, "PixelImage: 3 bytes for 2 × 2 pixels of 1 channels; 4 are needed")
  }

  @Test func wrongChannelsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelImage(width: 1, height: 1, channels: 4, pixels: [1, 2, 3, 4]) }
    expectStop(result, "PixelImage: 4 channels; it takes 1 or 3")
  }

  @Test func noPixelsStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelImage(width: 0, height: 1, channels: 1, pixels: []) }
    expectStop(result, "PixelImage: 0 × 1 pixels; each side is from 1 to 16384")
  }
}
