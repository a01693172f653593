import CZip
import Foundation
import Tensors

/// A zip archive, opened for reading; one thread at a time.
final class ZipArchive {
  /// The path as error messages name it.
  let name: String
  /// The most bytes that may be unpacked from all of it.
  let limit: Int
  private let archive: OpaquePointer
  private let byteCount: Int

  /// What one member takes in memory before anything of it is unpacked.
  private static let entrySize = 512

  /// Opens the file; throws no input where there is none, bad data where it is no zip archive, or one that unpacks to
  /// more than reading a file of its size may take.
  init(_ file: URL) throws {
    name = file.path
    let input = try InputFile(file)
    byteCount = input.byteCount
    guard try !FileMemory.zipEndClaimsTooMuch(input.end(FileMemory.zipEndSize)) else {
      throw AdjointError(
        .badData, "\(name): expected at most 65535 members, found an end that claims more")
    }
    var code: Int32 = 0
    guard let archive = zip_open(name, ZIP_RDONLY, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw AdjointError(
        .badData,
        "\(name): cannot be opened as a zip archive: \(String(cString: zip_error_strerror(&error)))"
      )
    }
    self.archive = archive
    let count = Int(zip_get_num_entries(archive, 0))
    limit = FileMemory.limit(forFileOf: byteCount) - count * Self.entrySize
    let claimed = (0..<max(count, 0)).reduce(0.0) { sum, index in
      var status = zip_stat_t()
      guard zip_stat_index(archive, UInt64(index), 0, &status) == 0 else { return sum }
      return sum + Double(min(status.size, most(status)))
    }
    guard claimed <= Double(limit) else {
      throw AdjointError(
        .badData,
        "\(name): expected at most \(limit) bytes unpacked from \(byteCount), found members of "
          + "\(UInt64(claimed)); store them unpacked")
    }
  }

  deinit { zip_discard(archive) }

  /// The most bytes that a member's packed ones can make.
  private func most(_ status: zip_stat_t) -> UInt64 {
    // The sizes are what the archive's directory says, whatever there is: DEFLATE makes at most 1,032
    // bytes of one (RFC 1951: 258 bytes from two codes of one bit each).
    let packed = min(status.comp_size, UInt64(byteCount))
    return status.comp_method == UInt16(ZIP_CM_STORE) ? packed : packed * 1032
  }

  /// The names of what it holds, in its order.
  var members: [String] {
    (0..<max(zip_get_num_entries(archive, 0), 0)).compactMap { index in
      zip_get_name(archive, UInt64(index), 0).map { String(cString: $0) }
    }
  }

  /// Begins to unpack a member; nil where there is none of that name.
  ///
  /// Throws bad data where it cannot be unpacked, or claims a size that its packed bytes cannot make.
  func open(_ member: String) throws -> ZipMember? {
    let index = zip_name_locate(archive, member, 0)
    guard index >= 0 else { return nil }
    let place = "\(name): \(member)"
    var status = zip_stat_t()
    guard zip_stat_index(archive, UInt64(index), 0, &status) == 0 else {
      throw AdjointError(.badData, "\(place): cannot be unpacked: \(reason)")
    }
    guard [UInt16(ZIP_CM_STORE), UInt16(ZIP_CM_DEFLATE)].contains(status.comp_method) else {
      throw AdjointError(
        .badData,
        "\(place): expected a stored or deflated member, found compression method "
          + "\(status.comp_method)")
    }
    guard status.size <= most(status) else {
      throw AdjointError(
        .badData,
        "\(place): expected at most \(most(status)) bytes from "
          + "\(min(status.comp_size, UInt64(byteCount))) packed ones, found a size of \(status.size)"
      )
    }
    guard let stream = zip_fopen_index(archive, UInt64(index), 0) else {
      throw AdjointError(.badData, "\(place): cannot be unpacked: \(reason)")
    }
    return ZipMember(place, stream, byteCount: Int(status.size), of: self)
  }

  private var reason: String { String(cString: zip_strerror(archive)) }
}

/// A member of an archive, unpacked front to back.
final class ZipMember {
  /// The archive's path and the member's name, as error messages have them.
  let name: String
  /// Bytes unpacked, as the archive's directory has it.
  let byteCount: Int
  /// How many bytes were handed out so far.
  private(set) var offset = 0
  private let stream: OpaquePointer
  private let archive: ZipArchive

  fileprivate init(
    _ name: String, _ stream: OpaquePointer, byteCount: Int, of archive: ZipArchive
  ) {
    self.name = name
    self.stream = stream
    self.byteCount = byteCount
    self.archive = archive
  }

  deinit { zip_fclose(stream) }

  /// The next `count` bytes, or fewer where the member ends before.
  ///
  /// They are unpacked into the array they are returned in: memory that nothing was unpacked to is
  /// not touched. Throws bad data where the packed stream is damaged.
  func read(_ count: Int) throws -> [UInt8] {
    let wanted = min(count, byteCount - offset)
    let bytes = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let got = zip_fread(
          stream, buffer.baseAddress! + filled, UInt64(min(wanted - filled, 1 << 24)))
        guard got >= 0 else { throw damage(at: offset + filled) }
        if got == 0 { break }
        filled += Int(got)
      }
    }
    offset += bytes.count
    return bytes
  }

  /// Makes sure that the member ends here, and that its checksum is right.
  func finish() throws {
    var extra: UInt8 = 0
    let got = zip_fread(stream, &extra, 1)
    guard got >= 0 else { throw damage(at: offset) }
    guard got == 0 else {
      throw AdjointError(
        .badData, "\(name): offset \(offset): expected the end of the member, found more")
    }
  }

  private func damage(at place: Int) -> AdjointError {
    AdjointError(
      .badData,
      "\(name): offset \(place): cannot be unpacked: \(String(cString: zip_file_strerror(stream)))")
  }
}
