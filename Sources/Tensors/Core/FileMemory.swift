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
}
