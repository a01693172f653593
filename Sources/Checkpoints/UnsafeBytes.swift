// The one file of this module that touches addresses: bytes between files, tensors and digests.

import Archives
import Foundation
import Tensors

/// A file that is open for writing; its calls throw ``CallFailure``.
final class OpenFile {
  private let path: String
  private var descriptor: Int32

  /// A write beyond a limit on file sizes shall be an error that names the file, not a signal that kills.
  private static let sizeSignalIsIgnored: Bool = {
    let previous = signal(SIGXFSZ, SIG_IGN)
    if previous != nil { signal(SIGXFSZ, previous) }
    return previous == nil
  }()

  /// A new file for writing; fails where the name is taken.
  init(creating path: String) throws {
    _ = OpenFile.sizeSignalIsIgnored
    try FileOperations.announce(.create, path)
    self.path = path
    descriptor = try call { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
  }

  /// A file that is written at its end, made where it is not there.
  init(appendingTo path: String) throws {
    _ = OpenFile.sizeSignalIsIgnored
    try FileOperations.announce(.create, path)
    self.path = path
    descriptor = try call { open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666) }
  }

  deinit {
    if descriptor >= 0 { _ = Foundation.close(descriptor) }
  }

  func status() throws -> Disk.Status {
    var found = stat()
    try call { fstat(descriptor, &found) }
    return Disk.Status(found)
  }

  /// Writes everything; `written` counts what the system took, also where it then fails.
  func write(_ bytes: UnsafeRawBufferPointer, counting written: inout Int) throws {
    let longest = FileOperations.interference?.longestWrite ?? FileOperations.longestWrite
    var rest = bytes[...]
    while !rest.isEmpty {
      try FileOperations.announce(.write, path)
      let count = min(rest.count, longest)
      let taken = try call {
        Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, count)
      }
      guard taken > 0 else { throw CallFailure(code: EIO) }
      written += taken
      rest = rest.dropFirst(taken)
    }
  }

  /// Writes everything; see above.
  func write(_ bytes: [UInt8], counting written: inout Int) throws {
    try bytes.withUnsafeBytes { try write($0, counting: &written) }
  }

  /// The byte at a place, or nil where the file ends before; only of a file that is written at its end.
  func byte(at offset: Int) throws -> UInt8? {
    var byte: UInt8 = 0
    return try call { pread(descriptor, &byte, 1, off_t(offset)) } == 1 ? byte : nil
  }

  func truncate(to byteCount: Int) throws {
    try FileOperations.announce(.truncate, path)
    try call { ftruncate(descriptor, off_t(byteCount)) }
  }

  func sync() throws {
    try FileOperations.announce(.sync, path)
    #if canImport(Darwin)
      try call { fcntl(descriptor, F_FULLFSYNC) }
    #else
      try call { fsync(descriptor) }
    #endif
  }

  /// Closes; some file systems report only here that the disk was full.
  func close() throws {
    try FileOperations.announce(.close, path)
    let open = descriptor
    descriptor = -1
    // An interrupted close has closed the file all the same and must not be repeated.
    if Foundation.close(open) < 0 && errno != EINTR { throw CallFailure(code: errno) }
  }
}

#if !canImport(Darwin)
  /// The system call that swaps two names; it is not among those that Glibc shows to Swift.
  enum LinuxRename {
    private typealias Function =
      @convention(c) (
        Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
      ) -> Int32

    private static let function = dlsym(nil, "renameat2").map {
      unsafeBitCast($0, to: Function.self)
    }
    /// `RENAME_EXCHANGE` of `<linux/fs.h>`.
    private static let exchangeFlag: UInt32 = 2

    /// 0, or -1 with `errno` set.
    static func exchange(_ one: String, _ other: String) -> Int32 {
      guard let function else {
        errno = ENOSYS
        return -1
      }
      return function(AT_FDCWD, one, AT_FDCWD, other, exchangeFlag)
    }
  }
#endif

/// Writes a new file from front to back and knows its digest.
final class FileWriter {
  private let file: OpenFile
  private let shownPath: String
  private let digest = Digest(.sha256)
  private(set) var byteCount = 0

  /// - Parameters:
  ///   - path: where the file is made.
  ///   - shownPath: what errors call it.
  init(creating path: String, shownAs shownPath: String, step: String) throws {
    file = try attempt(step, on: shownPath) { try OpenFile(creating: path) }
    self.shownPath = shownPath
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    try attempt("write beyond byte \(byteCount)", on: shownPath) {
      try file.write(bytes, counting: &byteCount)
    }
    digest.update(bytes.bytes)
  }

  func write(_ data: Data) throws { try data.withUnsafeBytes { try write($0) } }

  func write(_ tensor: Tensor) throws { try tensor.withBytes { try write($0) } }

  func write(_ indices: IndexTensor) throws {
    try indices.values.map(\.littleEndian).withUnsafeBytes { try write($0) }
  }

  /// Brings the file to the disk and closes it; returns its SHA-256 in hexadecimal.
  func finish() throws -> String {
    try attempt("sync it to the disk", on: shownPath) { try file.sync() }
    try attempt("close it", on: shownPath) { try file.close() }
    return digest.finish()
  }
}

/// Bytes that came from outside: of a file that is open, or in memory.
struct ByteSource {
  /// What errors call it.
  let name: String
  let count: Int
  private let origin: Origin
  private static let chunk = 1 << 20

  private enum Origin {
    case file(PlainFile)
    case memory([UInt8])
  }

