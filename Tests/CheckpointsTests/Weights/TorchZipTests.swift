import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct TorchZipTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private func expectRefused(
    _ bytes: [UInt8], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let url = try folder.write(bytes, "f")
    expectError(.badData, "\(url.path): \(message)", sourceLocation: sourceLocation) {
      _ = try StateFile.read(url)
    }
  }

  /// A dictionary of one vector of so many float32 for each key.
  private func pickle(_ count: Int, _ keys: String...) -> [UInt8] {
    Pickle.dictionary(
      keys.map {
        (Pickle.text($0), Pickle.tensor(Pickle.storage(count, key: $0), 0, [count], [1]))
      })
  }

  @Test func readsAMember() throws {
    let url = try folder.write(
      storedZip([("a/data.pkl", pickle(1, "0")), ("a/data/0", [0, 0, 0x80, 0x3F])]), "f")
    #expect(try StateFile.read(url)["0"]?.floats == [1])
  }

  @Test func refusesOtherArchives() throws {
    try expectRefused(
      storedZip([]), "expected one member NAME/data.pkl, as torch.save writes it, found no member")
    try expectRefused(
      storedZip([("x.npy", [1]), ("a/b/data.pkl", [1]), ("data.pkl", [])]),
      "expected one member NAME/data.pkl, as torch.save writes it, found members such as "
        + "\"a/b/data.pkl\", \"data.pkl\", \"x.npy\"")
    try expectRefused(
      storedZip([("a/data.pkl", [1]), ("b/data.pkl", [1])]),
      "expected one member NAME/data.pkl, as torch.save writes it, found members such as "
        + "\"a/data.pkl\", \"b/data.pkl\"")
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "0")), ("a/data.pkl", [])]),
      "expected each member once, found \"a/data.pkl\" twice")
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "0")), ("a/byteorder", Array("big".utf8))]),
      "\"a/byteorder\": expected little, found another order of bytes")
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "0") + [0])]),
      "\"a/data.pkl\": byte \(pickle(1, "0").count): expected the end, found 1 more bytes")
    try expectRefused(
      storedZip([("a/data.pkl", Pickle.global("posix", "system"))]),
      "\"a/data.pkl\": byte 0: expected a name that a state dictionary needs, such as "
        + "torch._utils._rebuild_tensor_v2, found \"posix.system\", which is not executed; "
        + "torch.save(model.state_dict(), …) writes a file without it")
    try expectRefused(
      [0x50, 0x4B, 3, 4], "cannot be opened as a zip archive: Not a zip archive")
  }

  @Test func refusesStoragesThatDoNotFit() throws {
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "0"))]),
      "expected the member \"a/data/0\", found none")
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "0")), ("a/data/0", [1, 2, 3])]),
      "\"a/data/0\": expected 4 bytes for 1 of F32, found 3")
    try expectRefused(
      storedZip([("a/data.pkl", pickle(1, "../0"))]),
      "expected the member \"a/data/../0\", found none")
    try expectRefused(
      storedZip([("a/data.pkl", [UInt8](repeating: 0, count: 10))], claimedSize: 1 << 31),
      "\"a/data.pkl\": expected at most 10 bytes from 10 packed ones, found a size of 2147483648")
  }

  /// The end of a 64-bit archive that says how many members there are.
  @Test(arguments: [1, 2, 1 << 26, 1 << 40, 1 << 62])
  func claimsOfManyMembersTakeNoMemory(count: Int) throws {
    let whole = storedZip([("a/data.pkl", pickle(1, "0"))])
    try expectRefused(
      with64BitEnd(whole, promising: count),
      count == 1
        ? "expected the member \"a/data/0\", found none"
        : count == 2
          ? "cannot be opened as a zip archive: Zip archive inconsistent"
          : "expected at most 65535 members, found an end that claims more")
  }

  /// Members that share their place in the file would make much memory out of a small file.
  @Test func overlappingStoragesAreRefused() throws {
    let keys = (0..<9).map(String.init)
    let object = Pickle.dictionary(
      keys.map {
        (Pickle.text($0), Pickle.tensor(Pickle.storage(1000, key: $0), 0, [1000], [1]))
      })
    let bytes = [UInt8](repeating: 0, count: 4000)
    let whole = storedZip(
      [("a/data.pkl", object)] + keys.map { ("a/data/\($0)", bytes) })
    let url = try folder.write(whole, "f")
    #expect(try StateFile.read(url).count == 9)
    // The directory's places of all storages become that of the first.
    var overlapping = whole
    let first = 30 + 10 + object.count
    let size = 30 + 8 + 4000
    for (number, key) in keys.enumerated() {
      let name = Array("a/data/\(key)".utf8)
      let last = try #require(
        overlapping.indices.last { overlapping[$0...].starts(with: name) })
      #expect(Array(overlapping[(last - 4)..<last]) == littleEndian(first + number * size, 4))
      overlapping.replaceSubrange((last - 4)..<last, with: littleEndian(first, 4))
    }
    // With what lies between them cut out, the file is smaller than what they claim together.
    overlapping.removeSubrange((first + size)..<(first + 9 * size))
    let end = overlapping.count - 22
    let directory = first + size
    overlapping.replaceSubrange((end + 16)..<(end + 20), with: littleEndian(directory, 4))
    try expectRefused(
      overlapping,
      "expected storages of at most the \(overlapping.count) bytes of the file, found 36000: they "
        + "overlap")
  }
}
