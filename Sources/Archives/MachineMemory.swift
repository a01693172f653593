import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The memory of this machine: what is larger ends the program without a word when it is asked for.
package enum MachineMemory {
  /// Its size in bytes.
  package static let byteCount =
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))

  /// Throws bad data where what is read does not fit into it.
  ///
  /// - Parameters:
  ///   - needed: how many bytes it takes; a product of what files say may be more than an `Int` holds.
  ///   - what: what they are, as the message calls them.
  ///   - place: where they come from.
  ///   - cure: what to do about it, after a semicolon; nothing where nothing helps.
  package static func check(
    _ needed: Double, for what: String, in place: String, cure: String = ""
  ) throws {
    guard needed < Double(byteCount) else {
      throw AdjointError(
        .badData,
        "\(place): expected \(what) that fit into the \(byteCount) bytes of memory, found "
          + "\(UInt64(min(needed, 0x1p63)))\(cure)")
    }
  }
}
