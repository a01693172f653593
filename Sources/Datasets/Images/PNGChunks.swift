import Tensors

/// The chunks of a PNG file, checked before libpng sees them: for libpng a damaged one that is not essential is no
/// reason to stop, though it may change every pixel.
///
/// Source: W3C, "Portable Network Graphics (PNG) Specification", chapter 5.
enum PNGChunks {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Verifies the checksum of each chunk, and takes out those that are not essential, but for transparency: texts,
  /// which unpack to much, and what is said about curve and primaries of the colours, by which samples would be
  /// changed. Networks were trained on samples as they are in the file. What follows the end is taken out too.
  ///
  /// - Parameters:
  ///   - bytes: a file that begins with the signature.
  ///   - name: what errors call it.
  /// - Throws: bad data with the offset of the chunk, what was expected and what was found.
  static func verify(_ bytes: inout [UInt8], _ name: String) throws {
    func bad(_ offset: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(
        .badData,
        "\(name): offset \(offset): damaged PNG file: expected \(expected), found \(found)")
    }
    func word(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var (place, kept) = (signature.count, signature.count)
    while true {
      guard bytes.count - place >= 12 else {
        throw bad(place, "a chunk", "the end after \(bytes.count - place) bytes")
      }
      let (length, type) = (word(place), bytes[place + 4..<place + 8])
      guard type.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
        throw bad(place + 4, "four letters that name a chunk", "\(Array(type))")
      }
      let letters = String(decoding: type, as: UTF8.self)
      guard length <= bytes.count - place - 12 else {
        throw bad(
          place, "the \(length) bytes of the chunk \(letters) and its checksum",
          "the end after \(bytes.count - place - 8)")
      }
      let end = place + 12 + length
      let (expected, found) = (word(end - 4), checksum(bytes[place + 4..<end - 4]))
      guard expected == found else {
        throw bad(
          place, "the checksum \(hexadecimal(expected)) of the chunk \(letters)",
          hexadecimal(found))
      }
      // The case of the first letter says whether a chunk is essential.
      if bytes[place + 4] & 0x20 == 0 || letters == "tRNS" {
        if kept < place { for from in place..<end { bytes[kept + from - place] = bytes[from] } }
        kept += end - place
      }
      place = end
      if letters == "IEND" { break }
    }
    bytes.removeSubrange(kept...)
  }

  private static func hexadecimal(_ word: Int) -> String {
    let digits = String(word, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
