import Archives
import CJPEG
import CPNG
import CZlib
import Dispatch
import Foundation
import Tensors

// The one file of this target that handles memory by address.

/// Reads a file front to back, unpacking it where it is gzip and as it is where it is not.
final class GzipReader {
  /// The path as error messages name it.
  let name: String
  /// How many unpacked bytes were handed out so far.
  private(set) var offset = 0
  /// The most bytes that one reading may give.
  let limit: Int
  private let byteCount: Int
  private let file: gzFile
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)

  /// Opens the file; throws no input where that is impossible, bad data where it is no plain file.
  init(_ url: URL) throws {
    name = url.path
    byteCount = try PlainFile(name).byteCount
    limit = FileMemory.limit(forFileOf: byteCount)
    guard let file = gzopen(name, "rb") else {
      throw AdjointError(.noInput, "\(name): cannot be opened: \(String(cString: strerror(errno)))")
    }
    self.file = file
    gzbuffer(file, 1 << 17)
  }

  deinit {
    gzclose(file)
  }

  /// The next `count` bytes, or fewer where the file ends before; memory grows with what is there,
  /// not with `count`.
  ///
  /// Throws bad data where the packed stream is damaged, or gives more than the file may take.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    // Memory that is not written to is not touched; deflate makes at most 1,032 bytes of one.
    bytes.reserveCapacity(min(count, limit, byteCount * 1032))
    while bytes.count < count {
      let wanted = min(count - bytes.count, buffer.count)
      let got = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32(wanted)) }
      guard got >= 0 else { throw AdjointError(.badData, damage()) }
      guard bytes.count + Int(got) <= limit else {
        throw AdjointError(
          .badData,
          "\(name): offset \(offset): expected at most \(limit) bytes unpacked from \(byteCount), found "
            + "more; unpack it first")
      }
      bytes.append(contentsOf: buffer[..<Int(got)])
      offset += Int(got)
      if got < wanted { break }
    }
    return bytes
  }

  /// Whether the file ends here, and is whole: where it is packed, its checksum is compared now.
  ///
  /// Throws bad data where the packed stream is damaged or cut short.
  func isAtEnd() throws -> Bool {
    guard try read(1).isEmpty else { return false }
    var code: Int32 = 0
    _ = gzerror(file, &code)
    guard code == Z_OK || code == Z_STREAM_END else { throw AdjointError(.badData, damage()) }
    return true
  }

  private func damage() -> String {
    var code: Int32 = 0
    let text = gzerror(file, &code).map { String(cString: $0) } ?? ""
    let cause = code == Z_ERRNO ? String(cString: strerror(errno)) : text
    // zlib puts the file's path in front of its own messages.
    let reason = cause.hasPrefix("\(name): ") ? String(cause.dropFirst(name.count + 2)) : cause
    return "\(name): offset \(offset): cannot be unpacked: \(reason)"
  }
}

extension PNGChunks {
  /// CRC-32 of a chunk's letters and data.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBufferPointer { Int(crc32_z(0, $0.baseAddress, $0.count)) }
  }
}

extension ImageFile {
  /// `PNG_IMAGE_VERSION`, `PNG_FORMAT_FLAG_ALPHA`, `PNG_FORMAT_FLAG_COLOR` and `PNG_IMAGE_FLAG_16BIT_sRGB`, macros
  /// that Swift does not see.
  private static let pngVersion: UInt32 = 1
  private static let pngAlpha: UInt32 = 1
  private static let pngColour: UInt32 = 2
  private static let png16BitIsSRGB: UInt32 = 4

  /// libpng's simplified interface reports errors instead of jumping.
  static func decodePNG(
    _ bytes: [UInt8], _ name: String, fileSize: Int
  ) throws -> RasterImage {
    // Of these libpng's simplified interface fills every second row with another's (CVE-2025-65018).
    guard bytes.count < 29 || bytes[24] != 16 || bytes[28] == 0 else {
      throw AdjointError(
        .badData,
        "\(name): expected a PNG file of 8 bits, or of 16 that is not interlaced; found 16, interlaced"
      )
    }
    // libpng keeps the address between beginning and finishing.
    return try bytes.withUnsafeBufferPointer { bytes in
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
      // Samples of 16 bits follow the same curve as those of 8.
      control.flags |= png16BitIsSRGB
      let channels = control.format & pngColour == 0 ? 1 : 3
      let isOpaque = control.format & pngAlpha == 0
      control.format = (channels == 1 ? 0 : pngColour) | (isOpaque ? 0 : pngAlpha)
      // Memory that is not written to is not touched, whatever size a damaged file claims.
      let count = height * width * (isOpaque ? channels : channels + 1)
      try checkMemory(count, height, width, fileSize: fileSize, name)
      let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        guard png_image_finish_read(&control, nil, buffer.baseAddress, 0, nil) != 0 else {
          throw damage()
        }
        filled = isOpaque ? count : layOnWhite(buffer, channels: channels)
      }
      return RasterImage(pixels: pixels, height: height, width: width, channels: channels)
    }
  }
}

