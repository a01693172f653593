import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct NPZTests {
  /// What NumPy wrote: numpy.savez_compressed(file, bytes=numpy.arange(24, dtype=numpy.uint8)
  /// .reshape(2, 3, 4) * 10, short=[[-2], [300]] as >i2, long=[−2⁶³, 2⁶³ − 1, 7] as int64,
  /// unsigned=[65535, 1] as uint16, tiny=[-1, 127] as int8, huge=[1, 2⁶³] as uint64, real=ones(2) as
  /// float32, turned=zeros((2, 3)) as uint8 in Fortran order).
  static let written = """
    UEsDBC0AAAAIAAAAIQAIXJZG//////////8JABQAYnl0ZXMubnB5AQAQAJgAAAAAAAAAYgAAAAAAAACb7BfqGxDJyFDGUK
    2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGOgommjoKtQrkAS4GLhE5DSMbt4Co
    lLyKpp5pC1Zt2Xfi0p1nAFBLAwQtAAAACAAAACEAQ9DdnP//////////CQAUAHNob3J0Lm5weQEAEACEAAAAAAAAAEoAAA
    AAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpdppK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKhpo6CrUK
    ZAOu//8YdQBQSwMELQAAAAgAAAAhAJ+ZLUf//////////wgAFABsb25nLm5weQEAEACYAAAAAAAAAE4AAAAAAAAAm+wX6h
    sQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALgYIaPgPAfXs
    UAEAUEsDBC0AAAAIAAAAIQA0izFu//////////8MABQAdW5zaWduZWQubnB5AQAQAIQAAAAAAAAASAAAAAAAAACb7BfqGx
    DJyFDGUK2eklqcXKRupaBuU2qkrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFACu//8ZGQBQSwME
    LQAAAAgAAAAhAHzkcwL//////////wgAFAB0aW55Lm5weQEAEACCAAAAAAAAAEYAAAAAAAAAm+wX6hsQychQxlCtnpJanF
    ykbqWgXpNpqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQArv/1AFBLAwQtAAAACAAAACEA8OmQ
    7P//////////CAAUAGh1Z2UubnB5AQAQAJAAAAAAAAAASQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuU2qhrqOgnp
    ZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYU0AAAUEsDBC0AAAAIAAAAIQB8PpIc//////////8I
    ABQAcmVhbC5ucHkBABAAiAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJ
    IKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GhgZ7EAYAUEsDBC0AAAAIAAAAIQBH665E//////////8KABQAdHVybmVk
    Lm5weQEAEACGAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSDykqTQ
    UKF2ckFqQCuRpGOgrGmjoKtQrkAy4GMAAAUEsBAi0DLQAAAAgAAAAhAAhclkZiAAAAmAAAAAkAAAAAAAAAAAAAAIABAAAA
    AGJ5dGVzLm5weVBLAQItAy0AAAAIAAAAIQBD0N2cSgAAAIQAAAAJAAAAAAAAAAAAAACAAZ0AAABzaG9ydC5ucHlQSwECLQ
    MtAAAACAAAACEAn5ktR04AAACYAAAACAAAAAAAAAAAAAAAgAEiAQAAbG9uZy5ucHlQSwECLQMtAAAACAAAACEANIsxbkgA
    AACEAAAADAAAAAAAAAAAAAAAgAGqAQAAdW5zaWduZWQubnB5UEsBAi0DLQAAAAgAAAAhAHzkcwJGAAAAggAAAAgAAAAAAA
    AAAAAAAIABMAIAAHRpbnkubnB5UEsBAi0DLQAAAAgAAAAhAPDpkOxJAAAAkAAAAAgAAAAAAAAAAAAAAIABsAIAAGh1Z2Uu
    bnB5UEsBAi0DLQAAAAgAAAAhAHw+khxKAAAAiAAAAAgAAAAAAAAAAAAAAIABMwMAAHJlYWwubnB5UEsBAi0DLQAAAAgAAA
    AhAEfrrkRIAAAAhgAAAAoAAAAAAAAAAAAAAIABtwMAAHR1cm5lZC5ucHlQSwUGAAAAAAgACAC4AQAAOwQAAAAA
    """

  private func numPyFile(in folder: TemporaryFolder) throws -> URL {
    let bytes = try #require(
      Data(base64Encoded: Self.written, options: .ignoreUnknownCharacters))
    return try folder.write(bytes, "numpy.npz")
  }

  @Test func readsWhatNumPyWrote() throws {
    let folder = try TemporaryFolder()
    let archive = try NPZ(numPyFile(in: folder))
    #expect(
      archive.names
        == ["bytes", "short", "long", "unsigned", "tiny", "huge", "real", "turned"])
    let bytes = try archive.bytes("bytes")
    #expect(bytes.shape == [2, 3, 4])
    let tens = Array(stride(from: 0, to: 240, by: 10))
    #expect(bytes.elements == tens.map(UInt8.init))
    #expect(try archive.integers("bytes").elements == tens.map(Int64.init))
    let short = try archive.integers("short")
    #expect(short.shape == [2, 1] && short.elements == [-2, 300])
    #expect(try archive.integers("long").elements == [.min, .max, 7])
    #expect(try archive.integers("unsigned").elements == [65535, 1])
    #expect(try archive.integers("tiny").elements == [-1, 127])
  }

  @Test func elementsThatAreNotTaken() throws {
    let folder = try TemporaryFolder()
    let archive = try NPZ(numPyFile(in: folder))
    let path = archive.file.path
    expectError(
      .badData, "\(path): short.npy: offset 10: expected elements |u1, found >i2"
    ) { _ = try archive.bytes("short") }
    expectError(
      .badData,
      """
      \(path): real.npy: offset 10: expected elements |u1, |i1, <u2, <i2, <u4, <i4, <u8, <i8, >u2, \
      >i2, >u4, >i4, >u8 or >i8, found <f4
      """
    ) { _ = try archive.integers("real") }
    expectError(
      .badData,
      """
      \(path): huge.npy: offset 136: expected a number of at most 9223372036854775807, found \
      9223372036854775808
      """
    ) { _ = try archive.integers("huge") }
    expectError(
      .badData,
      """
      \(path): turned.npy: offset 10: expected C order, found Fortran order; save \
      numpy.ascontiguousarray of it
      """
    ) { _ = try archive.bytes("turned") }
  }

  @Test func membersThatAreMissing() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("a.npz")
    try NPZ.write([.init("x", shape: [2], bytes: [1, 2])], to: file)
    expectError(.badData, "\(file.path): expected a member y.npy, found x.npy") {
      _ = try NPZ(file).bytes("y")
    }
    expectError(.noInput, "\(folder.path)/b.npz: cannot be opened: No such file or directory") {
      _ = try NPZ(folder.file("b.npz"))
    }
    try folder.write(Array("something else".utf8), "c.npz")
    expectError(
      .badData, "\(folder.path)/c.npz: cannot be opened as a zip archive: Not a zip archive"
    ) { _ = try NPZ(folder.file("c.npz")) }
  }

  /// A header that claims more than there is takes no memory for it.
  @Test func claimsThatAreTooLarge() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("a.npz")
    let claim = NPYHeader.encode(type: "|u1", shape: [1 << 20, 1 << 20])
    try NPZ.write([.init("x", raw: claim + [1, 2, 3])], to: file)
    expectError(
      .badData,
      """
      \(file.path): x.npy: offset 128: expected 1099511627776 bytes of elements |u1, shape [1048576, \
      1048576], found 3 bytes
      """
    ) { _ = try NPZ(file).bytes("x") }
    let overflowing = NPYHeader.encode(type: "<i8", shape: [1 << 30, 1 << 30, 2])
    try NPZ.write([.init("x", raw: overflowing)], to: file)
    expectError(
      .badData,
      """
      \(file.path): x.npy: offset 10: expected at most six axes of sensible lengths, found \
      [1073741824, 1073741824, 2]
      """
    ) { _ = try NPZ(file).integers("x") }
    // The directory makes the same claim: its size is 24 bytes into the entry, after "PK\u{1}\u{2}".
    try NPZ.write(
      [.init("x", raw: NPYHeader.encode(type: "|u1", shape: [1 << 31 - 129]))], to: file)
    var bytes = [UInt8](try Data(contentsOf: file))
    let entry = try #require(bytes.indices.first { bytes[$0...].starts(with: [80, 75, 1, 2]) })
    bytes.replaceSubrange(entry + 24..<entry + 28, with: [0xFF, 0xFF, 0xFF, 0x7F])
    let packed = Int(bytes[entry + 20]) | Int(bytes[entry + 21]) << 8
    try folder.write(bytes, "a.npz")
    expectError(
      .badData,
      """
      \(file.path): x.npy: expected at most \(packed * 1032) bytes from \(packed) packed ones, found a \
      size of 2147483647
      """
    ) { _ = try NPZ(file).bytes("x") }
  }

  @Test func theSameArraysMakeTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let members: [NPZ.Member] = [
      .init("x", shape: [3], bytes: [1, 2, 3]), .init("n", shape: [2], integers: [-1, 1 << 40]),
    ]
    for name in ["a.npz", "b.npz"] { try NPZ.write(members, to: folder.file(name)) }
    #expect(
      try Data(contentsOf: folder.file("a.npz")) == Data(contentsOf: folder.file("b.npz")))
    #expect(try NPZ(folder.file("a.npz")).integers("n").elements == [-1, 1 << 40])
    #expect(try folder.contents == ["a.npz", "b.npz"])
  }

  /// What a process that was killed has left goes, and what stood there stays until the new file is whole.
  @Test func anOlderFileIsReplaced() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("a.npz")
    try NPZ.write([.init("old", shape: [1], bytes: [1])], to: file)
    try folder.write([1], "a.npz.0123456789abcdef.part")
    expectError(.cannotWrite, "\(file.path): cannot be written: File already exists") {
      try NPZ.write(
        [.init("x", shape: [1], bytes: [1]), .init("x", shape: [1], bytes: [2])], to: file)
    }
    #expect(try folder.contents == ["a.npz"])
    #expect(try NPZ(file).names == ["old"])
    try NPZ.write([.init("new", shape: [1], bytes: [2])], to: file)
    #expect(try folder.contents == ["a.npz"])
    #expect(try NPZ(file).names == ["new"])
  }

  @Test func aFolderThatTakesNoFile() throws {
    let file = try TemporaryFolder().file("no/a.npz")
    expectError(.cannotWrite, "\(file.path): cannot be written: No such file or directory") {
      try NPZ.write([.init("x", shape: [1], bytes: [1])], to: file)
    }
  }

  /// NumPy would take the last of them, others the first.
  @Test func aNameThatOccursTwice() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(storedZip([("x.npy", [1]), ("x.npy", [2])]), "a.npz")
    expectError(.badData, "\(file.path): expected each member once, found \"x.npy\" twice") {
      _ = try NPZ(file)
    }
  }

  @Test func anEndThatClaimsTooMuch() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      with64BitEnd(storedZip([("x.npy", [1])]), promising: 1 << 40), "a.npz")
    expectError(
      .badData, "\(file.path): expected at most 65535 members, found an end that claims more"
    ) { _ = try NPZ(file) }
  }
}
