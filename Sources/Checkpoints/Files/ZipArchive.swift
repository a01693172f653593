import CZip
import Foundation
import Tensors

/// A zip file that is open for reading; members are stored or deflated, and their checksums are verified.
final class ZipArchive {
  /// A member as the archive's directory has it.
  struct Member {
    let index: UInt64
    /// Bytes when unpacked.
    let byteCount: Int
    /// Bytes in the file.
    let packedCount: Int
  }

  /// The path as errors name it.
  let name: String
  /// By their whole names.
  let members: [String: Member]
  private let handle: OpaquePointer

  /// Deflate makes at most this of a byte: 258 bytes out of two bits.
  private static let largestExpansion = 1032
  /// What one member takes in memory before anything of it is unpacked.
  private static let entrySize = 512

  /// Opens a file; throws bad data where it is no zip file, or one whose directory cannot be true.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - size: its bytes.
  init(_ path: String, size: Int) throws {
    var code: Int32 = 0
    guard let handle = zip_open(path, ZIP_RDONLY, &code) else {
      throw AdjointError(
        .badData, "\(path): expected a zip file: it cannot be opened: \(ZipArchive.text(code))")
    }
    do {
      members = try ZipArchive.directory(handle, path, size: size)
    } catch {
      zip_discard(handle)
      throw error
    }
    name = path
    self.handle = handle
  }

  deinit { zip_discard(handle) }

  private static func directory(
    _ handle: OpaquePointer, _ path: String, size: Int
  ) throws -> [String: Member] {
    let count = UInt64(max(zip_get_num_entries(handle, 0), 0))
    let limit = FileMemory.limit(forFileOf: size) - Int(count) * entrySize
    var unpacked = 0.0
    var members: [String: Member] = [:]
    members.reserveCapacity(Int(count))
    for index in 0..<count {
      var status = zip_stat_t()
      let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)
      guard zip_stat_index(handle, index, zip_flags_t(ZIP_FL_ENC_RAW), &status) == 0,
        status.valid & needed == needed, let text = status.name,
        let name = String(validatingCString: text), let byteCount = Int(exactly: status.size),
        let packedCount = Int(exactly: status.comp_size)
      else {
        throw AdjointError(
          .badData, "\(path): member \(index): expected a name in UTF-8 and its sizes, found others"
        )
      }
      let most = min(packedCount, size) * largestExpansion
      guard byteCount <= most else {
        throw AdjointError(
          .badData,
          "\(path): member \(JSONText.shown(name)): expected at most \(most) bytes, which "
            + "\(min(packedCount, size)) packed ones can give, found a size of \(byteCount)")
      }
      unpacked += Double(byteCount)
      let member = Member(index: index, byteCount: byteCount, packedCount: packedCount)
      guard members.updateValue(member, forKey: name) == nil else {
        throw AdjointError(
          .badData, "\(path): expected each member once, found \(JSONText.shown(name)) twice")
      }
    }
    guard unpacked <= Double(limit) else {
      throw AdjointError(
        .badData,
        "\(path): expected at most \(limit) bytes unpacked from \(size), found members of "
          + "\(UInt64(unpacked)); store them unpacked")
    }
    return members
  }

  /// All bytes of a member; memory grows with what is there.
  func read(_ member: Member, named shown: String) throws -> [UInt8] {
    guard let file = zip_fopen_index(handle, member.index, 0) else {
      throw AdjointError(
        .badData, "\(name): \(shown): cannot be opened: \(String(cString: zip_strerror(handle)))")
    }
    defer { zip_fclose(file) }
    func unpack(_ buffer: UnsafeMutableBufferPointer<UInt8>, _ filled: inout Int) throws {
      // The checksum is compared when the end is met, so it is read up to there.
      while filled < buffer.count {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
        let got = zip_fread(file, rest.baseAddress, UInt64(min(rest.count, 1 << 24)))
        guard got >= 0 else {
          throw AdjointError(
            .badData,
            "\(name): \(shown): byte \(filled): cannot be unpacked: "
              + String(cString: zip_file_strerror(file)))
        }
        if got == 0 { return }
        filled += Int(got)
      }
    }
    // One more than there should be. What nothing is unpacked to is not touched.
    let bytes = try [UInt8](
      unsafeUninitializedCapacity: member.byteCount + 1,
      initializingWith: { buffer, filled in
        try unpack(.init(rebasing: buffer[...member.byteCount]), &filled)
      })
    guard bytes.count == member.byteCount else {
      throw AdjointError(
        .badData,
        "\(name): \(shown): expected \(member.byteCount) bytes, found "
          + (bytes.count > member.byteCount ? "more" : "\(bytes.count)"))
    }
    return bytes
  }

  private static func text(_ code: Int32) -> String {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return String(cString: zip_error_strerror(&error))
  }
}