extension ImageFile {
  /// Turns pixels with their opacity into ones that lie on white, in place, as bytes are mixed and not light; returns
  /// how many bytes are left.
  private static func layOnWhite(_ buffer: UnsafeMutableBufferPointer<UInt8>, channels: Int) -> Int
  {
    let pixels = buffer.count / (channels + 1)
    for pixel in 0..<pixels {
      let from = pixel * (channels + 1)
      let opacity = Int(buffer[from + channels])
      for channel in 0..<channels {
        let mixed = Int(buffer[from + channel]) * opacity + 255 * (255 - opacity)
        buffer[pixel * channels + channel] = UInt8((mixed + 127) / 255)
      }
    }
    return pixels * channels
  }

  /// TurboJPEG reports errors instead of jumping. Warnings are errors too: the pixels behind the damage
  /// would be made up, and of several it tells the first alone, which may be harmless.
  static func decodeJPEG(_ bytes: [UInt8], _ name: String) throws -> RasterImage {
    guard let decoder = tjInitDecompress() else {
      throw AdjointError(.internalFault, "\(name): TurboJPEG cannot be started")
    }
    defer { tjDestroy(decoder) }
    func damage() -> AdjointError {
      let reason = String(cString: tjGetErrorStr2(decoder))
      return AdjointError(
        .badData,
        reason.contains("determine subsampling")
          ? "\(name): expected colours sampled 4:4:4, 4:2:2, 4:2:0, 4:4:0 or 4:1:1, found others"
          : "\(name): damaged JPEG file: \(reason)")
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

extension ClassificationSet {
  /// What is fetched for the next batch: a part of a second-level cache that the step does not miss.
  private static let bytesAhead = 1 << 17

  /// The images of the rows as float32 inputs: one pass over the bytes, straight into the tensor's
  /// memory, or two if they are changed on the way. Those of a small batch that comes next are fetched meanwhile: the
  /// rows of a shuffled one are in no cache.
  func inputs(
    of rows: ArraySlice<Int32>, before upcoming: ArraySlice<Int32> = [],
    _ transform: PixelTransform, _ layout: InputLayout,
    _ augmentation: Augmentation? = nil, _ mixture: Mixture? = nil, epoch: Int = 0,
    threads: Int? = 1
  ) -> Tensor {
    let features = featureCount
    let ahead = upcoming.prefix(Self.bytesAhead / max(features, 1))
    let shape: Shape =
      layout == .rows ? [rows.count, features] : [rows.count, height, width, channels]
    return Tensor(shape: shape) { output in
      pixels.withUnsafeBufferPointer { pixels in
        // Each portion writes to its own part of the output.
        nonisolated(unsafe) let (output, pixels) = (output, pixels)
        @Sendable func fill(_ places: Range<Int>) {
          let first = rows.startIndex
          write(
            rows[(first + places.lowerBound)..<(first + places.upperBound)], of: pixels,
            transform, augmentation, epoch,
            to: .init(
              rebasing: output[places.lowerBound * features..<places.upperBound * features]))
          for row in ahead.dropFirst(places.lowerBound).prefix(places.count) {
            let first = Int(row) * features
            Threads.fetchAhead(UnsafeBufferPointer(rebasing: pixels[first..<first + features]))
          }
        }
        guard let portions = threads.map({ Swift.min($0, rows.count) }) else {
          // To change an image takes tens of times as long as to read it.
          let elements = augmentation == nil ? features : 32 * features
          return Threads.share(rows.count, elementsEach: elements, fill)
        }
        DispatchQueue.concurrentPerform(iterations: portions) { portion in
          fill(rows.count * portion / portions..<rows.count * (portion + 1) / portions)
        }
      }
      mixture?.apply(
        to: output, images: rows.count, height: height, width: width, channels: channels)
    }
  }

  private func write(
    _ rows: ArraySlice<Int32>, of pixels: UnsafeBufferPointer<UInt8>, _ transform: PixelTransform,
    _ augmentation: Augmentation?, _ epoch: Int, to output: UnsafeMutableBufferPointer<Float>
  ) {
    let features = featureCount
    if !output.isEmpty { output[0] = touch(rows, of: pixels) }
    var canvas = augmentation.map { _ in
      ImageCanvas(
        height: height, width: width, channels: channels,
        neutral: transform.neutral(features: features, channels: channels))
    }
    for (place, row) in rows.enumerated() {
      let first = Int(row) * features
      let image = UnsafeBufferPointer(rebasing: pixels[first..<first + features])
      let input = UnsafeMutableBufferPointer(
        rebasing: output[place * features..<(place + 1) * features])
      guard let augmentation else {
        transform.apply(to: image, writing: input)
        continue
      }
      var random = augmentation.random(epoch: epoch, row: Int(row))
      canvas?.bytes.withUnsafeMutableBufferPointer { _ = $0.update(from: image) }
      for step in augmentation.recipe.transforms { canvas?.apply(step, from: &random) }
      canvas?.bytes.withUnsafeBufferPointer { transform.apply(to: $0, writing: input) }
    }
  }

  /// Reads a byte of each cache line of the rows, so that all their misses are under way at once
  /// and not one row's after the other's; this halves the time of a shuffled batch.
  ///
  /// The result means nothing. The caller puts it where the first input will come, lest the reads
  /// be optimised away.
  private func touch(_ rows: ArraySlice<Int32>, of pixels: UnsafeBufferPointer<UInt8>) -> Float {
    var all: UInt8 = 0
    for row in rows {
      let first = Int(row) * featureCount
      for place in stride(from: first, to: first + featureCount, by: 64) { all |= pixels[place] }
    }
    return Float(all)
  }

  /// The classes of the rows.
  func labels(of rows: ArraySlice<Int32>) -> IndexTensor {
    IndexTensor(shape: [rows.count]) { output in
      for (place, row) in rows.enumerated() { output[place] = labels[Int(row)] }
    }
  }
}

extension Mixture {
  /// Mixes images in place, each with its opposite, which gets as much of it.
  fileprivate func apply(
    to inputs: UnsafeMutableBufferPointer<Float>, images: Int, height: Int, width: Int,
    channels: Int
  ) {
    let features = height * width * channels
    for image in 0..<images / 2 {
      let (one, other) = (image * features, (images - 1 - image) * features)
      switch self {
      case .mixup(let share):
        let rest = 1 - share
        for place in 0..<features {
          let (a, b) = (inputs[one + place], inputs[other + place])
          inputs[one + place] = share * a + rest * b
          inputs[other + place] = share * b + rest * a
        }
      case .cutmix(let rows, let columns, _):
        for row in rows {
          let line = row * width
          for place in (line + columns.lowerBound) * channels..<(line + columns.upperBound)
            * channels
          {
            inputs.swapAt(one + place, other + place)
          }
        }
      }
    }
  }
}

extension PixelTransform {
  /// Both buffers are of the same length: a multiple of the number of channels, or that of the means.
  fileprivate func apply(
    to image: UnsafeBufferPointer<UInt8>, writing input: UnsafeMutableBufferPointer<Float>
  ) {
    guard mean.isEmpty else {
      mean.withUnsafeBufferPointer { mean in
        for index in 0..<image.count { input[index] = Float(image[index]) - mean[index] }
      }
      guard !deviation.isEmpty else { return }
      deviation.withUnsafeBufferPointer { deviation in
        for index in 0..<image.count { input[index] /= deviation[index] }
      }
      return
    }
    guard channels > 0 else {
      for index in 0..<image.count { input[index] = Float(image[index]) / 255 }
      return
    }
    table.withUnsafeBufferPointer { table in
      for first in stride(from: 0, to: image.count, by: channels) {
        for channel in 0..<channels {
          input[first + channel] = table[channel << 8 | Int(image[first + channel])]
        }
      }
    }
  }
}
