/// How much memory reading a file may take: four times its size and 64 MB.
///
/// A file that asks for more is packed, or made, to exhaust whoever reads it.
package enum FileMemory {
  /// What a reader itself takes, buffers and tables.
  private static let ownShare = 4_000_000

  /// The most bytes that may come out of a file of so many.
  package static func limit(forFileOf byteCount: Int) -> Int {
    let (bytes, overflow) = byteCount.multipliedReportingOverflow(by: 4)
    return overflow ? Int.max / 2 : min(bytes, Int.max / 2) + 64_000_000 - ownShare
  }

  /// The bytes at the end of a zip file in which its last records are.
  package static let zipEndSize = 20 + 56 + 22 + 65_535

  /// Whether the last bytes of a zip file promise more members than a small file should have to list: a reader takes
  /// some hundred bytes for each, before anyone asks for one.
  ///
  /// Only the records of 64-bit files can promise more than 65,535 (PKWARE, "APPNOTE", 4.3.14).
  package static func zipEndClaimsTooMuch(_ end: [UInt8]) -> Bool {
    end.indices.contains { place in
      // A locator of 20 bytes before the last record, and the record it leads to before that.
      let (locator, record) = (place - 20, place - 76)
      guard end[place] == 0x50, end[place...].starts(with: [0x50, 0x4B, 5, 6]), locator >= 0,
        end[locator...].starts(with: [0x50, 0x4B, 6, 7])
      else { return false }
      guard record >= 0, end[record...].starts(with: [0x50, 0x4B, 6, 6]) else { return true }
      return end[(record + 32)..<(record + 40)].reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      } > 65_535
    }
  }
}
