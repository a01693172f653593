import Tensors

/// Reads a pickle of plain values and descriptions of tensors; it executes nothing.
///
/// Pickles are programs for a stack machine that may call any function of Python. This machine knows only
/// the instructions that dictionaries of tensors need, and for each function of ``PickleGlobal`` what it
/// would have returned. Everything else is an error that names it and its place.
struct PickleReader {
  /// More are refused: what is kept for one takes more memory than its byte.
  static let maximumInstructions = 400_000

  private var input: PickleBytes
  private(set) var heap = PickleHeap()
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [UInt64: PickleValue] = [:]
  private var storages: [String: Int] = [:]
  /// Pairs that were copied from lists, which one instruction makes many of.
  private var copiedPairs = 0
  /// Where the instruction that is carried out begins.
  private var start = 0

  private init(_ source: ByteSource, at place: Int) { input = PickleBytes(source, at: place) }

  /// What a pickle leaves behind.
  struct Result {
    let value: PickleValue
    let heap: PickleHeap
    /// The byte after its last instruction.
    let end: Int
  }

  /// Reads the pickle that begins at a place.
  static func read(_ source: ByteSource, at place: Int) throws -> Result {
    var reader = PickleReader(source, at: place)
    for _ in 0..<maximumInstructions {
      if let value = try reader.step() {
        return Result(value: value, heap: reader.heap, end: reader.input.place)
      }
    }
    throw reader.failure("at most \(maximumInstructions) instructions", "more")
  }

  private func failure(_ expected: String, _ found: String) -> AdjointError {
    input.failure(expected, found, at: start)
  }

  /// Carries out one instruction; returns the result after the last one.
  private mutating func step() throws -> PickleValue? {
    start = input.place
    let code = try input.byte("an instruction")
    guard let instruction = PickleInstruction(rawValue: code) else {
      let name = PickleInstruction.refusedNames[code] ?? "none"
      throw failure(
        "an instruction that a state dictionary needs", "\(name) (\(JSONText.shown(byte: code)))")
    }
    switch instruction {
    case .stop:
      let result = try pop("the result")
      guard stack.isEmpty && marks.isEmpty else { throw failure("one result", "more") }
      return result
    case .protocolVersion:
      let version = try input.byte("the protocol's version")
      guard (2...5).contains(version) else {
        throw failure("a pickle of protocol 2 to 5", "protocol \(version)")
      }
    case .frame: try frame()

    case .mark: marks.append(stack.count)
    case .pop where marks.last == stack.count: _ = try popToMark()
    case .pop: _ = try pop("a value")
    case .popMark: _ = try popToMark()
    case .binaryGet: try recall(size: 1)
    case .longBinaryGet: try recall(size: 4)
    case .binaryPut: memo[try input.unsigned(1, "a memo's number")] = try top()
    case .longBinaryPut: memo[try input.unsigned(4, "a memo's number")] = try top()
    case .memoize: memo[UInt64(memo.count)] = try top()

    case .none: stack.append(.none)
    case .newTrue: stack.append(.boolean(true))
    case .newFalse: stack.append(.boolean(false))
    case .binaryInteger:
      let bits = UInt32(truncatingIfNeeded: try input.unsigned(4, "a number"))
      stack.append(.integer(Int(Int32(bitPattern: bits))))
    case .binaryInteger1: stack.append(.integer(Int(try input.unsigned(1, "a number"))))
    case .binaryInteger2: stack.append(.integer(Int(try input.unsigned(2, "a number"))))
    case .long1: stack.append(try long())
    case .binaryFloat:
      let bits = try input.bytes(8, "a number").reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      stack.append(.real(Double(bitPattern: bits)))
    case .shortBinaryString, .shortBinaryUnicode:
      stack.append(.text(try input.text(lengthSize: 1)))
    case .binaryString, .binaryUnicode: stack.append(.text(try input.text(lengthSize: 4)))

    case .emptyTuple: pushTuple([])
    case .tuple1: pushTuple(try popElements(1))
    case .tuple2: pushTuple(try popElements(2))
    case .tuple3: pushTuple(try popElements(3))
    case .tuple: pushTuple(try popToMark())
    case .emptyList:
      heap.lists.append([])
      stack.append(.list(heap.lists.count - 1))
    case .append: try extendList([pop("a list's element")])
    case .appends: try extendList(popToMark())
    case .emptyDictionary: pushDictionary([])
    case .setItem:
      let value = try pop("a value")
      try extendDictionary([pop("a key"), value])
    case .setItems: try extendDictionary(popToMark())

    case .global:
      let module = try input.line("a module's name")
      try pushGlobal("\(module).\(try input.line("a global's name"))")
    case .stackGlobal:
      guard case .text(let name) = try pop("a global's name"),
        case .text(let module) = try pop("a module's name")
      else { throw failure("texts that name a global", "other values") }
      try pushGlobal("\(module).\(name)")
    case .binaryPersistentID: stack.append(try storage(pop("a storage's description")))
    case .reduce:
      let arguments = try pop("arguments")
      stack.append(try call(pop("a function"), arguments))
    case .build: try build()
    }
    return nil
  }

  // MARK: The stack

  private func top() throws -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else {
      throw failure("a value on the stack", "none")
    }
    return value
  }

