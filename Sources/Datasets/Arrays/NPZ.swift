import Archives
import Foundation
import Tensors

/// NumPy's archives of arrays, `.npz`: a zip archive of `.npy` files.
///
/// Each member is unpacked straight into the array that it becomes. Every message names the file, the
/// member, and the offset in the unpacked member. A value may be read by several threads at once.
public struct NPZ: Sendable {
  /// The archive.
  public let file: URL
  /// The names of the arrays, in the archive's order, without `.npy`.
  public let names: [String]
  /// The most bytes that arrays read from it may take.
  let limit: Int

  static let suffix = ".npy"

  /// Reads the archive's directory.
  ///
  /// Throws no input where there is no such file, bad data where it is no zip archive.
  public init(_ file: URL) throws {
    self.file = file
    let archive = try ZipArchive(PlainFile(file.path))
    limit = archive.limit
    names = archive.members.map(\.name).filter { $0.hasSuffix(Self.suffix) }
      .map { String($0.dropLast(Self.suffix.count)) }
  }

  /// An array of unsigned bytes, row-major.
  ///
  /// - Parameters:
  ///   - name: the array's.
  ///   - check: is told the shape before memory is taken; what it throws, this throws.
  /// - Throws: bad data where the member is missing, not of `|u1` in C order, or damaged.
  public func bytes(
    _ name: String, check: (_ place: String, _ shape: [Int]) throws -> Void = { _, _ in }
  ) throws -> (shape: [Int], elements: [UInt8]) {
    let (header, body) = try read(name, ["|u1": 1], check)
    return (header.shape, body)
  }

  /// An array of whole numbers of any width and byte order, row-major.
  ///
  /// Throws what ``bytes(_:check:)`` throws, and bad data where an unsigned number is above 2⁶³ − 1.
  public func integers(
    _ name: String, check: (_ place: String, _ shape: [Int]) throws -> Void = { _, _ in }
  ) throws -> (shape: [Int], elements: [Int64]) {
    let (header, body) = try read(name, Self.integerTypes) { place, shape in
      try check(place, shape)
      // Beside the bytes there are eight for each number.
      let count = shape.reduce(1, *)
      guard count <= limit / 16 else {
        throw AdjointError(
          .badData, "\(place): expected at most \(limit / 16) whole numbers, found \(count)")
      }
    }
    let size = header.elementSize
    let isBigEndian = header.type.hasPrefix(">")
    let isSigned = header.type.dropFirst().hasPrefix("i")
    var elements: [Int64] = []
    elements.reserveCapacity(header.count)
    for first in stride(from: 0, to: body.count, by: size) {
      var word: UInt64 = 0
      for place in 0..<size {
        word = word << 8 | UInt64(body[first + (isBigEndian ? place : size - 1 - place)])
      }
      let shift = UInt64(64 - 8 * size)
      if !isSigned, word > UInt64(Int64.max) {
        throw AdjointError(
          .badData,
          """
          \(place(of: name)): offset \(header.byteCount + first): expected a number of at most \
          \(Int64.max), found \(word)
          """)
      }
      elements.append(
        isSigned ? Int64(bitPattern: word << shift) >> Int64(shift) : Int64(word))
    }
    return (header.shape, elements)
  }

  private static let integerTypes: KeyValuePairs = [
    "|u1": 1, "|i1": 1, "<u2": 2, "<i2": 2, "<u4": 4, "<i4": 4, "<u8": 8, "<i8": 8,
    ">u2": 2, ">i2": 2, ">u4": 4, ">i4": 4, ">u8": 8, ">i8": 8,
  ]

  private func place(of name: String) -> String { "\(file.path): \(name)\(Self.suffix)" }

  private func read(
    _ name: String, _ types: KeyValuePairs<String, Int>, _ check: (String, [Int]) throws -> Void
  ) throws -> (NPYHeader, [UInt8]) {
    let archive = try ZipArchive(PlainFile(file.path))
    guard let entry = archive.members.first(where: { $0.name == name + Self.suffix }) else {
      let found =
        names.isEmpty ? "no arrays" : names.map { $0 + Self.suffix }.joined(separator: ", ")
      throw AdjointError(
        .badData, "\(file.path): expected a member \(name)\(Self.suffix), found \(found)")
    }
    let member = try archive.open(entry, as: entry.name)
    let header = try NPYHeader(of: member.name, types: types) { try member.read($0) }
    try check(member.name, header.shape)
    let promise =
      "\(header.bodyByteCount) bytes of elements \(header.type), shape \(header.shape)"
    guard member.byteCount - header.byteCount == header.bodyByteCount else {
      throw AdjointError(
        .badData,
        """
        \(member.name): offset \(header.byteCount): expected \(promise), found \
        \(member.byteCount - header.byteCount) bytes
        """)
    }
    let body = try member.read(header.bodyByteCount)
    guard body.count == header.bodyByteCount else {
      throw AdjointError(
        .badData,
        "\(member.name): offset \(header.byteCount): expected \(promise), found \(body.count) bytes"
      )
    }
    try member.finish()
    return (header, body)
  }
}
