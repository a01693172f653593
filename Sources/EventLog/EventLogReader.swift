import Foundation

/// Reads an event file back, record by record, checksums verified.
///
/// A file that another process is writing, or that a crash cut short, can be read up to its last whole record: call
/// ``next()`` until it throws.
public struct EventLogReader {
  /// One record: where its frame begins in the file, and the data inside.
  public struct Record: Equatable, Sendable {
    /// Bytes from the start of the file.
    public let offset: Int
    /// The encoded event.
    public let payload: [UInt8]
  }

  /// The event file.
  public let path: String

  private let bytes: Data
  private var offset = 0

  /// Opens a file.
  ///
  /// - Throws: ``EventLogError`` where it cannot be read.
  public init(file: URL) throws {
    path = file.path
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw EventLogError(path: path, systemError: errno, while: "read the file")
    }
    var status = stat()
    guard fstat(descriptor, &status) != 0 || [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    else {
      Foundation.close(descriptor)
      throw EventLogError(path: path, offset: 0, damage: "expected a file, found a device")
    }
    do {
      bytes = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readToEnd() ?? Data()
    } catch {
      let system = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
      throw EventLogError(
        path: path, systemError: system.domain == NSPOSIXErrorDomain ? Int32(system.code) : EIO,
        while: "read the file")
    }
  }

  /// The next record, or `nil` at the end of the file.
  ///
  /// - Throws: ``EventLogError`` naming the file and the record's offset where it is damaged or cut short.
  public mutating func next() throws(EventLogError) -> Record? {
    let left = bytes.count - offset
    guard left > 0 else { return nil }
    guard left >= RecordFraming.headerSize else {
      throw damage("a record's header takes 12 bytes, and the file ends after \(left)")
    }
    let length = [UInt8](slice(0, 8))
    try verify(length, against: slice(8, 4), of: "the record's length")
    let count = RecordFraming.integer(UInt64.self, from: length)
    let whole = count.addingReportingOverflow(16)
    guard !whole.overflow, whole.partialValue <= UInt64(left) else {
      throw damage(
        "a record of \(count) bytes needs \(count) + 16 bytes, and the file ends after \(left)")
    }
    let payload = [UInt8](slice(RecordFraming.headerSize, Int(count)))
    try verify(
      payload, against: slice(RecordFraming.headerSize + Int(count), 4), of: "the record's data")
    defer { offset += Int(whole.partialValue) }
    return Record(offset: offset, payload: payload)
  }

  /// All records that are left.
  ///
  /// - Throws: ``EventLogError`` as ``next()`` does.
  public mutating func records() throws(EventLogError) -> [Record] {
    var records: [Record] = []
    while let record = try next() { records.append(record) }
    return records
  }

  /// All events that are left.
  ///
  /// - Throws: ``EventLogError`` as ``next()`` does, and where a record holds no event.
  public mutating func events() throws(EventLogError) -> [Event] {
    var events: [Event] = []
    while let record = try next() {
      do {
        events.append(try Event(decoding: record.payload[...]))
      } catch {
        throw EventLogError(
          path: path, offset: record.offset + RecordFraming.headerSize + error.position,
          damage: "not an event: \(error.reason)")
      }
    }
    return events
  }

  private func slice(_ start: Int, _ count: Int) -> Data {
    bytes[(offset + start)..<(offset + start + count)]
  }

  private func verify(
    _ content: [UInt8], against stored: Data, of what: String
  ) throws(EventLogError) {
    let expected = RecordFraming.integer(UInt32.self, from: stored)
    let found = CRC32C.masked(content)
    guard expected == found else {
      throw damage("\(what) is damaged: checksum \(hex(expected)) stored, \(hex(found)) computed")
    }
  }

  private func damage(_ reason: String) -> EventLogError {
    EventLogError(path: path, offset: offset, damage: reason)
  }

  private func hex(_ value: UInt32) -> String { String(format: "0x%08x", value) }
}
