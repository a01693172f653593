import CJPEG
import CPNG
import Foundation
import Tensors

/// Reads pictures: PNG and JPEG files, known by their first bytes, whatever their names.
public enum ImageFile {
  /// The longest side in pixels that is read.
  public static let largestSide = 16_384

  /// Reads a file to 8 bits a value: grey where the file is grey, red, green and blue else.
  ///
  /// Palettes are looked up, 16 bits become 8, and what is transparent is laid on white. A JPEG's note
  /// which way up it was taken is not followed.
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
  private static func checkMemory(
    _ needed: Int, _ height: Int, _ width: Int, fileSize: Int, _ name: String
  ) throws {
    let limit = FileMemory.limit(forFileOf: fileSize) - fileSize
    guard needed <= limit else {
      throw AdjointError(
        .badData,
        "\(name): expected a picture that takes at most \(limit) bytes to unpack from \(fileSize), found "
          + "\(width) × \(height) pixels, which take \(needed)")
    }
  }

  private static func checkSides(_ height: Int, _ width: Int, _ name: String) throws {
    guard height > 0, width > 0, height <= largestSide, width <= largestSide else {
      throw AdjointError(
        .badData,
        "\(name): expected sides of 1 ... \(largestSide) pixels, found \(width) × \(height)")
    }
  }
}

extension ImageFile {
  /// `PNG_IMAGE_VERSION`, `PNG_FORMAT_FLAG_COLOR` and `PNG_IMAGE_FLAG_16BIT_sRGB`, macros that Swift does
  /// not see.
  private static let pngVersion: UInt32 = 1
  private static let pngColour: UInt32 = 2
  private static let png16BitIsSRGB: UInt32 = 4

  /// libpng's simplified interface reports errors instead of jumping.
  private static func decodePNG(
    _ bytes: [UInt8], _ name: String, fileSize: Int
  ) throws -> RasterImage {
    // libpng keeps the address between beginning and finishing.
    try bytes.withUnsafeBufferPointer { bytes in
      var control = png_image()
      control.version = pngVersion
      defer { png_image_free(&control) }
      func damage() -> AdjointError {
        let reason = withUnsafeBytes(of: control.message) { text in
          String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        return AdjointError(.badData, "\(name): damaged PNG file: \(reason)")
      }
      guard png_image_begin_read_from_memory(&control, bytes.baseAddress, bytes.count) != 0 else {
        throw damage()
      }
      let (height, width) = (Int(control.height), Int(control.width))
      try checkSides(height, width, name)
      // Samples of 16 bits follow the same curve as those of 8, unless the file says otherwise.
      control.flags |= png16BitIsSRGB
      let channels = control.format & pngColour == 0 ? 1 : 3
      control.format = channels == 1 ? 0 : pngColour
      var white = png_color(red: 255, green: 255, blue: 255)
      // Memory that is not written to is not touched, whatever size a damaged file claims.
      let count = height * width * channels
      try checkMemory(count, height, width, fileSize: fileSize, name)
      let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        guard png_image_finish_read(&control, &white, buffer.baseAddress, 0, nil) != 0 else {
          throw damage()
        }
        filled = count
      }
      return RasterImage(pixels: pixels, height: height, width: width, channels: channels)
    }
  }
}

extension ImageFile {
  /// TurboJPEG reports errors instead of jumping. Warnings are errors too: the pixels behind the damage
  /// would be made up.
  private static func decodeJPEG(_ bytes: [UInt8], _ name: String) throws -> RasterImage {
    guard let decoder = tjInitDecompress() else {
      throw AdjointError(.internalFault, "\(name): TurboJPEG cannot be started")
    }
    defer { tjDestroy(decoder) }
    func damage() -> AdjointError {
      AdjointError(
        .badData, "\(name): damaged JPEG file: \(String(cString: tjGetErrorStr2(decoder)))")
    }
    var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
    guard
      tjDecompressHeader3(
        decoder, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0
    else { throw damage() }
    try checkSides(Int(height), Int(width), name)
    guard space != Int32(TJCS_CMYK.rawValue), space != Int32(TJCS_YCCK.rawValue) else {
      throw AdjointError(.badData, "\(name): expected grey or RGB colours, found CMYK")
    }
    // A block of 8 × 8 pixels takes a bit at the least (ITU-T T.81, F.1.2.1): what a header claims cannot
    // make the decoder take memory that the file does not account for.
    guard Int(width) * Int(height) <= bytes.count * 512 else {
      throw AdjointError(
        .badData,
        "\(name): damaged JPEG file: \(bytes.count) bytes cannot hold \(width) × \(height) pixels")
    }
    let isGrey = space == Int32(TJCS_GRAY.rawValue)
    let channels = isGrey ? 1 : 3
    let format = Int32((isGrey ? TJPF_GRAY : TJPF_RGB).rawValue)
    let count = Int(width) * Int(height) * channels
    try checkMemory(
      count + JPEGFrame(bytes).coefficientBytes, Int(height), Int(width), fileSize: bytes.count,
      name)
    let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard
        tjDecompress2(
          decoder, bytes, UInt(bytes.count), buffer.baseAddress, width, 0, height, format,
          TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) == 0
      else { throw damage() }
      filled = count
    }
    return RasterImage(
      pixels: pixels, height: Int(height), width: Int(width), channels: channels)
  }
}
