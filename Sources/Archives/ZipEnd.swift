/// The last records of a zip file: where its directory is, and how much is in it.
package enum ZipEnd {
  /// A file's last bytes in which they are: a 64-bit end, its locator, the 32-bit end and the longest comment.
  package static let byteCount = 56 + 20 + 22 + 65_535

  /// Whether they promise more members than a small file should have to list: a reader takes some hundred bytes for
  /// each, before anyone asks for one.
  ///
  /// Only the records of 64-bit files can promise more than 65,535 (PKWARE, "APPNOTE", 4.3.14).
  ///
  /// - Parameter end: the last bytes of a file.
  static func claimsTooMuch(_ end: [UInt8]) -> Bool {
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
