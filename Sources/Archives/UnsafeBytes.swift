// The one file of this module that touches addresses.

extension [UInt8] {
  /// Bytes that are written into memory that nothing was written to before, so that what is not filled is not touched.
  ///
  /// - Parameters:
  ///   - count: how many there is room for.
  ///   - fill: writes the first of them and returns how many.
  package init(
    roomFor count: Int, _ fill: (_ room: inout MutableRawSpan) throws -> Int
  ) rethrows {
    try self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      // There may be more room than was asked for.
      let bytes = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
      var room = bytes.mutableBytes
      filled = try fill(&room)
    }
  }
}
