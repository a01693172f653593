import Foundation
import Tensors

/// Reads pictures: PNG and JPEG files, known by their first bytes, whatever their names.
public enum ImageFile {
  /// The longest side in pixels that is read.
  public static let largestSide = 16_384

  /// Reads a file to 8 bits a value: grey where the file is grey, red, green and blue else.
  ///
  /// Palettes are looked up, 16 bits become 8, what is transparent is laid on white, and samples are not corrected for
  /// a curve that the file names. A JPEG's note which way up it was taken is not followed.
  ///
  /// A JPEG that its decoder has a warning for is refused, also where other readers show all of it, as one with stray
  /// bytes between two markers: of several warnings the decoder tells the first alone, and the next may be that half of
  /// the pixels are missing. Saving it anew with another program mends it.
  ///
  /// - Throws: no input where the file cannot be opened; bad data, naming it, where it is neither PNG nor
  ///   JPEG, is damaged or cut short, has a side above ``largestSide``, unpacks to more than four times its size
  ///   and 64 MB, or is a JPEG in the colours of printing (CMYK).
  public static func read(_ file: URL) throws -> RasterImage {
    var bytes = try InputFile.bytes(of: file)
    let byteCount = bytes.count
    if bytes.starts(with: PNGChunks.signature) {
      try PNGChunks.verify(&bytes, file.path)
      return try decodePNG(bytes, file.path, fileSize: byteCount)
    }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return try decodeJPEG(bytes, file.path) }
    let found =
      bytes.isEmpty
      ? "an empty file"
      : bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    throw AdjointError(
      .badData, "\(file.path): offset 0: expected a PNG or JPEG file, found \(found)")
  }

  /// The pixels, and what is needed beside them and the file, have to be in proportion to the file.
  static func checkMemory(
    _ needed: Int, _ height: Int, _ width: Int, fileSize: Int, _ name: String
  ) throws {
    let limit = FileMemory.limit(forFileOf: fileSize) - fileSize
    guard needed <= limit else {
      throw AdjointError(
        .badData,
        "\(name): expected a picture that takes at most \(limit) bytes to unpack from \(fileSize), found "
          + "\(width) × \(height) pixels, which take \(needed) to decode")
    }
  }

  static func checkSides(_ height: Int, _ width: Int, _ name: String) throws {
    guard height > 0, width > 0, height <= largestSide, width <= largestSide else {
      throw AdjointError(
        .badData,
        "\(name): expected sides of 1 ... \(largestSide) pixels, found \(width) × \(height)")
    }
  }
}
