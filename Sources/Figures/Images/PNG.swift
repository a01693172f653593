import CPNG
import Foundation

/// A file that is no PNG, or a damaged one.
public struct PNGError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// What was read, and what is wrong with it.
  public let description: String

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }
}

/// Writes and reads PNG files, through libpng's simplified interface, which reports errors instead of jumping.
public enum PNG {
  /// The longest side in pixels that is written or read.
  public static let largestSide = 16_384

  /// The bytes of a PNG file of 8-bit grey or RGB pixels.
  public static func encode(_ image: PixelImage) -> Data {
    var control = png_image()
    control.version = version
    control.width = UInt32(image.width)
    control.height = UInt32(image.height)
    control.format = format(channels: image.channels)
    defer { png_image_free(&control) }
    var size = 0
    guard png_image_write_to_memory(&control, nil, &size, 0, image.pixels, 0, nil) != 0 else {
      fatalError("PNG.encode: \(message(of: control))")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&control, &bytes, &size, 0, image.pixels, 0, nil) != 0 else {
      fatalError("PNG.encode: \(message(of: control))")
    }
    return Data(bytes.prefix(size))
  }

  /// The pixels of a PNG file: grey where the file is grey, RGB else, 8 bits each, on white where it is transparent.
  ///
  /// - Parameters:
  ///   - data: the file's bytes.
  ///   - name: the file's name, for the error.
  /// - Throws: ``PNGError`` where the bytes are no PNG file, are damaged, or describe a picture too large.
  public static func decode(_ data: Data, name: String = "PNG data") throws -> PixelImage {
    let bytes = [UInt8](data)
    guard !bytes.isEmpty else {
      throw PNGError(
        description: "\(name): byte 0: the file is empty; a PNG file begins with "
          + hex(signature[...]))
    }
    guard bytes.starts(with: signature) else {
      throw PNGError(
        description: "\(name): byte 0: not a PNG file: it begins with "
          + "\(hex(bytes.prefix(8))), not \(hex(signature[...]))")
    }
    // libpng keeps the address between beginning and finishing, so it must stay valid until both are done.
    return try bytes.withUnsafeBufferPointer { try decode($0, name: name) }
  }

  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelImage
  {
    var control = png_image()
    control.version = version
    defer { png_image_free(&control) }
    guard png_image_begin_read_from_memory(&control, bytes.baseAddress, bytes.count) != 0 else {
      throw PNGError(description: "\(name): damaged PNG file: \(message(of: control))")
    }
    guard control.width <= largestSide, control.height <= largestSide else {
      throw PNGError(
        description: "\(name): \(control.width) × \(control.height) pixels; "
          + "each side may have at most \(largestSide)")
    }
    // Samples of 16 bits follow the same curve as those of 8, unless the file says otherwise.
    control.flags |= 4
    let channels = control.format & colorFlag == 0 ? 1 : 3
    control.format = format(channels: channels)
    let (width, height) = (Int(control.width), Int(control.height))
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    var white = png_color(red: 255, green: 255, blue: 255)
    guard png_image_finish_read(&control, &white, &pixels, 0, nil) != 0 else {
      throw PNGError(description: "\(name): damaged PNG file: \(message(of: control))")
    }
    return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
  }

  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  /// `PNG_IMAGE_VERSION` and `PNG_FORMAT_FLAG_COLOR`, macros that Swift does not see.
  private static let version: UInt32 = 1
  private static let colorFlag: UInt32 = 2

  private static func format(channels: Int) -> UInt32 { channels == 1 ? 0 : colorFlag }

  private static func message(of control: png_image) -> String {
    withUnsafeBytes(of: control.message) { buffer in
      String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { String(format: "%02x", $0) }.joined(separator: " ")
  }
}
