import Archives
import Foundation
import Tensors

extension NPZ {
  /// An array to be written: its name without `.npy`, and the whole of the member, header first.
  struct Member {
    let name: String
    let contents: [UInt8]

    /// A member as it stands.
    init(_ name: String, raw contents: [UInt8]) {
      self.name = name
      self.contents = contents
    }

    /// An array of unsigned bytes.
    init(_ name: String, shape: [Int], bytes: [UInt8]) {
      self.init(name, raw: NPYHeader.encode(type: "|u1", shape: shape) + bytes)
    }

    /// An array of unsigned bytes that are made in place, after the header; `make` appends them.
    init(_ name: String, shape: [Int], making make: (inout [UInt8]) throws -> Void) rethrows {
      self.name = name
      var contents = NPYHeader.encode(type: "|u1", shape: shape)
      let count = contents.count + shape.reduce(1, *)
      contents.reserveCapacity(count)
      try make(&contents)
      require(
        contents.count == count, "NPZ.Member(\(name)): \(contents.count) bytes for \(count)")
      self.contents = contents
    }

    /// An array of 64-bit whole numbers.
    init(_ name: String, shape: [Int], integers: [Int64]) {
      self.name = name
      contents =
        NPYHeader.encode(type: "<i8", shape: shape)
        + integers.flatMap { value in
          (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
        }
    }
  }

  /// Writes an archive with the members deflated; it appears whole or not at all, and the same members
  /// make the same bytes.
  ///
  /// Throws disk full or cannot write.
  static func write(_ members: [Member], to file: URL) throws {
    let part = try PartFile(for: file)
    defer { part.close() }
    try ZipArchive.write(
      members.map { ($0.name + Self.suffix, $0.contents) }, to: part.descriptor, shownAs: file.path)
    try part.putInPlace()
  }
}