  /// Opens a file; throws no input where that fails, bad data where it is a folder, pipe or device.
  init(_ path: String) throws {
    self.init(try PlainFile(path))
  }

  init(_ file: PlainFile) {
    name = file.path
    count = file.byteCount
    origin = .file(file)
  }

  init(_ data: Data, name: String) { self.init([UInt8](data), name: name) }

  init(_ bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    origin = .memory(bytes)
  }

  private func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    switch origin {
    case .memory(let bytes): buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
    case .file(let file):
      let got: Int
      var bytes = buffer.mutableBytes
      do { got = try file.read(into: &bytes, at: offset) } catch let failure
        as PlainFile.ReadFailure
      {
        throw AdjointError(.badData, "\(name): byte \(offset): cannot be read: \(failure.reason)")
      }
      guard got == buffer.count else {
        throw AdjointError(
          .badData,
          "\(name): byte \(offset): expected \(buffer.count) bytes, found \(got): the file became "
            + "shorter while it was read")
      }
    }
  }

  /// Some of the bytes; the range has to be inside.
  func bytes(_ range: Range<Int>) throws -> [UInt8] {
    try [UInt8](roomFor: range.count) { room in
      try room.withUnsafeMutableBytes { try read(into: $0, at: range.lowerBound) }
      return range.count
    }
  }

  /// Some of the bytes, not copied where they are in memory; the range has to be inside.
  func slice(_ range: Range<Int>) throws -> ArraySlice<UInt8> {
    if case .memory(let bytes) = origin { return bytes[range] }
    return try bytes(range)[...]
  }

  /// All bytes, a piece at a time: no more memory than one piece.
  private func forEachChunk(
    _ range: Range<Int>, multipleOf size: Int = 1, _ body: ([UInt8], Int) throws -> Void
  ) throws {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + ByteSource.chunk / size * size, range.upperBound)
      try body(bytes(start..<end), start - range.lowerBound)
      start = end
    }
  }

  /// The SHA-256 of all bytes, in hexadecimal.
  func sha256() throws -> String {
    let digest = Digest(.sha256)
    try forEachChunk(0..<count) { bytes, _ in digest.update(bytes.span.bytes) }
    return digest.finish()
  }

  /// Numbers of float64 or float32 as they are, of narrower types as float32, which holds them all.
  ///
  /// `range` has exactly the bytes of the shape.
  func tensor(_ range: Range<Int>, shape: Shape, type: SafeTensorsType, named tensor: String) throws
    -> Tensor
  {
    switch type {
    case .f64:
      return try Tensor.doubles(shape) { numbers in
        try read(into: UnsafeMutableRawBufferPointer(numbers), at: range.lowerBound)
      }
    case .f32:
      return try Tensor(shape: shape) { numbers in
        try read(into: UnsafeMutableRawBufferPointer(numbers), at: range.lowerBound)
      }
    default:
      return try Tensor(shape: shape) { numbers in
        try forEachChunk(range, multipleOf: type.size) { bytes, start in
          for place in stride(from: 0, to: bytes.count, by: type.size) {
            let high = type.size == 2 ? UInt16(bytes[place + 1]) << 8 : 0
            guard let number = type.float(UInt16(bytes[place]) | high) else {
              let byte = range.lowerBound + start + place
              throw AdjointError(
                .badData,
                "\(name): byte \(byte): tensor \(tensor): expected 0 or 1 for \(type.rawValue), found "
                  + "\(bytes[place])")
            }
            numbers[(start + place) / type.size] = number
          }
        }
      }
    }
  }

  /// Whole numbers of I32 or I64 as float64, which has to hold each exactly.
  ///
  /// `range` has exactly the bytes of the shape.
  func wholeNumbers(
    _ range: Range<Int>, shape: Shape, type: SafeTensorsType, named tensor: String
  ) throws -> Tensor {
    try Tensor.doubles(shape) { numbers in
      try forEachWhole(range, type) { place, number in
        guard let exact = Double(exactly: number) else {
          throw AdjointError(
            .badData,
            "\(name): byte \(range.lowerBound + place * type.size): tensor \(tensor): expected a whole "
              + "number that float64 holds exactly, found \(number)")
        }
        numbers[place] = exact
      }
    }
  }

  /// Each element of I32 or I64, with its number in the row.
  private func forEachWhole(
    _ range: Range<Int>, _ type: SafeTensorsType, _ body: (Int, Int64) throws -> Void
  ) throws {
    try forEachChunk(range, multipleOf: type.size) { bytes, start in
      for place in stride(from: 0, to: bytes.count, by: type.size) {
        let bits = bytes[place..<(place + type.size)].reversed().reduce(UInt64(0)) {
          $0 << 8 | UInt64($1)
        }
        try body(
          (start + place) / type.size,
          type == .i64 ? Int64(bitPattern: bits) : Int64(Int32(truncatingIfNeeded: bits)))
      }
    }
  }

  /// Whole numbers of I32, or of I64 where each fits into 32 bits.
  ///
  /// `range` has exactly the bytes of the shape.
  func indices(_ range: Range<Int>, shape: Shape, type: SafeTensorsType, named tensor: String)
    throws
    -> IndexTensor
  {
    try IndexTensor(shape: shape) { numbers in
      try forEachWhole(range, type) { place, number in
        guard let index = Int32(exactly: number) else {
          throw AdjointError(
            .badData,
            "\(name): byte \(range.lowerBound + place * type.size): tensor \(tensor): expected a number "
              + "of 32 bits, found \(number)")
        }
        numbers[place] = index
      }
    }
  }
}
