import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// Files of data with every byte turned and every byte missing.
@Suite struct DamageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  // MARK: Formats with checksums

  @Test func npz() throws {
    let file = folder.file("a.npz")
    try NPZ.write(
      [
        .init("images", shape: [2, 3, 4], bytes: (0..<24).map { UInt8($0 * 10) }),
        .init("labels", shape: [2, 1], integers: [7, -1]),
      ], to: file)
    func read(_ file: URL) throws -> [Int64] {
      let archive = try NPZ(file)
      let (images, labels) = (try archive.bytes("images"), try archive.integers("labels"))
      return (images.shape + labels.shape).map(Int64.init) + images.elements.map(Int64.init)
        + labels.elements
    }
    let right = try read(file)
    try readDamaged(
      [UInt8](Data(contentsOf: file)), "npz", at: file, read: read,
      // Dates, and what stands in the archive twice, do not matter.
      expecting: { $0.place == nil ? .refused : .refusedOr(right) })
  }

  @Test func packedIDX() throws {
    let file = folder.file("images.gz")
    try readDamaged(
      IDXTests.packed, "IDX, gzip", at: file, read: { try IDX(imagesAt: $0).bytes },
      // gzip's own header has a date and the like, which no checksum covers.
      expecting: { damaged in
        damaged.place.map { $0 < 10 } == true ? .refusedOr(Array(1...12)) : .refused
      })
  }

  @Test(arguments: ["rgb", "grey", "palette", "grey16", "alpha"])
  func png(name: String) throws {
    try readDamaged(
      StoredImages.all.file(name), "PNG, \(name)", at: folder.file("a.png"),
      read: { try ImageFile.read($0) }, expecting: { _ in .refused })
  }

  @Test func tarArchive() throws {
    let archive = try TarArchiveTests.archive(members: [("one.bin", 3), ("two.bin", 600)])
    let names = archive.description.members.map(\.name)
    func unpack(_ file: URL) throws -> [Data] {
      for name in names { try? FileManager.default.removeItem(at: folder.file(name)) }
      try TarArchive(file).unpack(archive.description, into: folder.url)
      return try names.map { try Data(contentsOf: folder.file($0)) }
    }
    let file = folder.file("set.tar.gz")
    try writeInPlace(archive.bytes, to: file)
    let right = try unpack(file)
    // Reading stops with the last member; the end of the file was verified when it was fetched.
    try readDamaged(
      archive.bytes, "tar, gzip", at: file, dense: 30, read: unpack,
      expecting: { _ in .refusedOr(right) })
  }

  // MARK: Formats without

  @Test func plainIDX() throws {
    try readDamaged(
      IDXTests.images, "IDX", at: folder.file("images"), read: { try IDX(imagesAt: $0).bytes },
      expecting: { damaged in
        damaged.place.map { $0 >= 16 } == true ? .loads(Array(damaged.bytes[16...])) : .refused
      })
  }

  @Test func labels() throws {
    try readDamaged(
      IDXTests.labels, "IDX, labels", at: folder.file("labels"),
      read: { try IDX(labelsAt: $0).bytes },
      expecting: { damaged in
        damaged.place.map { $0 >= 8 } == true ? .loads(Array(damaged.bytes[8...])) : .refused
      })
  }

  @Test func npy() throws {
    let tensor = Tensor([1, -2, 3, 4, 5, 6], shape: [2, 3])
    let whole = [UInt8](NPY.encode(tensor))
    try readDamaged(
      whole, "npy", at: folder.file("a.npy"), dense: 128,
      read: { file in
        let read = try NPY.read(file)
        return read.withBytes { Array($0) } + read.shape.lengths.map { UInt8($0) }
      },
      expecting: { damaged in
        damaged.place.map { $0 >= 128 } == true
          ? .loads(Array(damaged.bytes[128...]) + [2, 3]) : .refused
      })
  }

  /// A class below ten is a class; each pixel is its own.
  @Test func cifar() throws {
    let whole = CIFAR10Tests.record(3) + CIFAR10Tests.record(9, start: 5)
    func parsed(_ bytes: [UInt8]) -> [UInt8] {
      var records: [UInt8] = []
      for first in stride(from: 0, to: bytes.count, by: 3073) {
        records.append(bytes[first])
        for value in 0..<3072 { records.append(bytes[first + 1 + value % 3 * 1024 + value / 3]) }
      }
      return records
    }
    try readDamaged(
      whole, "CIFAR batch", at: folder.file("data_batch_1.bin"), dense: 8,
      read: { file in
        let set = try CIFAR10.read(file)
        var records: [UInt8] = []
        for row in 0..<set.count { records += [UInt8(set.labels[row])] + Array(set.image(row)) }
        return records
      },
      expecting: { damaged in
        guard let place = damaged.place else {
          return damaged.bytes.count == 3073 ? .loads(parsed(damaged.bytes)) : .refused
        }
        return place % 3073 == 0 && damaged.bytes[place] > 9
          ? .refused : .loads(parsed(damaged.bytes))
      })
  }

  @Test func csv() throws {
    let text = """
      date,load,oil temperature
      2016-02-28 22:00:00,1,-2.5
      2016-02-28 23:00:00,1e-3,0.25
      2016-02-29 00:00:00,.5,7

      """
    func parsed(_ bytes: [UInt8]) -> [Double]? {
      let rows = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst()
      let fields = rows.map { $0.split(separator: ",").dropFirst().map { Double($0) } }
      let numbers = fields.joined().compactMap { $0 }
      return fields.allSatisfy({ $0.count == 2 }) && numbers.count == 2 * rows.count ? numbers : nil
    }
    try readDamaged(
      Array(text.utf8), "CSV", at: folder.file("t.csv"), dense: 120,
      read: { try HourlyTable(at: $0).values },
      expecting: { parsed($0.bytes).map { .refusedOr($0) } ?? .refused })
  }

  /// Any text of as many lines as there are classes is as good as another.
  @Test func classNames() throws {
    let whole = Array("tench\ngreat white shark\nécrevisse\n".utf8)
    try readDamaged(
      whole, "class names", at: folder.file("n.txt"),
      read: { try ClassNames.load($0, count: 3) },
      expecting: { damaged in
        var lines = damaged.bytes.split(separator: 10, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let names = lines.compactMap { String(data: Data($0), encoding: .utf8) }
        let isWhole = names.count == 3 && lines.count == 3 && !names.contains("")
        return isWhole ? .loads(names) : .refused
      })
  }

  /// What the bytes of a picture say only a decoder knows; its sides stand in the frame's header.
  @Test(
    arguments: [
      ("jpeg", 0xC0), ("jpeg_progressive", 0xC2), ("jpeg_grey", 0xC0),
    ] as [(String, UInt8)])
  func jpeg(name: String, frame: UInt8) throws {
    let whole = try StoredImages.all.file(name)
    let starts = whole.indices.filter { whole[$0...].starts(with: [0xFF, frame]) }
    let start = try #require(starts.count == 1 ? starts.first : nil)
    // ITU-T T.81, B.2.2: marker, length, precision, height, width, components.
    func word(_ place: Int) -> Int { Int(whole[place]) << 8 | Int(whole[place + 1]) }
    let header = start..<start + 2 + word(start + 2)
    let sides = [word(start + 5), word(start + 7), Int(whole[start + 9])]
    try readDamaged(
      whole, "JPEG, \(name)", at: folder.file("a.jpg"),
      read: { file in
        let image = try ImageFile.read(file)
        return [image.height, image.width, image.channels]
      },
      expecting: { damaged in
        guard let place = damaged.place else { return .refused }
        return header.contains(place) ? .anything : .refusedOr(sides)
      })
  }
}
