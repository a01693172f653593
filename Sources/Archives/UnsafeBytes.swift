// The one file of this module that touches addresses.

import CZip

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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

/// An open file as libzip writes into it.
final class ZipOutput {
  private let descriptor: Int32
  private var error = zip_error_t()
  /// All that libzip asks of a source it writes to, from `ZIP_SOURCE_OPEN` to `ZIP_SOURCE_REMOVE`.
  private static let supported: Int64 = 1 << Int64(ZIP_SOURCE_REMOVE.rawValue + 1) - 1

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    zip_error_init(&error)
  }

  deinit { zip_error_fini(&error) }

  /// A new source, of which this has to live as long.
  func makeSource(_ error: inout zip_error_t) -> OpaquePointer? {
    let itself = Unmanaged.passUnretained(self).toOpaque()
    return zip_source_function_create(
      { itself, data, count, command in
        guard let itself else { return -1 }
        return Unmanaged<ZipOutput>.fromOpaque(itself).takeUnretainedValue()
          .carryOut(command, data, Int(count))
      }, itself, &error)
  }

  /// What <https://libzip.org/documentation/zip_source_function.html> asks for; negative where it fails.
  private func carryOut(
    _ command: zip_source_cmd, _ data: UnsafeMutableRawPointer?, _ count: Int
  ) -> Int64 {
    switch command {
    case ZIP_SOURCE_SUPPORTS: return Self.supported
    case ZIP_SOURCE_STAT:
      data?.assumingMemoryBound(to: zip_stat_t.self).initialize(to: zip_stat_t())
      return Int64(MemoryLayout<zip_stat_t>.size)
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&error, data, UInt64(count))
    case ZIP_SOURCE_WRITE: return append(UnsafeRawBufferPointer(start: data, count: count))
    case ZIP_SOURCE_TELL_WRITE: return checked(lseek(descriptor, 0, SEEK_CUR), ZIP_ER_TELL)
    case ZIP_SOURCE_SEEK_WRITE:
      guard let place = data?.load(as: zip_source_args_seek_t.self) else { return -1 }
      return checked(lseek(descriptor, off_t(place.offset), place.whence), ZIP_ER_SEEK)
    default: return 0
    }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) -> Int64 {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        return checked(-1, ZIP_ER_WRITE)
      }
    }
    return Int64(written)
  }

  private func checked(_ result: off_t, _ reason: Int32) -> Int64 {
    if result < 0 { zip_error_set(&error, reason, errno) }
    return Int64(result)
  }
}
