import CZip
import Tensors

extension ZipArchive {
  /// Writes an archive with the members deflated; it appears whole or not at all, and the same members
  /// make the same bytes.
  ///
  /// Throws cannot write where the folder takes no file.
  package static func write(_ members: [(name: String, bytes: [UInt8])], to path: String) throws {
    func failure(_ reason: String) -> AdjointError {
      AdjointError(.cannotWrite, "\(path): cannot be written: \(reason)")
    }
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
      throw failure(zipReason(code))
    }
    func reason() -> String { String(cString: zip_strerror(archive)) }
    // The archive reads the bytes when it is closed, so each member stays in place until then.
    func add(_ rest: ArraySlice<(name: String, bytes: [UInt8])>) throws {
      guard let member = rest.first else {
        guard zip_close(archive) == 0 else { throw failure(reason()) }
        return
      }
      try member.bytes.withUnsafeBytes { bytes in
        guard let source = zip_source_buffer(archive, bytes.baseAddress, UInt64(bytes.count), 0)
        else { throw failure(reason()) }
        let index = zip_file_add(archive, member.name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
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
