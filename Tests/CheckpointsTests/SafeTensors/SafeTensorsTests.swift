import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct SafeTensorsTests {
  /// What ``ReferenceFiles/mixed`` holds.
  static let mixed: [String: Tensor] = [
    "a": Tensor([0.1, -2.5], shape: [1, 2], dtype: .float64),
    "b": Tensor([1.5, -0.0, .infinity], shape: [3]),
    "é\n\"x\\/": Tensor([] as [Float], shape: [0, 3]),
    "scalar": Tensor([7], shape: []),
  ]
  static let labels = IndexTensor([3, -1, 2_147_483_647])

  @Test func readsTheReferenceLibrarysFile() throws {
    let contents = try SafeTensors.read(Data(ReferenceFiles.mixed), named: "f")
    expectSame(contents.tensors, Self.mixed)
    #expect(contents.indices == ["labels": Self.labels])
    #expect(contents.metadata == ["format": "pt"])
    let empty = try SafeTensors.read(Data(ReferenceFiles.empty), named: "f")
    #expect(empty.tensors.isEmpty && empty.indices.isEmpty && empty.metadata.isEmpty)
  }

  @Test func writesTheReferenceLibrarysBytes() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("f")
    try SafeTensors.write(
      Self.mixed, indices: ["labels": Self.labels], metadata: ["format": "pt"], to: url)
    #expect(try bytes(of: url) == ReferenceFiles.mixed)
    try SafeTensors.write([:], to: url)
    #expect(try bytes(of: url) == ReferenceFiles.empty)
    #expect(try folder.contents == ["f"])
  }

  @Test func readsNarrowTypes() throws {
    let contents = try SafeTensors.read(Data(ReferenceFiles.narrow), named: "f")
    #expect(contents.indices == ["i64": IndexTensor([2_147_483_647, -2_147_483_648, 0])])
    #expect(contents.tensors.mapValues(\.dtype).values.allSatisfy { $0 == .float32 })
    #expect(contents.tensors["u8"]?.floats == [0, 255])
    #expect(contents.tensors["i8"]?.floats == [-128, 127])
    #expect(contents.tensors["i16"]?.floats == [-32768, 32767])
    #expect(contents.tensors["u16"]?.floats == [0, 65535])
    #expect(contents.tensors["bool"]?.floats == [1, 0])
    // 2⁻²⁴, 1023 · 2⁻²⁴, 2⁻¹⁴, 1, 65504, ±∞, -0, and two NaN with their payloads.
    #expect(
      contents.tensors["f16"]?.floats.map(\.bitPattern) == [
        0x3380_0000, 0x387F_C000, 0x3880_0000, 0x3F80_0000, 0x477F_E000, 0x7F80_0000, 0xFF80_0000,
        0x8000_0000, 0x7FC0_2000, 0xFFAA_A000,
      ])
  }

  @Test func everyBitSurvives() throws {
    let folder = try TemporaryFolder()
    let patterns: [UInt32] = [
      0, 0x8000_0000, 1, 0x807F_FFFF, 0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x7F80_0000,
      0x3F80_0001,
    ]
    let doubles: [UInt64] = [
      0, 1 << 63, 1, 0x7FF0_0000_0000_0001, 0xFFF8_0000_DEAD_BEEF, 0x7FF0_0000_0000_0000,
    ]
    let tensors: [String: Tensor] = [
      "float32": Tensor(patterns.map(Float.init(bitPattern:)), shape: [3, 3]),
      "float64": Tensor(
        doubles.map(Double.init(bitPattern:)), shape: [1, 2, 3, 1, 1, 1], dtype: .float64),
      "scalar": Tensor(scalar: 0.1, dtype: .float64), "empty": .zeros([3, 0], dtype: .float64),
      "none": .zeros([0]), "": .ones([1]), "\u{1F600}\u{00}": .ones([2]),
      "long": Tensor((0..<600_000).map { Float($0) }, shape: [600, 1000]),
    ]
    let metadata = ["": "", "é": "\n\u{1}", "z": "1", "a": "2"]
    let urls = [folder.file("one"), folder.file("two")]
    for url in urls { try SafeTensors.write(tensors, metadata: metadata, to: url) }
    let contents = try SafeTensors.read(urls[0])
    expectSame(contents.tensors, tensors)
    #expect(contents.metadata == metadata)
    let data = try bytes(of: urls[0])
    #expect(try data == bytes(of: urls[1]))
    #expect(data[0] % 8 == 0)
  }

  @Test func everyPrefixIsRefused() throws {
    for file in [ReferenceFiles.mixed, ReferenceFiles.narrow, ReferenceFiles.empty] {
      for count in 0..<file.count {
        let words = try complaint(ofPrefix: count, of: file)
        expectError(.badData, "f: \(words)") {
          _ = try SafeTensors.read(Data(file.prefix(count)), named: "f")
        }
      }
    }
  }

  /// What there is to say of so many bytes of a file.
  private func complaint(ofPrefix count: Int, of file: [UInt8]) throws -> String {
    guard count >= 8 else {
      return "byte 0: expected the length of the header in 8 bytes, found "
        + (count == 0 ? "an empty file" : "\(count) bytes")
    }
    let length = Int(file[0]) + Int(file[1]) << 8
    let start = 8 + length
    guard count >= start else {
      return
        "byte 0: expected a header of at most the \(count - 8) bytes that follow, found a length of "
        + "\(length)"
    }
    let entries = try SafeTensorsHeader(ByteSource(file, name: "f")).entries
    let entry = try #require(entries.first { $0.range.upperBound > count })
    let (begin, end) = (entry.range.lowerBound - start, entry.range.upperBound - start)
    return
      "tensor \(JSONText.shown(entry.name)): expected data_offsets within the \(count - start) bytes "
      + "of data, found [\(begin), \(end)]"
  }

  /// A flipped bit in a number, a name or a text makes another good file, which nobody can notice without a
  /// checksum; anything else is refused.
  @Test func flippedBytesAreRefusedOrHarmless() {
    for file in [ReferenceFiles.mixed, ReferenceFiles.narrow] {
      let dataStart = 8 + Int(file[0]) + Int(file[1]) << 8
      for place in file.indices {
        for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
          var damaged = file
          damaged[place] ^= mask
          do {
            let contents = try SafeTensors.read(Data(damaged), named: "f")
            #expect(place >= 8, "a changed header length was accepted")
            #expect(contents.tensors.count + contents.indices.count >= 5)
          } catch let error as AdjointError {
            #expect(error.kind == .badData)
            #expect(error.message.hasPrefix("f: "))
            #expect(
              place < dataStart || error.message.contains("32 bits")
                || error.message.contains("BOOL"))
          } catch { Issue.record(error) }
        }
      }
    }
  }

  @Test func wrongNumbers() {
    func file(_ type: String, _ data: [UInt8]) -> Data {
      var header =
        "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,\(data.count)]}}"
      header += String(repeating: " ", count: 80 - header.utf8.count)
      return Data([80, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + data)
    }
    expectError(
      .badData,
      "f: byte 96: tensor \"x\": expected a number of 32 bits, found 2147483648"
    ) {
      let numbers: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 0]
      _ = try SafeTensors.read(file("I64", numbers), named: "f")
    }
    expectError(.badData, "f: byte 89: tensor \"x\": expected 0 or 1 for BOOL, found 2") {
      _ = try SafeTensors.read(file("BOOL", [1, 2]), named: "f")
    }
  }

  @Test func wrongPlaces() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("missing")
    expectError(.noInput, "\(missing.path): cannot be opened: No such file or directory") {
      _ = try SafeTensors.read(missing)
    }
    expectError(.badData, "\(folder.path): expected a file, found a folder") {
      _ = try SafeTensors.read(folder.url)
    }
    expectError(.badData, "/dev/zero: expected a file, found a device") {
      _ = try SafeTensors.read(URL(fileURLWithPath: "/dev/zero"))
    }
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    expectError(.badData, "\(pipe.path): expected a file, found a device") {
      _ = try SafeTensors.read(pipe)
    }
    let file = try folder.write([9], "file")
    expectError(.cannotWrite, "\(file.path)/x: cannot look at it: Not a directory") {
      try SafeTensors.write([:], to: file.appendingPathComponent("x"))
    }
  }
}
