import Foundation
import Testing

@testable import Figures

@Suite struct PNGTests {
  @Test(arguments: ReferencePNG.pixels.keys.sorted()) func decodesFilesMadeByHand(name: String)
    throws
  {
    let shape = try #require(ReferencePNG.shapes[name])
    let image = try PNG.decode(file(name))
    #expect(image.width == shape.width)
    #expect(image.height == shape.height)
    #expect(image.channels == shape.channels)
    #expect(image.pixels == ReferencePNG.pixels[name])
  }

  @Test(arguments: [1, 3], [(1, 1), (28, 28), (3, 70), (257, 2)])
  func roundTrip(channels: Int, size: (Int, Int)) throws {
    let count = size.0 * size.1 * channels
    let image = PixelImage(
      width: size.0, height: size.1, channels: channels,
      pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
    #expect(try PNG.decode(PNG.encode(image)) == image)
  }

  @Test func headerSaysWhatIsInside() {
    let png = PNG.encode(PixelImage(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6]))
    #expect(Array(png[0..<8]) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    // Width, height, 8 bits, colour type 2.
    #expect(Array(png[16..<26]) == [0, 0, 0, 2, 0, 0, 0, 1, 8, 2])
  }

  @Test func notAPNG() {
    let error = #expect(throws: PNGError.self) {
      try PNG.decode(Data("GIF89a..".utf8), name: "cat.png")
    }
    #expect(
      error?.description == "cat.png: byte 0: not a PNG file: it begins with "
        + "47 49 46 38 39 61 2e 2e, not 89 50 4e 47 0d 0a 1a 0a")
    #expect(error?.localizedDescription == error?.description)
  }

  @Test func emptyData() {
    let error = #expect(throws: PNGError.self) { try PNG.decode(Data()) }
    #expect(
      error?.description == "PNG data: byte 0: the file is empty; a PNG file begins with "
        + "89 50 4e 47 0d 0a 1a 0a")
  }

  @Test func tooLarge() throws {
    let data = try file("huge")
    let error = #expect(throws: PNGError.self) { try PNG.decode(data, name: "a.png") }
    #expect(error?.description == "a.png: 20000 × 1 pixels; each side may have at most 16384")
  }

  @Test func truncatedFiles() throws {
    let data = try file("rgb")
    // The last chunk only says that the file ends; up to it everything counts.
    for count in 8..<(data.count - 16) {
      let error = #expect(throws: PNGError.self, "\(count) bytes") {
        try PNG.decode(data.prefix(count), name: "a.png")
      }
      #expect(error?.description == "a.png: damaged PNG file: read beyond end of data")
    }
  }

  @Test func flippedPixelDataIsNoticed() throws {
    var data = try file("grey")
    data[data.count - 20] ^= 0xff
    let error = #expect(throws: PNGError.self) { try PNG.decode(data, name: "a.png") }
    // The checksum of the pixels, which zlib finds wrong before libpng comes to that of the chunk.
    #expect(error?.description == "a.png: damaged PNG file: IDAT: incorrect data check")
  }

  /// Any one flipped bit gives an error or a picture, never a crash.
  @Test func anyFlippedBit() throws {
    let data = try file("palette")
    for bit in 0..<(data.count * 8) {
      var flipped = data
      flipped[bit / 8] ^= 1 << (bit % 8)
      _ = try? PNG.decode(flipped)
    }
  }

  private func file(_ name: String) throws -> Data {
    Data(bytes(hex: try #require(ReferencePNG.files[name])))
  }
}
