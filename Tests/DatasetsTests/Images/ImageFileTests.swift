import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// What `Reference/images.py` stored.
struct StoredImages: Decodable {
  /// Picture files in base64.
  let files: [String: String]
  /// Pixels, row by row.
  let pixels: [String: [UInt8]]

  static let all: StoredImages = {
    let file = Bundle.module.resourceURL!.appendingPathComponent("Reference/images.json")
    return try! JSONDecoder().decode(StoredImages.self, from: Data(contentsOf: file))
  }()

  func file(_ name: String) throws -> [UInt8] {
    let text = try #require(files[name])
    return [UInt8](try #require(Data(base64Encoded: text)))
  }
}

@Suite struct ImageFileTests {
  private let stored = StoredImages.all

  private func read(_ name: String) throws -> RasterImage {
    let folder = try TemporaryFolder()
    return try ImageFile.read(folder.write(stored.file(name), "picture"))
  }

  private func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    guard one.count == other.count else { return .max }
    return zip(one, other).map { abs(Int($0) - Int($1)) }.max() ?? 0
  }

  @Test(arguments: [("rgb", 3), ("grey", 1), ("palette", 3)])
  func readsPNG(name: String, channels: Int) throws {
    let image = try read(name)
    #expect((image.height, image.width, image.channels) == (3, 5, channels))
    #expect(image.pixels == stored.pixels[name])
  }

  @Test func sixteenBitsAndOne() throws {
    #expect(try read("grey16").pixels == stored.pixels["grey"])
    let bits = try #require(stored.pixels["grey"]).map { $0 > 127 ? UInt8(255) : 0 }
    #expect(try read("bit").pixels == bits)
  }

  /// A chunk with its checksum.
  private func chunk(_ letters: String, _ data: [UInt8]) -> [UInt8] {
    func word(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }
    let body = Array(letters.utf8) + data
    return word(UInt32(data.count)) + body + word(crc32(body))
  }

  /// libpng would fill every second row with another's.
  @Test func sixteenBitsInterlaced() throws {
    let folder = try TemporaryFolder()
    var bytes = try stored.file("grey16")
    bytes[28] = 1
    bytes.replaceSubrange(8..<33, with: chunk("IHDR", Array(bytes[16..<29])))
    let file = try folder.write(bytes, "a.png")
    expectError(
      .badData,
      "\(file.path): expected a PNG file of 8 bits, or of 16 that is not interlaced; found 16, interlaced"
    ) { _ = try ImageFile.read(file) }
  }

