import CZip
import Tensors

/// A zip archive, opened for reading; one thread at a time.
package final class ZipArchive {
  /// A member as the archive's directory has it.
  package struct Member: Sendable {
    /// Its whole name.
    package let name: String
    /// Bytes when unpacked.
    package let byteCount: Int
    /// Bytes in the file.
    package let packedCount: Int
    fileprivate let index: UInt64
    fileprivate let method: UInt16
  }

  /// The path as error messages name it.
  package let name: String
  /// What it holds, in its order; no name occurs twice.
  package let members: [Member]
  /// The most bytes that may be unpacked from all of it.
  package let limit: Int
  private let archive: OpaquePointer
  private let byteCount: Int

  /// What one member takes in memory before anything of it is unpacked.
  static let entrySize = 512
  /// DEFLATE makes at most so many bytes of one (RFC 1951: 258 bytes from two codes of one bit each).
  private static let largestExpansion = 1032

  /// Opens the archive that a file is.
  ///
  /// Throws bad data where it is no zip archive, where it has more than 65,535 members or seems to, where its directory
  /// cannot be true or has a name twice, of which readers take one or the other, or where its members unpack to more
  /// than reading a file of its size may take.
  package init(_ file: PlainFile) throws {
    let (path, byteCount) = (file.path, file.byteCount)
    let end = try file.bytes(max(byteCount - ZipEnd.byteCount, 0)..<byteCount)
    let fault = try ZipEnd.fault(in: end, fileSize: byteCount, read: file.bytes)
    if let fault { throw AdjointError(.badData, "\(path): \(fault)") }
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      throw AdjointError(
        .badData, "\(path): cannot be opened as a zip archive: \(zipReason(code))")
    }
    name = path
    self.byteCount = byteCount
    self.archive = archive
    let count = Int(max(zip_get_num_entries(archive, 0), 0))
    limit = FileMemory.limit(forFileOf: byteCount) - count * Self.entrySize
    do {
      guard count <= ZipEnd.mostMembers else {
        throw AdjointError(
          .badData, "\(path): expected at most \(ZipEnd.mostMembers) members, found \(count)")
      }
      members = try (0..<count).map { try ZipArchive.member(UInt64($0), of: archive, path) }
    } catch {
      zip_discard(archive)
      throw error
    }
    var names: Set<String> = []
    if let second = members.first(where: { !names.insert($0.name).inserted }) {
      throw AdjointError(
        .badData, "\(name): expected each member once, found \"\(second.name)\" twice")
    }
    let claimed = members.reduce(0.0) { $0 + Double(min($1.byteCount, most(of: $1))) }
    guard claimed <= Double(limit) else {
      throw AdjointError(
        .badData,
        "\(name): expected at most \(limit) bytes unpacked from \(byteCount), found members of "
          + "\(UInt64(claimed)); store them unpacked")
    }
  }

  deinit { zip_discard(archive) }

  private static func member(
    _ index: UInt64, of archive: OpaquePointer, _ path: String
  ) throws -> Member {
    var status = zip_stat_t()
    let needed = UInt64(
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
    guard zip_stat_index(archive, index, zip_flags_t(ZIP_FL_ENC_RAW), &status) == 0,
      status.valid & needed == needed, let text = status.name,
      let name = String(validatingCString: text), let byteCount = Int(exactly: status.size),
      let packedCount = Int(exactly: status.comp_size)
    else {
      throw AdjointError(
        .badData, "\(path): member \(index): expected a name in UTF-8 and its sizes, found others")
    }
    return Member(
      name: name, byteCount: byteCount, packedCount: packedCount, index: index,
      method: status.comp_method)
  }

  /// The bytes of a member that there can be: its sizes are what the directory says.
  private func packed(_ member: Member) -> Int { min(member.packedCount, byteCount) }

  /// The most bytes that those can make.
  private func most(of member: Member) -> Int {
    member.method == UInt16(ZIP_CM_STORE)
      ? packed(member) : packed(member) * Self.largestExpansion
  }

  /// Begins to unpack a member.
  ///
  /// Throws bad data where it cannot be unpacked, or claims a size that its packed bytes cannot make.
  ///
  /// - Parameters:
  ///   - member: one of `members`.
  ///   - shown: what error messages call it.
  package func open(_ member: Member, as shown: String) throws -> ZipMember {
    let place = "\(name): \(shown)"
    guard [UInt16(ZIP_CM_STORE), UInt16(ZIP_CM_DEFLATE)].contains(member.method) else {
      throw AdjointError(
        .badData,
        "\(place): expected a stored or deflated member, found compression method "
          + "\(member.method)")
    }
    guard member.byteCount <= most(of: member) else {
      throw AdjointError(
        .badData,
        "\(place): expected at most \(most(of: member)) bytes from \(packed(member)) packed ones, "
          + "found a size of \(member.byteCount)")
    }
    guard let stream = zip_fopen_index(archive, member.index, 0) else {
      throw AdjointError(
        .badData, "\(place): cannot be unpacked: \(String(cString: zip_strerror(archive)))")
    }
    return ZipMember(place, stream, byteCount: member.byteCount, of: self)
  }
}

/// A member of an archive, unpacked front to back.
package final class ZipMember {
  /// The archive's path and the member's name, as error messages have them.
  package let name: String
  /// Bytes unpacked, as the archive's directory has it.
  package let byteCount: Int
  /// How many bytes were handed out so far.
  package private(set) var offset = 0
  private let stream: OpaquePointer
  /// Has to be there for as long as the stream.
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
  /// not touched. Throws bad data where the packed stream is damaged, or where they do not fit into the memory.
  package func read(_ count: Int) throws -> [UInt8] {
    let wanted = min(count, byteCount - offset)
    try MachineMemory.check(Double(wanted), for: "bytes", in: name)
    let bytes = try [UInt8](roomFor: wanted) { room in
      var filled = 0
      while filled < wanted {
        let got = room.withUnsafeMutableBytes {
          zip_fread(stream, $0.baseAddress! + filled, UInt64(min(wanted - filled, 1 << 24)))
        }
        guard got >= 0 else { throw damage(at: offset + filled) }
        if got == 0 { break }
        filled += Int(got)
      }
      return filled
    }
    offset += bytes.count
    return bytes
  }

  /// Makes sure that the member ends here, and that its checksum is right.
  package func finish() throws {
    var extra: UInt8 = 0
    let got = zip_fread(stream, &extra, 1)
    guard got >= 0 else { throw damage(at: offset) }
    guard got == 0 else {
      throw AdjointError(
        .badData, "\(name): offset \(offset): expected the end of the member, found more")
    }
  }

  /// All bytes that were not handed out yet; throws bad data where they are not what the directory says.
  package func readToEnd() throws -> [UInt8] {
    let bytes = try read(byteCount - offset)
    guard offset == byteCount else {
      throw AdjointError(.badData, "\(name): expected \(byteCount) bytes, found \(offset)")
    }
    try finish()
    return bytes
  }

  private func damage(at place: Int) -> AdjointError {
    AdjointError(
      .badData,
      "\(name): offset \(place): cannot be unpacked: \(String(cString: zip_file_strerror(stream)))")
  }
}

/// libzip's words for one of its codes.
func zipReason(_ code: Int32) -> String {
  var error = zip_error_t()
  zip_error_init_with_code(&error, code)
  defer { zip_error_fini(&error) }
  return String(cString: zip_error_strerror(&error))
}
