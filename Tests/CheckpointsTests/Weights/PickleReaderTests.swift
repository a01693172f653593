import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct PickleReaderTests {
  private func read(_ bytes: [UInt8]) throws -> PickleReader.Result {
    try PickleReader.read(ByteSource(bytes, name: "f"), at: 0)
  }

  private func expectRefused(
    _ bytes: [UInt8], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(.badData, "f: byte \(message)", sourceLocation: sourceLocation) {
      _ = try read(bytes)
    }
  }

  @Test func plainValues() throws {
    func shown(_ code: [UInt8]) throws -> String { try read(code + [0x2E]).value.description }
    #expect(try shown([0x4A, 0xFE, 0xFF, 0xFF, 0xFF]) == "the number -2")
    #expect(try shown([0x4B, 255]) == "the number 255")
    #expect(try shown([0x4D, 1, 2]) == "the number 513")
    #expect(try shown([0x8A, 0]) == "the number 0")
    #expect(try shown([0x8A, 1, 0x80]) == "the number -128")
    #expect(try shown([0x8A, 3, 0, 0, 1]) == "the number 65536")
    #expect(try shown([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]) == "an integer of more than 64 bits")
    #expect(try shown([0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]) == "the number 1.5")
    #expect(try shown([0x55, 1, 0x61]) == "\"a\"")
    #expect(try shown([0x54, 1, 0, 0, 0, 0x61]) == "\"a\"")
    #expect(try shown([0x8C, 2, 0xC3, 0xA9]) == "\"é\"")
    #expect(try shown([0x88]) == "True" && shown([0x89]) == "False" && shown([0x4E]) == "None")
    #expect(try shown([0x4B, 1, 0x4B, 2, 0x30]) == "the number 1")
    #expect(try shown([0x4B, 1, 0x28, 0x4B, 2, 0x31]) == "the number 1")
    #expect(try shown([0x4B, 1, 0x28, 0x30]) == "the number 1")
  }

  @Test func containers() throws {
    let code: [UInt8] = [0x4B, 1, 0x4B, 2, 0x4B, 3, 0x87, 0x85, 0x4B, 4, 0x86, 0x2E]
    let nested = try read(code)
    #expect(nested.heap.tuples.map(\.count) == [3, 1, 2])
    #expect(nested.end == code.count)
    // Python 2 wrote OrderedDict([["a", 1]]).
    let pair = Pickle.emptyList + Pickle.text("a") + Pickle.append + [0x4B, 1] + Pickle.append
    let pairs = Pickle.tuple(Pickle.emptyList + pair + Pickle.append)
    let ordered = try read(
      Pickle.global("collections", "OrderedDict") + pairs + Pickle.reduce + Pickle.stop)
    #expect(ordered.value.description == "a dictionary")
    #expect(ordered.heap.value("a", in: 0)?.description == "the number 1")
  }

  @Test(arguments: [
    ("posix", "system"), ("os", "system"), ("nt", "system"), ("builtins", "eval"),
    ("builtins", "exec"), ("__builtin__", "eval"), ("subprocess", "Popen"),
    ("torch", "load"), ("torch._utils", "_rebuild_device_tensor_from_numpy"),
    ("torch.nn.modules.linear", "Linear"), ("collections", "OrderedDict.__class__"),
    ("numpy.core.multiarray", "scalar"), ("", ""),
  ])
  func globalsAreNamedAndNotCalled(module: String, name: String) {
    let call = Pickle.tuple(Pickle.text("touch /tmp/adjoint-was-here")) + Pickle.reduce
    let message =
      "expected a name that a state dictionary needs, such as torch._utils._rebuild_tensor_v2, found "
      + "\"\(module).\(name)\", which is not executed; torch.save(model.state_dict(), …) writes a "
      + "file without it"
    expectRefused(
      Pickle.start + Pickle.global(module, name) + call + Pickle.stop, "2: \(message)")
    let place = 4 + module.utf8.count + name.utf8.count
    let texts =
      [0x8C, UInt8(module.utf8.count)] + Array(module.utf8)
      + [0x8C, UInt8(name.utf8.count)] + Array(name.utf8)
    expectRefused(texts + [0x93] + call + Pickle.stop, "\(place): \(message)")
  }

  @Test(
    arguments: [
      (0x69, "INST (\"i\")"), (0x6F, "OBJ (\"o\")"), (0x81, "NEWOBJ (the byte 0x81)"),
      (0x92, "NEWOBJ_EX (the byte 0x92)"), (0x82, "EXT1 (the byte 0x82)"),
      (0x50, "PERSID (\"P\")"), (0x49, "INT (\"I\")"), (0x32, "DUP (\"2\")"),
      (0x00, "none (the byte 0x00)"), (0xFF, "none (the byte 0xff)"),
    ] as [(UInt8, String)])
  func instructionsAreNamed(code: UInt8, shown: String) {
    expectRefused(
      [0x80, 2, code],
      "2: expected an instruction that a state dictionary needs, found \(shown)")
  }

  /// Each byte either is an instruction that is known or one whose name is.
  @Test func everyInstructionOfPythonHasAName() {
    let known = (0...255).filter { PickleInstruction(rawValue: UInt8($0)) != nil }
    #expect(known.allSatisfy { PickleInstruction.refusedNames[UInt8($0)] == nil })
    // CPython 3.14 has 68.
    #expect(known.count + PickleInstruction.refusedNames.count == 68)
  }

  @Test func brokenPrograms() {
    expectRefused([], "0: expected an instruction, found the end")
    expectRefused([0x2E], "0: expected the result on the stack, found nothing")
    expectRefused([0x4E, 0x4E, 0x2E], "2: expected one result, found more")
    expectRefused([0x28, 0x2E], "1: expected the result on the stack, found nothing")
    expectRefused([0x4E, 0x28, 0x30, 0x74], "3: expected a mark on the stack, found none")
    expectRefused([0x4E, 0x28, 0x71, 0], "2: expected a value on the stack, found none")
    expectRefused([0x80, 1], "0: expected a pickle of protocol 2 to 5, found protocol 1")
    expectRefused([0x80, 6], "0: expected a pickle of protocol 2 to 5, found protocol 6")
    expectRefused(
      [0x68, 3], "0: expected a value that was kept, found none under the number 3")
    expectRefused([0x4E, 0x4E, 0x61], "2: expected a list to append to, found None")
    expectRefused(
      [0x4E, 0x4E, 0x4E, 0x73], "3: expected a dictionary to set items of, found None")
    expectRefused(
      [0x7D, 0x28, 0x4E, 0x75], "3: expected a value after each key, found a key without one")
    expectRefused(
      [0x4E, 0x29, 0x52], "2: expected a function and a tuple of arguments, found None and a tuple")
    expectRefused(
      [0x5D, 0x7D, 0x62],
      "2: expected attributes of a dictionary, found a dictionary as the state of a list")
    expectRefused([0x4E, 0x51], "1: expected a storage's description in a tuple, found None")
    expectRefused([0x4E, 0x4E, 0x93], "2: expected texts that name a global, found other values")
    expectRefused([0x8C, 1, 0xFF], "1: expected a text in UTF-8, found other bytes")
    expectRefused(
      Pickle.global("torch", "FloatStorage") + [0x29, 0x52],
      "21: expected arguments as torch.save writes them, found 0 for torch.FloatStorage")
    expectRefused(
      Pickle.global("torch._utils", "_rebuild_tensor_v2") + [0x29, 0x52],
      "34: expected arguments as torch.save writes them, found 0 for "
        + "torch._utils._rebuild_tensor_v2")
  }

  /// torch.save writes {'neg': True} behind a tensor whose sign is yet to be changed.
  @Test func tensorsThatAreNotWhatIsStored() throws {
    let sign = Pickle.emptyDictionary + Pickle.text("neg") + [0x88] + Pickle.setItem
    let tensor = Pickle.tensor(Pickle.storage(1), 0, [1], [1], metadata: sign)
    // The last byte is the instruction that makes it.
    expectRefused(
      Pickle.start + tensor + Pickle.stop,
      "\(Pickle.start.count + tensor.count - 1): expected a tensor without metadata, found some; save a "
        + "copy, such as tensor.clone()")
    for nothing in [Pickle.emptyDictionary, [0x4E]] {
      let plain = Pickle.tensor(Pickle.storage(1), 0, [1], [1], metadata: nothing)
      _ = try read(Pickle.start + plain + Pickle.stop)
    }
  }

  @Test func giantSizesTakeNoMemory() {
    expectRefused(
      [0x58, 0xFF, 0xFF, 0xFF, 0xFF],
      "1: expected a text of at most 1048576 bytes, found a length of 4294967295")
    expectRefused(
      [0x58, 0, 0, 0x10, 0, 0x61], "5: expected the 1048576 bytes of a text, found the end after 1")
    expectRefused(
      [0x95, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
      "0: expected a frame of at most the 0 bytes that follow, found a length of "
        + "18446744073709551615")
    expectRefused(
      [0x4E, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0x2E],
      "7: expected the result on the stack, found nothing")
    expectRefused(
      [0x63] + [UInt8](repeating: 0x61, count: 1_100_000),
      "1: expected a line of at most 1048576 bytes, found a longer one")
    expectRefused(
      [UInt8](repeating: 0x4E, count: 400_001),
      "399999: expected at most 400000 instructions, found more")
  }

  /// Lists in lists, each of them made before what it holds; freeing them must not recurse.
  @Test func deepNestingIsFreedFlat() throws {
    let depth = 190_000
    let lists = [UInt8](repeating: 0x5D, count: depth) + [UInt8](repeating: 0x61, count: depth - 1)
    #expect(try read(lists + Pickle.stop).heap.lists.count == depth)
    let tuples = Pickle.emptyTuple + [UInt8](repeating: 0x85, count: depth)
    #expect(try read(tuples + Pickle.stop).heap.tuples.count == depth + 1)
    let marks = [UInt8](repeating: 0x28, count: depth) + [UInt8](repeating: 0x74, count: depth)
    #expect(try read(marks + Pickle.stop).heap.tuples.count == depth)
  }

  /// Each tuple holds the one before twice: written out they would have 2¹⁰⁰ elements.
  @Test func memoBombsStaySmall() throws {
    var code = Pickle.emptyTuple
    for number in 0..<100 as Range<UInt8> {
      code += Pickle.put(number) + Pickle.get(number) + [0x86]
    }
    #expect(try read(code + Pickle.stop).heap.tuples.count == 101)
    // A list that holds itself.
    let cycle = Pickle.emptyList + Pickle.put(0) + Pickle.get(0) + Pickle.append + Pickle.stop
    #expect(try read(cycle).value.description == "a list")
  }

  @Test func storagesThatCannotBe() {
    let float = Pickle.global("torch", "FloatStorage")
    expectRefused(
      Pickle.storage(4, of: Pickle.global("torch._utils", "_rebuild_tensor")),
      "68: expected (\"storage\", class, key, device, number of elements), found (\"storage\", "
        + "torch._utils._rebuild_tensor, \"0\", \"cpu\", the number 4)")
    for count in [-1, Int.max, Int.min, Int.max / 4] {
      expectRefused(
        Pickle.storage(count, of: float),
        "58: expected a number of elements that can be counted, found \(count)")
    }
    expectRefused(
      Pickle.storage(4, of: float) + Pickle.storage(5, of: float),
      "117: expected the storage \"0\" as it was: 4 of F32, found 5 of F32")
    let view = Pickle.tuple(
      Pickle.text("storage"), float, Pickle.text("0"), Pickle.text("cpu"), Pickle.number(4),
      Pickle.emptyTuple)
    expectRefused(
      view + Pickle.persistentID,
      "59: expected a storage of its own under the key \"0\", found a view of another")
  }

  @Test(
    arguments: [
      (1, [4], [1], "a view inside the storage \"0\" of 4, found [4] with strides [1] from 1"),
      (-1, [4], [1], "a view inside the storage \"0\" of 4, found [4] with strides [1] from -1"),
      (-5, [0], [1], "a view inside the storage \"0\" of 4, found [0] with strides [1] from -5"),
      (
        0, [2, 2], [3, 1],
        "a view inside the storage \"0\" of 4, found [2, 2] with strides [3, 1] from 0"
      ),
      (
        0, [3], [Int.max],
        "a view inside the storage \"0\" of 4, found [3] with strides [9223372036854775807] from 0"
      ),
      (
        4, [2, 2], [Int.max - 3, Int.max - 3],
        "a view inside the storage \"0\" of 4, found [2, 2] with strides [9223372036854775804, "
          + "9223372036854775804] from 4"
      ),
      (
        0, [5], [0],
        "a place of its own for each element, as .contiguous() gives it, found [5] with strides [0] "
          + "from 0"
      ),
      (0, [-1], [1], "a shape of lengths from 0 to 2147483647, found [-1]"),
      (0, [1 << 31], [1], "a shape of lengths from 0 to 2147483647, found [2147483648]"),
      (
        0, [1 << 30, 1 << 30, 0], [0, 0, 0],
        "a shape of at most 2⁴⁸ elements, found [1073741824, 1073741824, 0]"
      ),
      (0, [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], "a shape of at most 6 axes, found 7"),
      (0, [2], [-1], "a stride from 0 upwards for each length of [2], found [-1]"),
      (0, [2], [], "a stride from 0 upwards for each length of [2], found []"),
    ] as [(Int, [Int], [Int], String)])
  func viewsThatCannotBe(offset: Int, lengths: [Int], strides: [Int], message: String) {
    let tensor = Pickle.tensor(Pickle.storage(4), offset, lengths, strides)
    expectRefused(tensor, "\(tensor.count - 1): expected \(message)")
  }

  @Test func viewsThatCanBe() throws {
    func views(_ offset: Int, _ lengths: [Int], _ strides: [Int]) throws -> TorchTensor {
      let code = Pickle.tensor(Pickle.storage(4), offset, lengths, strides) + Pickle.stop
      return try #require(try read(code).heap.tensors.first)
    }
    #expect(try views(0, [2, 2], [2, 1]).isContiguous)
    #expect(try views(0, [1, 4], [99, 1]).isContiguous)
    #expect(try !views(0, [2, 2], [1, 2]).isContiguous)
    #expect(try !views(0, [3], [0]).isContiguous)
    #expect(try views(4, [0], [1]).span == 0..<0)
    // PyTorch writes `torch.zeros(0, 6)[:, 5:]` with its offset, 5, into a storage of nothing.
    #expect(try views(5, [0, 1], [6, 1]).span == 0..<0)
    #expect(try views(Int.max, [0], [1]).isContiguous)
    #expect(try views(3, [], []).span == 3..<4)
    #expect(try views(1, [2], [2]).span == 1..<4)
  }
}
