import Tensors

/// The last records of a zip file: where its directory is, and how much is in it.
enum ZipEnd {
  /// A file's last bytes in which they are: a 64-bit end, its locator, the 32-bit end and the longest comment.
  static let byteCount = 56 + 20 + 22 + 65_535
  /// More members than a small file should have to list are refused.
  static let mostMembers = 65_535
  /// Bytes of the shortest entry of a directory.
  private static let shortestEntry: UInt64 = 46

  /// Refuses archives that libzip must not be asked to open: it reads the directory of every end record that it finds,
  /// even inside a comment, and takes some hundred bytes for each member before anyone asks for one.
  ///
  /// A 32-bit end may lead to more members than it counts: libzip goes on to the end of the directory, since there are
  /// writers who let the count begin again at 65,536. So its size decides, with the shortest entries; all ends together
  /// may have as many as memory allows for a file of that size.
  ///
  /// Source: PKWARE, "APPNOTE", 4.3.14 to 4.3.16.
  ///
  /// - Parameters:
  ///   - end: the last bytes of a file, `byteCount` of them or all.
  ///   - fileSize: how many it has in all.
  ///   - read: gives the bytes of the file in a range.
  /// - Returns: what was expected and what was found, or nil where nothing is wrong.
  static func fault(
    in end: [UInt8], fileSize: Int, read: (Range<Int>) throws -> [UInt8]
  ) rethrows -> String? {
    func number(_ place: Int, _ size: Int, in bytes: [UInt8]) -> UInt64 {
      bytes[place..<(place + size)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    func number(_ place: Int, _ size: Int) -> UInt64 { number(place, size, in: end) }
    let first = fileSize - end.count
    let most = FileMemory.limit(forFileOf: fileSize) / ZipArchive.entrySize
    var entries = 0
    for place in end.indices
    where end[place] == 0x50 && place + 22 <= end.count
      && end[place...].starts(with: [0x50, 0x4B, 5, 6])
    {
      // A locator of 20 bytes before the last record, and a record of 56: right before it, and where it leads to.
      let locator = place - 20
      if locator >= 0, end[locator...].starts(with: [0x50, 0x4B, 6, 7]) {
        let before = first + locator - 56
        guard before >= 0 else { continue }
        for start in Set([UInt64(before), number(locator + 8, 8)]) where start <= UInt64(before) {
          let record = try read(Int(start)..<Int(start) + 56)
          // Where there is none, as for an archive within this one, libzip passes over the end too.
          guard record.starts(with: [0x50, 0x4B, 6, 6]) else { continue }
          let count = number(32, 8, in: record)
          guard count <= mostMembers else {
            return "expected at most \(mostMembers) members, found an end that claims more"
          }
          entries += Int(count)
        }
      } else if number(place + 4, 4) == 0, number(place + 8, 2) == number(place + 10, 2) {
        // Bytes that only look like an end, as in a picture, name another disk or a directory behind them; libzip
        // passes over them too.
        let (size, start) = (number(place + 12, 4), number(place + 16, 4))
        guard start + size <= UInt64(first + place) else { continue }
        entries += Int(max(number(place + 10, 2), size / shortestEntry))
      }
      guard entries <= most else {
        return
          "offset \(first + place): expected at most \(most) members in the directories of all "
          + "ends, found room for more"
      }
    }
    return nil
  }
}