  private mutating func pop(_ what: String) throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw failure("\(what) on the stack", "nothing") }
    return stack.removeLast()
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw failure("a mark on the stack", "none") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func popElements(_ count: Int) throws -> [PickleValue] {
    try (0..<count).map { _ in try pop("a tuple's element") }.reversed()
  }

  private mutating func frame() throws {
    let length = try input.unsigned(8, "a frame's length")
    guard length <= UInt64(input.source.count - input.place) else {
      throw failure(
        "a frame of at most the \(input.source.count - input.place) bytes that follow",
        "a length of \(length)")
    }
  }

  private mutating func recall(size: Int) throws {
    let number = try input.unsigned(size, "a memo's number")
    guard let value = memo[number] else {
      throw failure("a value that was kept", "none under the number \(number)")
    }
    stack.append(value)
  }

  // MARK: Plain values

  /// A whole number of as many bytes as the first one says, the lowest first.
  private mutating func long() throws -> PickleValue {
    let bytes = try input.bytes(Int(input.byte("a number's length")), "a number")
    guard bytes.count <= 8 else { return .wideInteger(bytes) }
    let sign: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    return .integer(
      Int(truncatingIfNeeded: bytes.reversed().reduce(sign) { $0 << 8 | UInt64($1) }))
  }

  // MARK: Containers

  private mutating func pushTuple(_ parts: [PickleValue]) {
    heap.tuples.append(parts)
    stack.append(.tuple(heap.tuples.count - 1))
  }

  private mutating func extendList(_ parts: [PickleValue]) throws {
    guard case .list(let list) = try top() else {
      throw failure("a list to append to", try top().description)
    }
    heap.lists[list] += parts
  }

  private mutating func pushDictionary(_ pairs: PickleHeap.Dictionary) {
    heap.dictionaries.append(pairs)
    stack.append(.dictionary(heap.dictionaries.count - 1))
  }

  private mutating func extendDictionary(_ parts: [PickleValue]) throws {
    guard case .dictionary(let dictionary) = try top() else {
      throw failure("a dictionary to set items of", try top().description)
    }
    guard parts.count % 2 == 0 else { throw failure("a value after each key", "a key without one") }
    for place in stride(from: 0, to: parts.count, by: 2) {
      heap.dictionaries[dictionary].append((parts[place], parts[place + 1]))
    }
  }

  /// Attributes of a dictionary, as `_metadata` of a state dictionary, are left out.
  private mutating func build() throws {
    let state = try pop("a state")
    guard case .dictionary = state, case .dictionary = try top() else {
      throw failure(
        "attributes of a dictionary",
        "\(state.description) as the state of \(try top().description)")
    }
  }

  // MARK: Globals and storages

  private mutating func pushGlobal(_ name: String) throws {
    guard let global = PickleGlobal(rawValue: name) else {
      throw failure(
        "a name that a state dictionary needs, such as \(PickleGlobal.rebuildTensor2.rawValue)",
        "\(JSONText.shown(name)), which is not executed; torch.save(model.state_dict(), …) writes "
          + "a file without it")
    }
    stack.append(.global(global))
  }

  private mutating func call(_ function: PickleValue, _ arguments: PickleValue) throws
    -> PickleValue
  {
    guard case .global(let global) = function, case .tuple(let tuple) = arguments else {
      throw failure(
        "a function and a tuple of arguments",
        "\(function.description) and \(arguments.description)")
    }
    let given = heap.tuples[tuple]
    switch global {
    case .orderedDictionary:
      let pairs = try pairs(given)
      copiedPairs += pairs.count
      guard copiedPairs <= PickleReader.maximumInstructions else {
        throw failure(
          "at most \(PickleReader.maximumInstructions) pairs of ordered dictionaries", "more")
      }
      heap.dictionaries.append(pairs)
      return .dictionary(heap.dictionaries.count - 1)
    case .rebuildTensor where given.count == 4, .rebuildTensor2 where (6...7).contains(given.count):
      // A tensor whose sign or conjugate is yet to be taken says so here.
      if given.count == 7, case .dictionary(let metadata) = given[6],
        !heap.dictionaries[metadata].isEmpty
      {
        throw failure("a tensor without metadata", "some; save a copy, such as tensor.clone()")
      }
      heap.tensors.append(try tensor(given))
      return .tensor(heap.tensors.count - 1)
    case .rebuildParameter where given.count == 3,
      .rebuildParameterWithState where given.count == 4:
      guard case .tensor = given[0] else {
        throw failure("a tensor for the parameter", given[0].description)
      }
      return given[0]
    default:
      throw failure(
        "arguments as torch.save writes them", "\(given.count) for \(global.rawValue)")
    }
  }

  /// Python 2 wrote an ordered dictionary as a list of pairs.
  private func pairs(_ arguments: [PickleValue]) throws -> PickleHeap.Dictionary {
    guard let first = arguments.first else { return [] }
    guard arguments.count == 1, case .list(let list) = first else {
      throw failure(
        "no argument or a list of pairs for \(PickleGlobal.orderedDictionary.rawValue)",
        first.description)
    }
    return try heap.lists[list].map { value in
      let pair: [PickleValue]? =
        switch value {
        case .tuple(let tuple): heap.tuples[tuple]
        case .list(let list): heap.lists[list]
        default: nil
        }
      guard let pair, pair.count == 2 else {
        throw failure(
          "pairs for \(PickleGlobal.orderedDictionary.rawValue)", value.description)
      }
      return (pair[0], pair[1])
    }
  }

  /// A storage by its description: `("storage", class, key, device, number of elements)`.
  private mutating func storage(_ description: PickleValue) throws -> PickleValue {
    guard case .tuple(let tuple) = description else {
      throw failure("a storage's description in a tuple", description.description)
    }
    let parts = heap.tuples[tuple]
    guard parts.count == 5 || parts.count == 6, case .text("storage") = parts[0],
      case .global(let global) = parts[1], let type = global.elementType,
      case .text(let key) = parts[2], case .text = parts[3], case .integer(let count) = parts[4]
    else {
      throw failure(
        "(\"storage\", class, key, device, number of elements)",
        "(\(parts.prefix(8).map(\.description).joined(separator: ", ")))")
    }
    if parts.count == 6 {
      guard case .none = parts[5] else {
        throw failure(
          "a storage of its own under the key \(JSONText.shown(key))", "a view of another")
      }
    }
    guard count >= 0, count <= Int.max / 2 / type.size else {
      throw failure("a number of elements that can be counted", "\(count)")
    }
    let storage = TorchStorage(key: key, type: type, count: count)
    if let known = storages[key] {
      guard heap.storages[known] == storage else {
        throw failure(
          "the storage \(JSONText.shown(key)) as it was: \(heap.storages[known].description)",
          storage.description)
      }
      return .storage(known)
    }
    heap.storages.append(storage)
    storages[key] = heap.storages.count - 1
    return .storage(heap.storages.count - 1)
  }

  /// A view by the arguments of `_rebuild_tensor`: storage, offset, lengths, strides.
  private func tensor(_ arguments: [PickleValue]) throws -> TorchTensor {
    guard case .storage(let number) = arguments[0], case .integer(let offset) = arguments[1],
      let lengths = integers(arguments[2]), let strides = integers(arguments[3])
    else {
      throw failure(
        "a storage, an offset, lengths and strides",
        arguments.prefix(4).map(\.description).joined(separator: ", "))
    }
    let tensor = TorchTensor(storage: number, offset: offset, lengths: lengths, strides: strides)
    if let (expected, found) = tensor.fault(in: heap.storages[number]) {
      throw failure(expected, found)
    }
    return tensor
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let tuple) = value else { return nil }
    var numbers: [Int] = []
    for part in heap.tuples[tuple] {
      guard case .integer(let number) = part else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