  /// As everyone else reads them: samples are what is in the file.
  @Test func curvesAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    var bytes = try stored.file("rgb")
    bytes.insert(contentsOf: chunk("gAMA", [0, 1, 0x86, 0xA0]), at: 33)
    let image = try ImageFile.read(folder.write(bytes, "a.png"))
    #expect(image.pixels == stored.pixels["rgb"])
  }

  /// Columns 0 and 4 are transparent, 1 and 3 opaque, 2 half.
  @Test func whatIsTransparentLiesOnWhite() throws {
    let image = try read("alpha")
    let opaque = try #require(stored.pixels["rgb"])
    #expect(image.channels == 3)
    for place in image.pixels.indices {
      switch place / 3 % 5 {
      case 0, 4: #expect(image.pixels[place] == 255)
      case 1, 3: #expect(image.pixels[place] == opaque[place])
      // 128 of 255 parts.
      default:
        let mixed = Double(opaque[place]) * 128 / 255 + 127
        #expect(abs(Double(image.pixels[place]) - mixed) <= 0.5)
      }
    }
  }

  @Test(arguments: [("jpeg", 3), ("jpeg_progressive", 3), ("jpeg_grey", 1)])
  func readsJPEG(name: String, channels: Int) throws {
    let image = try read(name)
    #expect((image.height, image.width, image.channels) == (10, 14, channels))
    // Pillow brings a libjpeg-turbo of its own.
    let expected = try #require(stored.pixels[name])
    #expect(distance(image.pixels, expected) <= 1)
  }

  /// Harmless by themselves, but the decoder tells no other warning after this one.
  @Test(arguments: [0, 20]) func strayBytes(missing: Int) throws {
    let folder = try TemporaryFolder()
    var bytes = try stored.file("jpeg")
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
    bytes.insert(contentsOf: [0, 0], at: frame)
    let file = try folder.write(bytes.dropLast(missing), "a.jpg")
    expectError(
      .badData,
      "\(file.path): damaged JPEG file: Corrupt JPEG data: 2 extraneous bytes before marker 0xc0"
    ) { _ = try ImageFile.read(file) }
  }

  @Test func coloursOfPrinting() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(stored.file("jpeg_cmyk"), "a.jpg")
    expectError(.badData, "\(file.path): expected grey or RGB colours, found CMYK") {
      _ = try ImageFile.read(file)
    }
  }

  @Test func whatIsNoPicture() throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    expectError(.noInput, "\(path)/a.png: cannot be opened: No such file or directory") {
      _ = try ImageFile.read(folder.file("a.png"))
    }
    try folder.write([], "b.png")
    expectError(
      .badData, "\(path)/b.png: offset 0: expected a PNG or JPEG file, found an empty file"
    ) { _ = try ImageFile.read(folder.file("b.png")) }
    try folder.write(Array("GIF89a".utf8) + [0, 1, 2], "c.png")
    expectError(
      .badData,
      "\(path)/c.png: offset 0: expected a PNG or JPEG file, found 47 49 46 38 39 61 00 01"
    ) { _ = try ImageFile.read(folder.file("c.png")) }
    // A header of 16,385 pixels, whose check is that of the changed bytes.
    var bytes = try stored.file("rgb")
    bytes.replaceSubrange(16..<20, with: [0, 0, 0x40, 1])
    let crc = crc32(bytes[12..<29])
    bytes.replaceSubrange(
      29..<33, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> $0) })
    try folder.write(bytes, "d.png")
    expectError(
      .badData, "\(path)/d.png: expected sides of 1 ... 16384 pixels, found 16385 × 3"
    ) { _ = try ImageFile.read(folder.file("d.png")) }
  }

  /// A JPEG whose header claims 16,000 × 16,000 pixels.
  @Test func aClaimThatIsTooLarge() throws {
    let folder = try TemporaryFolder()
    var bytes = try stored.file("jpeg")
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x3E, 0x80, 0x3E, 0x80])
    let file = try folder.write(bytes, "a.jpg")
    expectError(
      .badData,
      "\(file.path): damaged JPEG file: \(bytes.count) bytes cannot hold 16000 × 16000 pixels"
    ) { _ = try ImageFile.read(file) }
  }

  /// A file cut short anywhere is refused; the end mark of a PNG and of a JPEG hold no pixels.
  @Test(arguments: ["rgb", "palette", "jpeg", "jpeg_progressive"])
  func everyPrefix(name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try stored.file(name)
    let right = try read(name)
    for count in whole.indices {
      let file = try folder.write(whole[..<count], "a")
      do {
        let image = try ImageFile.read(file)
        #expect(image == right && count > whole.count - 13, "\(count) of \(whole.count) bytes")
      } catch let error as AdjointError {
        #expect(error.kind == .badData && error.message.hasPrefix(file.path))
      }
    }
  }

  /// Nothing but an error of the reader's own comes of a changed byte.
  @Test(arguments: ["rgb", "palette", "jpeg", "jpeg_progressive"])
  func everyFlippedByte(name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try stored.file(name)
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x55
      let file = try folder.write(bytes, "a")
      do { _ = try ImageFile.read(file) } catch let error as AdjointError {
        #expect(error.kind == .badData && error.message.hasPrefix(file.path))
      }
    }
  }
}

@Suite struct RasterImageTests {
  private let stored = StoredImages.all

  @Test(arguments: [(4, 4), (5, 20), (18, 6)])
  func resizesAsPillowDoes(height: Int, width: Int) throws {
    let large = RasterImage(
      pixels: try #require(stored.pixels["large"]), height: 9, width: 13, channels: 3)
    let resized = large.resized(height: height, width: width)
    let expected = try #require(stored.pixels["large_\(height)x\(width)"])
    #expect((resized.height, resized.width, resized.channels) == (height, width, 3))
    // Pillow rounds between the columns and the rows.
    for (found, expected) in zip(resized.pixels, expected) {
      #expect(abs(Int(found) - Int(expected)) <= 1)
    }
    #expect(large.resized(height: 9, width: 13) == large)
  }

  @Test func channels() throws {
    let colour = RasterImage(
      pixels: try #require(stored.pixels["rgb"]), height: 3, width: 5, channels: 3)
    let grey = colour.converted(toChannels: 1)
    for (found, expected) in zip(grey.pixels, try #require(stored.pixels["luma"])) {
      #expect(abs(Int(found) - Int(expected)) <= 1)
    }
    #expect(grey.converted(toChannels: 3).pixels == grey.pixels.flatMap { [$0, $0, $0] })
    #expect(colour.converted(toChannels: 3) == colour)
  }

  /// 76.245, 149.685, 29.07 and, of all three, 255.
  @Test func greyIsTheNearestByte() {
    let colour = RasterImage(
      pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255], height: 2, width: 2, channels: 3)
    #expect(colour.converted(toChannels: 1).pixels == [76, 150, 29, 255])
  }

  @Test func theSquareInTheMiddle() {
    let wide = RasterImage(pixels: Array(0..<10), height: 2, width: 5, channels: 1)
    #expect(
      wide.croppedToSquare()
        == RasterImage(pixels: [1, 2, 6, 7], height: 2, width: 2, channels: 1))
    let tall = RasterImage(pixels: Array(0..<12), height: 4, width: 1, channels: 3)
    #expect(tall.croppedToSquare().pixels == [3, 4, 5])
  }

  @Test func wrongSizesStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = RasterImage(pixels: [1, 2], height: 1, width: 1, channels: 2) }
    expectStop(
      result,
      "RasterImage: 2 bytes for 1 × 1 × 2; both sides are positive, and a pixel has 1 or 3 values")
  }
}
