import Archives
import Tensors

/// From what a pickle left behind to named tensors.
struct TorchState {
  private let file: String
  private let fileSize: Int
  private let heap: PickleHeap
  /// The tensors of the state dictionary, in its order.
  private let items: [(name: String, tensor: TorchTensor)]

  /// Where training programs put the state dictionary beside what else they save.
  private static let wrappers = ["state_dict", "model_state_dict", "model"]
  /// Views of one storage may have together so many times its elements: a file may not make much of little.
  private static let largestSharing = 4

  /// - Parameter key: of the dictionary that is meant; nil for the one that is found.
  init(
    _ content: PickleReader.Result, under key: String?, file: String, size: Int,
    note: (String) -> Void
  ) throws {
    self.file = file
    fileSize = size
    heap = content.heap
    guard case .dictionary(let root) = content.value else {
      throw AdjointError(
        .badData, "\(file): expected a state dictionary, found \(content.value.description)")
    }
    let wrapped = try TorchState.wrapped(in: root, content.heap, under: key, file)
    if let (key, _) = wrapped {
      let others = content.heap.dictionaries[root].count - 1
      let left =
        switch others {
        case 0: ""
        case 1: "; what is beside it is left out"
        default: "; the \(others) entries beside it are left out"
        }
      note("\(file): reads what is under \(JSONText.shown(key))\(left)")
    }
    items = try TorchState.items(
      content.heap.dictionaries[wrapped?.1 ?? root], content.heap, file,
      isWrapped: wrapped != nil)
  }

  /// The dictionary beside what else a training program saves: the one that is asked for, one of the usual names, or
  /// the only one of tensors. Nil where the root itself is meant.
  private static func wrapped(
    in root: Int, _ heap: PickleHeap, under key: String?, _ file: String
  ) throws -> (key: String, dictionary: Int)? {
    func inner(_ key: String) -> (key: String, dictionary: Int)? {
      guard case .dictionary(let inner)? = heap.value(key, in: root) else { return nil }
      return (key, inner)
    }
    if let key {
      if let found = inner(key) { return found }
      let found = heap.value(key, in: root)?.description ?? "none"
      throw AdjointError(
        .badData,
        "\(file): expected a state dictionary under \(JSONText.shown(key)), found \(found)")
    }
    if let usual = wrappers.lazy.compactMap(inner).first { return usual }
    let pairs = heap.dictionaries[root]
    guard !pairs.contains(where: { isTensor($0.value) }) else { return nil }
    let candidates = pairs.compactMap { key, value -> (key: String, dictionary: Int)? in
      guard case .text(let name) = key, case .dictionary(let inner) = value,
        !heap.dictionaries[inner].isEmpty,
        heap.dictionaries[inner].allSatisfy({ isTensor($0.value) })
      else { return nil }
      return (name, inner)
    }
    guard candidates.count > 1 else { return candidates.first }
    throw AdjointError(
      .badData,
      "\(file): expected one state dictionary, found those under "
        + candidates.map { JSONText.shown($0.key) }.joined(separator: ", ")
        + ": StateFile.read(_:under:) takes one of them")
  }

  private static func isTensor(_ value: PickleValue) -> Bool {
    if case .tensor = value { true } else { false }
  }

  private static func items(
    _ pairs: PickleHeap.Dictionary, _ heap: PickleHeap, _ file: String, isWrapped: Bool
  ) throws -> [(name: String, tensor: TorchTensor)] {
    var names: Set<String> = []
    return try pairs.map { key, value in
      guard case .text(let name) = key else {
        throw AdjointError(
          .badData, "\(file): expected a text for each tensor's name, found \(key.description)")
      }
      guard names.insert(name).inserted else {
        throw AdjointError(
          .badData, "\(file): expected each name once, found \(JSONText.shown(name)) twice")
      }
      guard case .tensor(let number) = value else {
        let elsewhere = wrappers.map { "\"\($0)\"" }.joined(separator: ", ")
        throw AdjointError(
          .badData,
          "\(file): expected a tensor under \(JSONText.shown(name)), found \(value.description)"
            + (isWrapped ? "" : ": neither a state dictionary, nor one under \(elsewhere)"))
      }
      return (name, heap.tensors[number])
    }
  }

  /// Reads the tensors, storage by storage, so that no more than one storage is held beside them.
  ///
  /// - Parameter place: the bytes of a storage, and where in them it begins.
  func tensors(_ place: (TorchStorage) throws -> (ByteSource, Int)) throws -> [String: Tensor] {
    let byStorage = Dictionary(grouping: items) { $0.tensor.storage }
    try checkMemory(byStorage.mapValues { Set($0.map(\.tensor)) })
    var result: [String: Tensor] = [:]
    for (number, items) in byStorage.sorted(by: { $0.key < $1.key }) {
      let storage = heap.storages[number]
      let (source, base) = try place(storage)
      // What is the same view of the same storage, as tied weights are, shares memory here too.
      var read: [TorchTensor: Tensor] = [:]
      for (name, view) in items {
        let tensor =
          try read[view]
          ?? source.tensor(view, of: storage.type, at: base, named: JSONText.shown(name))
        read[view] = tensor
        result[name] = tensor
      }
    }
    return result
  }

  private func checkMemory(_ views: [Int: Set<TorchTensor>]) throws {
    var needed = 0.0
    var held = 0
    for (number, views) in views {
      let storage = heap.storages[number]
      let elements = views.reduce(0.0) { $0 + Double($1.count) }
      guard elements <= Double(storage.count) * Double(TorchState.largestSharing) else {
        throw AdjointError(
          .badData,
          "\(file): storage \(JSONText.shown(storage.key)): expected views that have together at "
            + "most \(TorchState.largestSharing) times its \(storage.count) elements, found "
            + "\(UInt64(elements))")
      }
      needed += elements * Double(storage.type.isIndex ? 8 : storage.type.sizeInMemory)
      // A storage is held while its views are read, and once more where they are not contiguous.
      held = max(held, storage.byteCount * (views.allSatisfy(\.isContiguous) ? 1 : 2))
    }
    needed += Double(held)
    let limit = FileMemory.limit(forFileOf: fileSize)
    guard needed <= Double(limit) else {
      throw AdjointError(
        .badData,
        "\(file): expected tensors that take at most \(limit) bytes to read from \(fileSize), found some "
          + "that take \(UInt64(needed))")
    }
    try MachineMemory.check(needed, for: "tensors", in: file)
  }
}
