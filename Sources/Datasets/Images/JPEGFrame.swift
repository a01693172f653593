/// What a JPEG file's markers say of how it is decoded.
///
/// Source: ITU-T T.81, annex B.
struct JPEGFrame {
  /// What the decoder keeps beside the pixels: each coefficient, in two bytes, of a picture that comes in several
  /// scans.
  let coefficientBytes: Int

  /// Reads the markers up to the first scan; whatever the decoder will refuse counts nothing here.
  init(_ bytes: [UInt8]) {
    var place = 2
    var frame: Frame?
    var isInScans = false
    func word(_ at: Int) -> Int {
      at + 1 < bytes.count ? Int(bytes[at]) << 8 | Int(bytes[at + 1]) : 0
    }
    while let marker = JPEGFrame.nextMarker(bytes, &place) {
      if marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }
      switch marker {
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
        frame = Frame(bytes, at: place, isProgressive: [0xC2, 0xC6, 0xCA, 0xCE].contains(marker))
      case 0xDA:
        guard let frame, place + 2 < bytes.count else { break }
        isInScans = frame.isProgressive || Int(bytes[place + 2]) < frame.blocks.count
      default: break
      }
      if marker == 0xDA || marker == 0xD9 { break }
      place += max(word(place), 2)
    }
    let blocks = frame?.blocks.reduce(0, +) ?? 0
    coefficientBytes = isInScans ? blocks * 64 * 2 : 0
  }

  /// The next marker and the place after it; what lies before is passed over, as the decoder does.
  private static func nextMarker(_ bytes: [UInt8], _ place: inout Int) -> UInt8? {
    while place < bytes.count {
      guard bytes[place] == 0xFF else {
        place += 1
        continue
      }
      while place < bytes.count, bytes[place] == 0xFF { place += 1 }
      guard place < bytes.count else { return nil }
      place += 1
      if bytes[place - 1] != 0 { return bytes[place - 1] }
    }
    return nil
  }

  private struct Frame {
    let isProgressive: Bool
    /// Blocks of 8 × 8 of each component.
    let blocks: [Int]

    /// The header of a frame; none where it is not there in full.
    init?(_ bytes: [UInt8], at place: Int, isProgressive: Bool) {
      guard place + 7 < bytes.count else { return nil }
      let height = Int(bytes[place + 3]) << 8 | Int(bytes[place + 4])
      let width = Int(bytes[place + 5]) << 8 | Int(bytes[place + 6])
      let count = Int(bytes[place + 7])
      guard place + 8 + 3 * count <= bytes.count else { return nil }
      let factors = (0..<count).map { component in
        let factor = Int(bytes[place + 9 + 3 * component])
        return (across: max(factor >> 4, 1), down: max(factor & 15, 1))
      }
      let across = factors.map(\.across).max() ?? 1
      let down = factors.map(\.down).max() ?? 1
      // In units that hold a whole number of blocks of each component.
      let units =
        ((width + 8 * across - 1) / (8 * across)) * ((height + 8 * down - 1) / (8 * down))
      blocks = factors.map { units * $0.across * $0.down }
      self.isProgressive = isProgressive
    }
  }
}
