import Foundation
import Tensors

/// A tar archive, packed with gzip or not, read front to back.
///
/// Source: IEEE Std 1003.1 (POSIX), `pax`, "ustar Interchange Format"; entries other than plain files
/// are passed over.
struct TarArchive {
  private static let blockSize = 512
  private let file: URL

  /// The archive in that file, which is opened when it is unpacked.
  init(_ file: URL) { self.file = file }

  /// Writes the members to a folder, each as `PartFile` has it, and gives them their names when the archive was read to
  /// its end, where the checksum of a packed one is.
  ///
  /// Throws no input where the archive cannot be opened; bad data, naming the offset in the unpacked
  /// archive, where it is damaged or cut short, or where it lacks a member or has one of another size;
  /// disk full or cannot write where the folder takes no files; what `check` throws, which is asked before each entry.
  func unpack(
    _ archive: DataSource.Archive, into folder: URL, asking check: () throws -> Void = {}
  ) throws {
    let reader = try GzipReader(file)
    var missing = archive.members
    var parts: [PartFile] = []
    defer { for part in parts { part.close() } }
    while !missing.isEmpty {
      try check()
      guard let entry = try nextEntry(reader) else {
        throw AdjointError(
          .badData,
          "\(reader.name): expected \(missing.map(\.name).joined(separator: ", ")) in "
            + "\(archive.folder)/, found the end of the archive")
      }
      let position = missing.firstIndex { entry.name == "\(archive.folder)/\($0.name)" }
      guard let position, entry.isPlainFile else {
        try skip(entry.padded, reader)
        continue
      }
      let member = missing.remove(at: position)
      guard entry.byteCount == member.byteCount else {
        throw AdjointError(
          .badData,
          "\(reader.name): \(entry.name): expected \(member.byteCount) bytes, found \(entry.byteCount)"
        )
      }
      let bytes = try read(entry.padded, reader)
      let part = try PartFile(for: folder.appendingPathComponent(member.name))
      parts.append(part)
      try part.write(bytes.prefix(entry.byteCount))
    }
    while try !reader.isAtEnd() { _ = try reader.read(1 << 20) }
    for part in parts { try part.putInPlace() }
  }

  /// What a header says.
  private struct Entry {
    let name: String
    let byteCount: Int
    let isPlainFile: Bool

    /// Bytes up to the next header.
    var padded: Int {
      (byteCount + TarArchive.blockSize - 1) / TarArchive.blockSize * TarArchive.blockSize
    }
  }

  /// The next header, or nil at the end, which is a block of zeros.
  private func nextEntry(_ reader: GzipReader) throws -> Entry? {
    let offset = reader.offset
    let header = try read(Self.blockSize, reader)
    if header.allSatisfy({ $0 == 0 }) { return nil }
    func damage(_ expected: String) -> AdjointError {
      AdjointError(
        .badData, "\(reader.name): offset \(offset): expected \(expected), found something else")
    }
    // The checksum is that of the header with spaces in its own place.
    let sum = header.enumerated().reduce(0) { sum, byte in
      sum + ((148..<156).contains(byte.offset) ? 32 : Int(byte.element))
    }
    guard octal(header[148..<156]) == sum else { throw damage("the header of a tar archive") }
    guard let byteCount = octal(header[124..<136]) else { throw damage("a size in octal digits") }
    let (name, prefix) = (text(header[..<100]), text(header[345..<500]))
    let isUstar = text(header[257..<262]) == "ustar"
    return Entry(
      name: isUstar && !prefix.isEmpty ? "\(prefix)/\(name)" : name, byteCount: byteCount,
      isPlainFile: header[156] == UInt8(ascii: "0") || header[156] == 0)
  }

  private func read(_ count: Int, _ reader: GzipReader) throws -> [UInt8] {
    let offset = reader.offset
    let bytes = try reader.read(count)
    guard bytes.count == count else {
      throw AdjointError(
        .badData,
        "\(reader.name): offset \(offset): expected \(count) bytes, found \(bytes.count)")
    }
    return bytes
  }

  private func skip(_ count: Int, _ reader: GzipReader) throws {
    var left = count
    while left > 0 {
      let piece = min(left, 1 << 20)
      _ = try read(piece, reader)
      left -= piece
    }
  }

  private func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = text(field).trimmingCharacters(in: .whitespaces)
    guard digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return Int(digits, radix: 8)
  }
}

extension DataSource.Archive {
  /// Whether all members are in the folder and of their size; of their bytes no checksum is published.
  func isUnpacked(in folder: URL) -> Bool {
    members.allSatisfy { member in
      let place = folder.appendingPathComponent(member.name).path
      let attributes = try? FileManager.default.attributesOfItem(atPath: place)
      return (attributes?[.size] as? NSNumber)?.intValue == member.byteCount
    }
  }
}
