import Tensors

/// The memory that this process may use: what is larger ends it without a word when it is asked for.
package enum MachineMemory {
  /// Its size in bytes: the machine's, lowered by the cgroup's limit.
  package static let byteCount = Memory.limit

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
