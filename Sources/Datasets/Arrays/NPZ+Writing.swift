import CZip
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
  /// Throws cannot write where the folder takes no file.
  static func write(_ members: [Member], to file: URL) throws {
    func failure(_ reason: String) -> AdjointError {
      AdjointError(.cannotWrite, "\(file.path): cannot be written: \(reason)")
    }
    var code: Int32 = 0
    guard let archive = zip_open(file.path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw failure(String(cString: zip_error_strerror(&error)))
    }
    func reason() -> String { String(cString: zip_strerror(archive)) }
    // The archive reads the bytes when it is closed, so each member stays in place until then.
    func add(_ rest: ArraySlice<Member>) throws {
      guard let member = rest.first else {
        guard zip_close(archive) == 0 else { throw failure(reason()) }
        return
      }
      try member.contents.withUnsafeBytes { bytes in
        guard let source = zip_source_buffer(archive, bytes.baseAddress, UInt64(bytes.count), 0)
        else { throw failure(reason()) }
        let index = zip_file_add(
          archive, member.name + ".npy", source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
          zip_source_free(source)
          throw failure(reason())
        }
        // 1 January 1980, the first day there is, so that the bytes do not tell the time.
        zip_set_file_compression(archive, UInt64(index), ZIP_CM_DEFLATE, 6)
        zip_file_set_dostime(archive, UInt64(index), 0, 1 << 5 | 1, 0)
        try add(rest.dropFirst())
      }
    }
    do { try add(members[...]) } catch {
      zip_discard(archive)
      throw error
    }
  }
}
