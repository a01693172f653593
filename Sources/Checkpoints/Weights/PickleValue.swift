import Tensors

/// What a pickle's instructions leave behind: plain values, and numbers of containers in a ``PickleHeap``.
///
/// No value holds another one, so neither the depth of nesting nor a cycle matters to whoever frees them.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits, in two's complement, the lowest byte first.
  case wideInteger([UInt8])
  case real(Double)
  case text(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)

  /// What errors call it.
  var description: String {
    switch self {
    case .none: "None"
    case .boolean(let flag): flag ? "True" : "False"
    case .integer(let number): "the number \(number)"
    case .wideInteger: "an integer of more than 64 bits"
    case .real(let number): "the number \(number)"
    case .text(let text): JSONText.shown(text)
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global(let global): global.rawValue
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The containers of one pickle; those that instructions still change are found by their numbers.
struct PickleHeap {
  typealias Dictionary = [(key: PickleValue, value: PickleValue)]

  var tuples: [[PickleValue]] = []
  var lists: [[PickleValue]] = []
  var dictionaries: [Dictionary] = []
  var storages: [TorchStorage] = []
  var tensors: [TorchTensor] = []

  /// A dictionary's value for a text.
  func value(_ key: String, in dictionary: Int) -> PickleValue? {
    dictionaries[dictionary].last { pair in
      if case .text(key) = pair.key { true } else { false }
    }?.value
  }
}

/// The functions and classes of Python that a state dictionary names; none of them is executed.
enum PickleGlobal: String, CaseIterable {
  case orderedDictionary = "collections.OrderedDict"
  case rebuildTensor = "torch._utils._rebuild_tensor"
  case rebuildTensor2 = "torch._utils._rebuild_tensor_v2"
  case rebuildParameter = "torch._utils._rebuild_parameter"
  case rebuildParameterWithState = "torch._utils._rebuild_parameter_with_state"
  case doubleStorage = "torch.DoubleStorage"
  case floatStorage = "torch.FloatStorage"
  case halfStorage = "torch.HalfStorage"
  case bfloat16Storage = "torch.BFloat16Storage"
  case longStorage = "torch.LongStorage"
  case intStorage = "torch.IntStorage"
  case shortStorage = "torch.ShortStorage"
  case charStorage = "torch.CharStorage"
  case byteStorage = "torch.ByteStorage"
  case boolStorage = "torch.BoolStorage"

  /// The elements of a class of storages.
  var elementType: SafeTensorsType? {
    switch self {
    case .doubleStorage: .f64
    case .floatStorage: .f32
    case .halfStorage: .f16
    case .bfloat16Storage: .bf16
    case .longStorage: .i64
    case .intStorage: .i32
    case .shortStorage: .i16
    case .charStorage: .i8
    case .byteStorage: .u8
    case .boolStorage: .bool
    case .orderedDictionary, .rebuildTensor, .rebuildTensor2, .rebuildParameter,
      .rebuildParameterWithState:
      nil
    }
  }
}
