import CZip
import Tensors

extension ZipArchive {
  /// Writes an archive with the members deflated into a file that is open for writing, and empty; the same members
  /// make the same bytes.
  ///
  /// Throws disk full or cannot write, with the path.
  package static func write(
    _ members: [(name: String, bytes: [UInt8])], to descriptor: Int32, shownAs path: String
  ) throws {
    let output = ZipOutput(descriptor)
    try withExtendedLifetime(output) { try write(members, to: output, path) }
  }

  private static func write(
    _ members: [(name: String, bytes: [UInt8])], to output: ZipOutput, _ path: String
  ) throws {
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let file = output.makeSource(&error) else { throw writeFailure(&error, path) }
    guard let archive = zip_open_from_source(file, ZIP_CREATE | ZIP_TRUNCATE, &error) else {
      zip_source_free(file)
      throw writeFailure(&error, path)
    }
    func failure() -> AdjointError { writeFailure(&zip_get_error(archive).pointee, path) }
    // The archive reads the bytes when it is closed, so each member stays in place until then.
    func add(_ rest: ArraySlice<(name: String, bytes: [UInt8])>) throws {
      guard let member = rest.first else {
        guard zip_close(archive) == 0 else { throw failure() }
        return
      }
      try member.bytes.withUnsafeBytes { bytes in
        guard let source = zip_source_buffer(archive, bytes.baseAddress, UInt64(bytes.count), 0)
        else { throw failure() }
        let index = zip_file_add(archive, member.name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
          zip_source_free(source)
          throw failure()
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

  private static func writeFailure(_ error: inout zip_error_t, _ path: String) -> AdjointError {
    let isTheSystems = zip_error_system_type(&error) == ZIP_ET_SYS
    return AdjointError(
      isTheSystems ? .init(writeFailure: zip_error_code_system(&error)) : .cannotWrite,
      "\(path): cannot be written: \(String(cString: zip_error_strerror(&error)))")
  }
}
