import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Weight files that were made to take memory, to run something, or to be taken for others.
@Suite struct HostileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private func expectRefused(
    _ bytes: [UInt8], _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let file = try folder.write(bytes, "f")
    let peak = peakMemory {
      expectError(.badData, "\(file.path): \(words)", sourceLocation: sourceLocation) {
        _ = try StateFile.read(file)
      }
    }
    #expect(peak ?? 0 < 4 * bytes.count + 64_000_000, sourceLocation: sourceLocation)
  }

  /// Each member for itself is possible.
  @Test func manyMembersMakeABomb() throws {
    let members = (0..<8).map { ("a/data/\($0)", [UInt8](repeating: 0, count: 10_000)) }
    let claims = storedZip(members, method: 8, claimedSize: 10_000_000)
    try expectRefused(
      claims,
      "expected at most \(60_000_000 + 4 * claims.count - 8 * 512) bytes unpacked from \(claims.count), found members "
        + "of 80000000; store them unpacked")
  }

  /// Bytes become float32: four times the storage, and the storage itself.
  @Test func narrowNumbersTakeFourTimesTheirBytes() throws {
    let count = 70_000_000
    let object = Pickle.dictionary([
      (
        Pickle.text("x"),
        Pickle.tensor(
          Pickle.storage(count, of: Pickle.global("torch", "ByteStorage")), 0, [count], [1])
      )
    ])
    let bytes = torchStream(object, [("0", count, [UInt8](repeating: 1, count: count))])
    try expectRefused(
      bytes,
      "expected tensors that take at most \(60_000_000 + 4 * bytes.count) bytes to read from \(bytes.count), found some "
        + "that take \(5 * count)")
  }

  /// A list of pairs that is made a dictionary of again and again.
  @Test func dictionariesOfDictionaries() throws {
    let pair = Pickle.tuple(Pickle.text("k"), Pickle.none)
    var object = Pickle.start + Pickle.emptyList + Pickle.put(0)
    for _ in 0..<3000 { object += pair + Pickle.append }
    let ordered = Pickle.global("collections", "OrderedDict") + Pickle.put(1)
    object += ordered
    let loop = Pickle.get(1) + Pickle.tuple(Pickle.get(0)) + Pickle.reduce
    let start = object.count
    for _ in 0..<2000 { object += loop }
    let place = start + 133 * loop.count + loop.count - 1
    let prefix = torchStream([]).count - Pickle.start.count - Pickle.emptyList.count - 1
    try expectRefused(
      torchStream(object + Pickle.stop),
      "byte \(prefix + place): expected at most 400000 pairs of ordered dictionaries, found more")
  }

  @Test(arguments: [
    ("os", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("posix", "system"),
    ("subprocess", "Popen"),
    ("torch", "load"), ("numpy.core.multiarray", "_reconstruct"),
    ("torch._utils", "_rebuild_tensor_v2\\x00"),
  ])
  func functionsAreNotCalled(module: String, name: String) throws {
    let marker = folder.file("marker").path
    let call =
      Pickle.global(module, name) + Pickle.tuple(Pickle.text("touch \(marker)")) + Pickle.reduce
    let prefix = torchStream([]).count - Pickle.start.count - Pickle.emptyList.count - 1
    let shown = "\(module).\(name)".replacing("\\", with: "\\\\")
    try expectRefused(
      torchStream(Pickle.start + call + Pickle.stop),
      "byte \(prefix + 2): expected a name that a state dictionary needs, such as torch._utils._rebuild_tensor_v2, found "
        + "\"\(shown)\", which is not executed; torch.save(model.state_dict(), …) writes a file without it"
    )
    #expect(try folder.contents == ["f"])
  }

  // MARK: JSON

  @Test func deepJSON() throws {
    for open in ["[", "{\"a\":"] {
      let text = String(repeating: open, count: 100_000)
      let file = try folder.write(Array(text.utf8), "a.json")
      expectError(
        .badData,
        "\(file.path): byte \(64 * open.utf8.count): expected at most 64 levels of nesting, found more"
      ) { _ = try StrictJSON.read(file) }
    }
  }

  @Test func keysThatOccurTwice() throws {
    let file = try folder.write(Array(#"{"rate":0.1,"b":{"c":1,"c":2},"rate":10}"#.utf8), "a.json")
    expectError(
      .badData,
      "\(file.path): byte 23: expected each key of an object once, found \"c\" a second time"
    ) { _ = try StrictJSON.read(file) }
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity", "1e", "01", "+1", ".5", "nan", "0x1"])
  func numbersThatAreNone(text: String) throws {
    let file = try folder.write(Array("{\"rate\":\(text)}".utf8), "a.json")
    expectError(.badData, "\(file.path): byte 8: expected a value, found \(text)") {
      _ = try StrictJSON.read(file)
    }
  }

  @Test func longJSON() throws {
    let file = try folder.write([UInt8](repeating: 0x20, count: (1 << 20) + 1), "a.json")
    expectError(.badData, "\(file.path): expected at most 1048576 bytes of JSON, found 1048577") {
      _ = try StrictJSON.read(file)
    }
  }
}
