import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct StateFileTests {
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

  private let numbers: [UInt8] = [1, 1.5, -2, 4].flatMap { (number: Float) in
    littleEndian(Int(number.bitPattern), 4)
  }

  private func dictionary(_ tensor: [UInt8], name: String = "x") -> [UInt8] {
    Pickle.dictionary([(Pickle.text(name), tensor)])
  }

  private var square: [UInt8] { Pickle.tensor(Pickle.storage(4), 0, [2, 2], [2, 1]) }

  @Test func readsSafetensors() throws {
    let url = try folder.write(ReferenceFiles.narrow, "f")
    let tensors = try StateFile.read(url)
    #expect(tensors["f16"]?.dtype == .float32)
    let narrow = ["i16", "u16", "i8", "u8", "bool"]
    #expect(narrow.allSatisfy { tensors[$0]?.dtype == .float32 })
    #expect(tensors["i64"]?.dtype == .float64)
    #expect(tensors["i64"]?.doubles == [2_147_483_647, -2_147_483_648, 0])
    #expect(tensors["bool"]?.doubles == [1, 0])
  }

  @Test func takesPrefixesOffThatAllNamesHave() throws {
    let url = folder.file("f")
    func names(_ names: String...) throws -> [String] {
      let one = Tensor.ones([1])
      try SafeTensors.write(
        Dictionary(uniqueKeysWithValues: names.map { ($0, one) }), to: url)
      return try StateFile.read(url).keys.sorted()
    }
    #expect(try names("module.a", "module.b") == ["a", "b"])
    #expect(try names("_orig_mod.module.a", "_orig_mod.module.module.b") == ["a", "module.b"])
    #expect(try names("module.a", "modules.b") == ["module.a", "modules.b"])
    #expect(try names("model.a", "model._orig_mod.b") == ["_orig_mod.b", "a"])
    #expect(try names("model.a", "criterion.b") == ["criterion.b", "model.a"])
    #expect(try names("module.") == ["module."])
    #expect(try names() == [])
  }

  @Test func refusesOtherFiles() throws {
    let expected = "byte 0: expected weights as safetensors or torch.save write them, found "
    try expectRefused([], expected + "an empty file")
    try expectRefused([1, 0xAB], expected + "the bytes 01 ab")
    try expectRefused(Array("<!DOCTYPE html>".utf8), expected + "the bytes 3c 21 44 4f 43 54 59 50")
    try expectRefused(
      Array("version https://git-lfs.github.com/spec/v1\n".utf8),
      expected + "a pointer of Git LFS: the file itself was not fetched")
    try expectRefused([0x89] + Array("HDF\r\n\u{1A}\n".utf8), expected + "an HDF5 file")
    try expectRefused(
      [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8) + [0],
      expected + "a tar file, as torch.save wrote it before version 0.2")
    let missing = folder.file("missing")
    expectError(.noInput, "\(missing.path): cannot be opened: No such file or directory") {
      _ = try StateFile.read(missing)
    }
    expectError(.badData, "\(folder.path): expected a file, found a folder") {
      _ = try StateFile.read(folder.url)
    }
  }

  // MARK: The older format

  @Test func readsAStream() throws {
    let url = try folder.write(torchStream(dictionary(square), [("0", 4, numbers)]), "f")
    #expect(try StateFile.read(url)["x"]?.floats == [1, 1.5, -2, 4])
    let empty = try folder.write(torchStream(Pickle.dictionary([])), "f")
    #expect(try StateFile.read(empty).isEmpty)
  }

  @Test func refusesStreamsThatDoNotFit() throws {
    let object = dictionary(square)
    let keys = 15 + 13 + 24 + object.count
    let sizes = keys + 11
    try expectRefused(
      Pickle.start + Pickle.number(7) + Pickle.stop + [0, 0],
      "byte 0: expected the magic number of torch.save, found the number 7")
    try expectRefused(
      torchStream(object, version: 1000),
      "byte 15: expected version 1001 of torch.save's format, found the number 1000")
    try expectRefused(
      torchStream(object, littleEndianFlag: 0x89),
      "byte 28: expected little_endian: True in a dictionary, found a dictionary")
    try expectRefused(
      torchStream(object), "byte \(keys): expected the key \"0\" in the list, found none")
    try expectRefused(
      torchStream(object, [("1", 4, numbers)]),
      "byte \(keys): expected the key of each storage once, found \"1\"")
    try expectRefused(
      torchStream(object, [("0", 4, numbers), ("0", 4, numbers)]),
      "byte \(keys): expected the key of each storage once, found \"0\"")
    try expectRefused(
      torchStream(object, [("0", -1, numbers)]),
      "byte \(sizes): expected 4 elements of the storage \"0\", found 18446744073709551615")
    try expectRefused(
      torchStream(object, [("0", 4, Array(numbers.dropLast()))]),
      "byte \(sizes + 8): expected 16 bytes of the storage \"0\", found 15")
    try expectRefused(
      torchStream(object, [("0", 4, numbers + [7])]),
      "byte \(sizes + 24): expected the end of the file, found 1 more bytes")
    let terabytes = dictionary(
      Pickle.tensor(Pickle.storage(1 << 40), 0, [1 << 20, 1 << 20], [1 << 20, 1]))
    try expectRefused(
      torchStream(terabytes, [("0", 1 << 40, numbers)]),
      "byte \(15 + 13 + 24 + terabytes.count + 19): expected 4398046511104 bytes of the storage "
        + "\"0\", found 16")
  }

  /// As training programs save weights beside the number of the epoch, under names of their own.
  @Test func dictionariesUnderOtherNames() throws {
    let folder = try TemporaryFolder()
    let inner = Pickle.emptyDictionary + Pickle.text("x") + square + Pickle.setItem
    let other = Pickle.emptyDictionary + Pickle.text("y") + square + Pickle.setItem
    let epoch = (key: Pickle.text("epoch"), value: [0x4B, 3] as [UInt8])
    let one = try folder.write(
      torchStream(
        Pickle.dictionary([(Pickle.text("net"), inner), epoch]), [("0", 4, numbers)]), "one.pth")
    var notes: [String] = []
    #expect(try StateFile.read(one) { notes.append($0) }.keys.sorted() == ["x"])
    #expect(
      notes == ["\(one.path): reads what is under \"net\"; what is beside it is left out"])
    let two = try folder.write(
      torchStream(
        Pickle.dictionary([(Pickle.text("net"), inner), epoch, (Pickle.text("ema"), other)]),
        [("0", 4, numbers)]), "two.pth")
    expectError(
      .badData,
      "\(two.path): expected one state dictionary, found those under \"net\", \"ema\": "
        + "StateFile.read(_:under:) takes one of them"
    ) { _ = try StateFile.read(two) }
    #expect(try StateFile.read(two, under: "ema").keys.sorted() == ["y"])
    for (key, found) in [("epoch", "the number 3"), ("nte", "none")] {
      expectError(
        .badData,
        "\(two.path): expected a state dictionary under \"\(key)\", found \(found)"
      ) { _ = try StateFile.read(two, under: key) }
    }
    let safe = folder.file("a.safetensors")
    try SafeTensors.write(["x": .ones([2])], to: safe)
    expectError(
      .badData,
      "\(safe.path): expected a file of torch.save, which has dictionaries, found safetensors"
    ) { _ = try StateFile.read(safe, under: "net") }
  }

  @Test func refusesWhatIsNoStateDictionary() throws {
    try expectRefused(
      torchStream(Pickle.start + Pickle.none + Pickle.stop),
      "expected a state dictionary, found None")
    try expectRefused(
      torchStream(Pickle.dictionary([(Pickle.text("epoch"), [0x4B, 3])])),
      "expected a tensor under \"epoch\", found the number 3: neither a state dictionary, nor one "
        + "under \"state_dict\", \"model_state_dict\", \"model\"")
    let inner = Pickle.emptyDictionary + Pickle.text("y") + Pickle.none + Pickle.setItem
    try expectRefused(
      torchStream(Pickle.dictionary([(Pickle.text("model"), inner)])),
      "expected a tensor under \"y\", found None")
    try expectRefused(
      torchStream(Pickle.dictionary([(Pickle.none, square)]), [("0", 4, numbers)]),
      "expected a text for each tensor's name, found None")
    try expectRefused(
      torchStream(
        Pickle.dictionary([(Pickle.text("x"), square), (Pickle.text("x"), square)]),
        [("0", 4, numbers)]),
      "expected each name once, found \"x\" twice")
  }

  @Test func viewsOfAStorageHaveTheirBounds() throws {
    func views(_ count: Int, of offset: (Int) -> Int) -> [UInt8] {
      let items = (0..<count).map {
        (Pickle.text("\($0)"), Pickle.tensor(Pickle.storage(8), offset($0), [4], [1]))
      }
      return torchStream(Pickle.dictionary(items), [("0", 8, numbers + numbers)])
    }
    // The same view any number of times takes no more memory than once.
    let tied = try StateFile.read(try folder.write(views(100) { _ in 2 }, "f"))
    #expect(tied.count == 100 && tied.values.allSatisfy { $0.floats == [-2, 4, 1, 1.5] })
    let shifted = try StateFile.read(try folder.write(views(5) { $0 }, "f"))
    #expect(shifted["1"]?.floats == [1.5, -2, 4, 1])
    let squares = (1...4).flatMap { offset in
      (1...4).map { (offset, $0) }
    }.enumerated().map { number, view in
      (
        Pickle.text("\(number)"),
        Pickle.tensor(Pickle.storage(8), view.0, [2, 2], [1, min(view.1, 7 - view.0 - 1)])
      )
    }
    try expectRefused(
      torchStream(Pickle.dictionary(squares), [("0", 8, numbers + numbers)]),
      "storage \"0\": expected views that have together at most 4 times its 8 elements, found 52")
  }

  @Test func numbersThatAreNone() throws {
    func file(_ type: String, _ bytes: [UInt8], stride: Int = 1) -> [UInt8] {
      let count = bytes.count / (type == "LongStorage" ? 8 : 1)
      let storage = Pickle.storage(count, of: Pickle.global("torch", type))
      return torchStream(
        dictionary(Pickle.tensor(storage, 0, [2], [stride])), [("0", count, bytes)])
    }
    let truth = file("BoolStorage", [1, 2])
    try expectRefused(
      truth, "byte \(truth.count - 1): tensor \"x\": expected 0 or 1 for BOOL, found 2")
    try expectRefused(
      file("BoolStorage", [1, 0, 2], stride: 2),
      "the elements of \"x\", row-major: byte 1: tensor \"x\": expected 0 or 1 for BOOL, found 2")
    let whole = file("LongStorage", littleEndian(0, 8) + littleEndian(1 << 53 + 1, 8))
    try expectRefused(
      whole,
      "byte \(whole.count - 8): tensor \"x\": expected a whole number that float64 holds exactly, "
        + "found 9007199254740993")
  }
}
