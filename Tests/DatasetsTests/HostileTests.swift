import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// Files that were made to take memory or time, to leave their place, or to be taken for others.
@Suite struct HostileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private static let ownLimit = 60_000_000

  /// The reader refuses it in those words, and takes no more than four times its size and 64 MB.
  private func expectRefused(
    _ file: URL, _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ read: (URL) throws -> Void
  ) throws {
    let size = try Checksum(of: file).byteCount
    let peak = peakMemory {
      expectError(.badData, "\(file.path): \(words)", sourceLocation: sourceLocation) {
        try read(file)
      }
    }
    #expect(peak ?? 0 < 4 * size + 64_000_000, sourceLocation: sourceLocation)
  }

  // MARK: Bombs

  @Test func gzipBomb() throws {
    try folder.write(words(0x803, 1000, 300, 300), "images")
    #expect(truncate(folder.file("images").path, 16 + 90_000_000) == 0)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-1", folder.file("images").path]
    try process.run()
    process.waitUntilExit()
    let file = folder.file("images.gz")
    let size = try Checksum(of: file).byteCount
    let limit = Self.ownLimit + 4 * size
    // What was unpacked before the limit, in the pieces of the reader.
    let place = 16 + limit / (1 << 18) * (1 << 18)
    try expectRefused(
      file,
      "offset \(place): expected at most \(limit) bytes unpacked from \(size), found more; unpack it first"
    ) { _ = try IDX(imagesAt: $0) }
  }

  @Test func zipBomb() throws {
    let file = folder.file("a.npz")
    try NPZ.write(
      [.init("x", shape: [90_000_000], bytes: .init(repeating: 0, count: 90_000_000))], to: file)
    let size = try Checksum(of: file).byteCount
    try expectRefused(
      file,
      "expected at most \(Self.ownLimit + 4 * size - 512) bytes unpacked from \(size), found members of "
        + "90000128; store them unpacked"
    ) { _ = try NPZ($0).bytes("x") }
  }

  /// Each member for itself would be read.
  @Test func manyMembersMakeABomb() throws {
    let member = [UInt8](repeating: 0, count: 16_000_000)
    let file = folder.file("a.npz")
    try NPZ.write((0..<4).map { .init("x\($0)", shape: [16_000_000], bytes: member) }, to: file)
    let size = try Checksum(of: file).byteCount
    try expectRefused(
      file,
      "expected at most \(Self.ownLimit + 4 * size - 2048) bytes unpacked from \(size), found members of "
        + "64000512; store them unpacked"
    ) { _ = try NPZ($0).bytes("x0") }
  }

  @Test func labelsThatTakeMoreThanTheirBytes() throws {
    let file = folder.file("a.npz")
    try NPZ.write(
      [.init("n", shape: [5_000_000], bytes: .init(repeating: 0, count: 5_000_000))], to: file)
    let size = try Checksum(of: file).byteCount
    let most = (Self.ownLimit + 4 * size - 512) / 16
    try expectRefused(
      file, "n.npy: expected at most \(most) whole numbers, found 5000000"
    ) { _ = try NPZ($0).integers("n") }
  }

  @Test func pictureBomb() throws {
    // 16,000 × 16,000 grey pixels are promised.
    let header = chunk("IHDR", [0, 0, 0x3E, 0x80, 0, 0, 0x3E, 0x80, 8, 0, 0, 0, 0])
    let bytes =
      PNGChunks.signature + header + chunk("IDAT", [0x78, 1, 3, 0, 0, 0, 0, 1]) + chunk("IEND", [])
    let file = try folder.write(bytes, "a.png")
    try expectRefused(
      file,
      "expected a picture that takes at most \(Self.ownLimit + 3 * bytes.count) bytes to unpack from "
        + "\(bytes.count), found 16000 × 16000 pixels, which take 256000000 to decode"
    ) { _ = try ImageFile.read($0) }
  }

  /// Texts of a picture unpack to much; nobody needs them.
  @Test func textsOfAPictureAreLeftAlone() throws {
    let whole = try StoredImages.all.file("rgb")
    let text = chunk("zTXt", Array("note".utf8) + [0, 0] + Array(repeating: 7, count: 500))
    var bytes = whole
    for _ in 0..<2000 { bytes.insert(contentsOf: text, at: 33) }
    let file = try folder.write(bytes, "a.png")
    var image: RasterImage?
    let peak = try peakMemory { image = try ImageFile.read(file) }
    #expect(image == (try ImageFile.read(folder.write(whole, "b.png"))))
    #expect(peak ?? 0 < 4 * bytes.count + 64_000_000)
    try PNGChunks.verify(&bytes, "a")
    #expect(bytes.count <= whole.count)
  }

  /// In several scans, all coefficients are kept.
  @Test func progressivePictureBomb() throws {
    var bytes = try StoredImages.all.file("jpeg_progressive")
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC2]) })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x0F, 0xA0, 0x0F, 0xA0])
    bytes += [UInt8](repeating: 0, count: 40_000)
    let file = try folder.write(bytes, "a.jpg")
    #expect(JPEGFrame(bytes).coefficientBytes >= 2 * 4000 * 4000 * 3 / 2)
    let needed = 48_000_000 + JPEGFrame(bytes).coefficientBytes
    try expectRefused(
      file,
      "expected a picture that takes at most \(Self.ownLimit + 3 * bytes.count) bytes to unpack from "
        + "\(bytes.count), found 4000 × 4000 pixels, which take \(needed) to decode"
    ) { _ = try ImageFile.read($0) }
    #expect(try JPEGFrame(StoredImages.all.file("jpeg")).coefficientBytes == 0)
  }

  @Test func tableBombs() throws {
    // Lines of nothing, under a header that promises a number for each name in each of them.
    let names = (0..<9000).map { "n\($0)" }.joined(separator: ",")
    let lines = try folder.write(
      Array("date,\(names)\n".utf8) + [UInt8](repeating: 10, count: 5_000_000), "a.csv")
    try expectRefused(lines, "row 2: expected numbers, found the end of the file") {
      _ = try HourlyTable(at: $0)
    }
    let commas = try folder.write(
      Array("date".utf8) + [UInt8](repeating: 44, count: 5_000_000), "b.csv")
    try expectRefused(commas, "row 1: expected at most 10000 columns, found more") {
      _ = try HourlyTable(at: $0)
    }
    let numbers = try folder.write(
      Array("date,a\n2016-01-01 00:00:00".utf8) + [UInt8](repeating: 44, count: 13_000_000), "c.csv"
    )
    let size = 13_000_026
    try expectRefused(
      numbers,
      "expected a table that takes at most \(Self.ownLimit + 4 * size) bytes, found one of \(size + 8 * 13_000_000)"
    ) { _ = try HourlyTable(at: $0) }
  }

  // MARK: Headers

  @Test(arguments: [
    ("(0, 2147483647, 2147483647, 2147483647)", "[0, 2147483647, 2147483647, 2147483647]"),
    ("(2147483647, 2147483647, 0)", "[2147483647, 2147483647, 0]"),
    ("(4294967296,)", "[4294967296]"),
    ("(1, 1, 1, 1, 1, 1, 1)", "[1, 1, 1, 1, 1, 1, 1]"),
    ("(1,1,1,1,1,1,1,1,1,1,1,1,1)", "13 axes"),
  ])
  func shapesThatOverflow(shape: String, found: String) throws {
    let file = try folder.write(
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"), "a.npy")
    try expectRefused(
      file, "offset 10: expected at most six axes of sensible lengths, found \(found)"
    ) { _ = try NPY.read($0) }
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 'x', }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3LL,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (L,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", "{}", "",
  ])
  func headersThatAreNone(header: String) throws {
    let file = try folder.write(npy(header), "a.npy")
    try expectRefused(
      file,
      "offset 10: expected {'descr': …, 'fortran_order': False, 'shape': (…)}, found \(header.prefix(80))"
    ) { _ = try NPY.read($0) }
  }

  @Test func headersOfOtherWriters() throws {
    for header in [
      "{'shape':(1,2),'fortran_order':False,'descr':'<f4'}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}   \n",
      // NumPy's with Python 2.
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }",
    ] {
      let file = try folder.write(npy(header) + [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40], "a.npy")
      let tensor = try NPY.read(file)
      #expect(tensor.floats == [1, 2] && tensor.shape == [1, 2])
    }
  }

  /// A number in another notation than a table's, or one that is none.
  @Test(arguments: ["0x1p3", "nan", "inf", "-infinity", "1e999", "0x10", "1_0", "+-1", "٣"])
  func numbersThatAreNone(text: String) throws {
    let file = try folder.write(Array("date,a\n2016-01-01 00:00:00,\(text)\n".utf8), "a.csv")
    try expectRefused(
      file, "row 2: expected a finite number in column a, found '\(text)'"
    ) { _ = try HourlyTable(at: $0) }
  }

  // MARK: Places

  /// Only members that are known are written, under names that are known.
  @Test(arguments: ["../one.bin", "/one.bin", "set/../one.bin", "set/one.bin/../../two.bin"])
  func pathsThatLeaveTheFolder(name: String) throws {
    let inner = folder.url.appendingPathComponent("inner", isDirectory: true)
    let file = try folder.write(
      TarArchiveTests.header(name, size: 3) + [7, 8, 9] + [UInt8](repeating: 0, count: 509 + 1024),
      "inner/set.tar")
    expectError(
      .badData, "\(file.path): expected one.bin in set/, found the end of the archive"
    ) { try TarArchive(file).unpack(TarArchiveTests.description, into: inner) }
    #expect(try folder.contents == ["inner"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: inner.path) == ["set.tar"])
  }

  @Test(arguments: [
    ("+0000000003", "offset 0: expected a size in octal digits, found something else"),
    ("-0000000003", "offset 0: expected a size in octal digits, found something else"),
    ("0x000000003", "offset 0: expected a size in octal digits, found something else"),
    // As many digits as there is room for.
    ("7777777777777777", "set/one.bin: expected 3 bytes, found 8589934591"),
  ])
  func sizesThatAreNone(digits: String, words: String) throws {
    var header = TarArchiveTests.header("set/one.bin", size: 3)
    header.replaceSubrange(124..<135, with: Array(digits.utf8).prefix(11))
    let sum = header.enumerated().reduce(0) {
      $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element))
    }
    let octal = String(sum, radix: 8)
    header.replaceSubrange(
      148..<154, with: Array((String(repeating: "0", count: 6 - octal.count) + octal).utf8))
    let file = try folder.write(header + [7, 8, 9] + [UInt8](repeating: 0, count: 509), "set.tar")
    expectError(.badData, "\(file.path): \(words)") {
      try TarArchive(file).unpack(TarArchiveTests.description, into: folder.url)
    }
    #expect(try folder.contents == ["set.tar"])
  }

  /// A pipe would be waited for, a device be read without end.
  @Test func whatIsNoFile() throws {
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let device = URL(fileURLWithPath: "/dev/zero")
    let readers: [(URL) throws -> Void] = [
      { _ = try IDX(imagesAt: $0) }, { _ = try CIFAR10.read($0) }, { _ = try HourlyTable(at: $0) },
      { _ = try NPY.read($0) }, { _ = try NPZ($0) }, { _ = try ImageFile.read($0) },
      { _ = try Checksum(of: $0) },
    ]
    for read in readers {
      for place in [pipe, device] {
        expectError(.badData, "\(place.path): expected a file, found a device") { try read(place) }
      }
      expectError(.badData, "\(folder.path): expected a file, found a folder") {
        try read(folder.url)
      }
    }
  }

  // MARK: -

  private func npy(_ header: String) -> [UInt8] {
    NPYHeader.magic + [1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)]
      + Array(header.utf8)
  }

  private func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return words(UInt32(data.count)) + body + words(crc32(body))
  }
}
