import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct IDXTests {
  /// Two images of 2 × 3, pixels 1 ... 12, packed by Python's `gzip.compress(…, mtime=0)`.
  static let packed = Array(
    Data(
      base64Encoded: "H4sIAAAAAAACA2Ng4GBmYGBggmJmRiZmFlY2dg5OLm4eAEgRDIQcAAAA")!)

  static let images = words(0x803, 2, 2, 3) + Array(1...12)
  static let labels = words(0x801, 3) + [7, 0, 9]

  @Test func plainImages() throws {
    let folder = try TemporaryFolder()
    let idx = try IDX(imagesAt: folder.write(Self.images, "images"))
    #expect(idx.dimensions == [2, 2, 3])
    #expect(idx.bytes == Array(1...12))
  }

  @Test func packedImages() throws {
    let folder = try TemporaryFolder()
    let idx = try IDX(imagesAt: folder.write(Self.packed, "images.gz"))
    #expect(idx.dimensions == [2, 2, 3])
    #expect(idx.bytes == Array(1...12))
  }

  @Test func labels() throws {
    let folder = try TemporaryFolder()
    let idx = try IDX(labelsAt: folder.write(Self.labels, "labels"))
    #expect(idx.dimensions == [3])
    #expect(idx.bytes == [7, 0, 9])
  }

  /// Damaged image files: the bytes, and the message after the path.
  static let damaged: [(bytes: [UInt8], message: String)] = [
    (
      [],
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found an empty file
      """
    ),
    (
      [0, 0, 8],
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found 3 bytes
      """
    ),
    (
      Array("<!DOCTYPE html>".utf8),
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found the magic number 0x3c21444f
      """
    ),
    (
      labels,
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found the magic number 0x00000801 (labels: unsigned bytes, 1 dimension)
      """
    ),
    (
      words(0xD03, 2, 2, 3) + Array(1...48),
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found the magic number 0x00000d03
      """
    ),
    (
      words(0x1_0803, 2, 2, 3) + Array(1...12),
      """
      offset 0: expected the magic number 0x00000803 (images: unsigned bytes, 3 dimensions), \
      found the magic number 0x00010803
      """
    ),
    (
      Array(images.prefix(14)),
      "offset 12: expected dimension 3 of 3, found the end of the file"
    ),
    (words(0x803, 2, 0, 3), "offset 8: expected a positive dimension 2 of 3, found 0"),
    (words(0x803, 0, 2, 3), "offset 4: expected a positive dimension 1 of 3, found 0"),
    (
      words(0x803, .max, .max, .max),
      """
      offset 8: expected dimensions whose product can be addressed, found 4294967295 × 4294967295
      """
    ),
    (Array(images.dropLast()), "offset 16: expected 12 bytes (2 × 2 × 3), found 11"),
    (
      // More than any machine has: the answer must come from what is there, not from the promise.
      words(0x803, 1_000_000, 1_000_000, 1_000) + [1, 2, 3],
      """
      offset 16: expected 1000000000000000 bytes (1000000 × 1000000 × 1000), found 3
      """
    ),
    (
      images + [13],
      "offset 28: expected the end of the file after 12 bytes (2 × 2 × 3), found more"
    ),
    (Array(packed.prefix(30)), "offset 16: expected 12 bytes (2 × 2 × 3), found 9"),
    (
      packed.enumerated().map { $0 == 34 ? $1 ^ 0xFF : $1 },
      "offset 0: cannot be unpacked: incorrect data check"
    ),
  ]

  @Test(arguments: damaged.indices)
  func damagedFilesAreRefused(index: Int) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.damaged[index].bytes, "images")
    expectError(.badData, "\(file.path): \(Self.damaged[index].message)") {
      _ = try IDX(imagesAt: file)
    }
  }

  @Test func imagesGivenAsLabels() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.images, "labels")
    expectError(
      .badData,
      """
      \(file.path): offset 0: expected the magic number 0x00000801 (labels: unsigned bytes, \
      1 dimension), found the magic number 0x00000803 (images: unsigned bytes, 3 dimensions)
      """
    ) { _ = try IDX(labelsAt: file) }
  }

  @Test func noSuchFile() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("absent")
    expectError(.noInput, "\(file.path): cannot be opened: No such file or directory") {
      _ = try IDX(labelsAt: file)
    }
  }
}
