import Synchronization

/// A tensor's place: which tape it is on, and in which slot there.
struct Node: Sendable {
  /// Numbers of tapes begin with 1 and are never used twice.
  var tape: UInt64
  var slot: Int32

  static let none = Node(tape: 0, slot: -1)
}

/// How a cotangent of a record's output becomes cotangents of its inputs.
///
/// An entry is nil where the input needs no gradient, and then nothing is computed for it.
enum Pullback {
  case one((Tensor) -> Tensor)
  case two((Tensor, Needs) -> (Tensor?, Tensor?))
  case three((Tensor, Needs) -> (Tensor?, Tensor?, Tensor?))
  case many((Tensor, [Bool]) -> [Tensor?])
}

/// Which inputs of an operation need a cotangent, in their order.
public struct Needs: Sendable {
  /// Whether the first, second and third input need one.
  public let first, second, third: Bool
}

/// The linear tape: records in the order of execution, walked back once.
///
/// It knows no operation. A tensor holds only its slot; leaves have the first slots, and every record
/// adds one. Walking back pops records, so that what they kept is freed on the way, and no chain of
/// objects is ever freed recursively.
///
/// Every operation passes here. What changes is private, and no closure is called while it changes: checks of exclusive
/// access at run time would cost much of a small step and could find nothing.
final class Tape {
  private struct Record {
    let name: StaticString
    let inputs: (Int32, Int32, Int32)
    let more: [Int32]
    let pullback: Pullback
  }

  /// What arrives for the tensor of a slot, of which shape and type are known from the way forward.
  private struct Cotangent {
    let shape: Shape
    let dtype: DType
    /// nil as long as nothing has arrived.
    var sum: Storage?

    var tensor: Tensor? { sum.map { Tensor($0, shape, dtype) } }

    /// Adds, in place where the sum has only this owner: an operation may hand one cotangent to several inputs.
    mutating func add(_ gradient: Tensor, _ name: StaticString) {
      require(
        gradient.shape == shape && gradient.dtype == dtype,
        "the pullback of \(name) returned a cotangent of shape \(gradient.shape) \(gradient.dtype) for an "
          + "input of shape \(shape) \(dtype)")
      if sum == nil {
        sum = gradient.storage
      } else if isKnownUniquelyReferenced(&sum) {
        sum!.forgetForms()
        addKernel.run(dtype, .init(shape.count), sum, gradient.storage, into: sum!)
      } else {
        sum = addKernel(Tensor(sum!, shape, dtype), gradient).storage
      }
    }
  }

  private static let numbers = Atomic<UInt64>(1)
  private static let spare = Mutex<[Spare]>([])

  /// The emptied arrays of closed tapes: a step in the steady state allocates none.
  private struct Spare: @unchecked Sendable {
    var records: [Record]
    var cotangents: [Cotangent]
  }

  /// Arrays of longer tapes are given back.
  private static let keptCapacity = 1 << 16

  let number: UInt64
  private let outer: Tape?
  @exclusivity(unchecked) private var leaves = 0
  @exclusivity(unchecked) private var records: [Record]
  /// One for each slot.
  @exclusivity(unchecked) private var cotangents: [Cotangent]
  /// Where non-finite values are looked for, if they are.
  let watch: FiniteWatch?

  /// Opens a tape on this thread, inside the one that is open, if one is.
  init(watch: FiniteWatch? = nil) {
    number = Tape.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    outer = OpenTape.current
    self.watch = watch
    let spare = Tape.spare.withLock { $0.popLast() } ?? Spare(records: [], cotangents: [])
    records = spare.records
    cotangents = spare.cotangents
    OpenTape.set(self)
  }

  /// Closes it; the outer one, if there is one, is open again.
  func close() {
    OpenTape.set(outer)
    let isOrdinary = records.capacity <= Tape.keptCapacity
    records.removeAll(keepingCapacity: isOrdinary)
    cotangents.removeAll(keepingCapacity: isOrdinary)
    let spare = Spare(records: records, cotangents: cotangents)
    records = []
    cotangents = []
    Tape.spare.withLock { if $0.count < 16 { $0.append(spare) } }
  }

  /// Whether another tape is open around this one.
  var isNested: Bool { outer != nil }

  /// Whether a tensor is on one of the tapes that are open on this thread.
  static func isOpen(for tensor: Tensor) -> Bool {
    var next = OpenTape.current
    while let tape = next {
      if tape.number == tensor.node.tape { return true }
      next = tape.outer
    }
    return false
  }

  /// Another leaf; all of them come before the records.
  func leaf(_ shape: Shape, _ dtype: DType) -> Node {
    leaves += 1
    return nextSlot(shape, dtype)
  }

  @inline(__always)
  private func nextSlot(_ shape: Shape, _ dtype: DType) -> Node {
    let node = Node(tape: number, slot: Int32(cotangents.count))
    cotangents.append(Cotangent(shape: shape, dtype: dtype))
    return node
  }

  @inline(__always)
  func slot(of tensor: Tensor) -> Int32 { tensor.node.tape == number ? tensor.node.slot : -1 }

  @inline(__always)
  func append(
    _ name: StaticString, _ output: Tensor, inputs: (Int32, Int32, Int32), more: [Int32] = [],
    _ pullback: Pullback
  ) -> Tensor {
    if let watch { watch.look(at: output, after: name) }
    var result = output
    result.node = nextSlot(output.shape, output.dtype)
    records.append(Record(name: name, inputs: inputs, more: more, pullback: pullback))
    return result
  }

  /// The cotangents of the leaves for a cotangent of `value`; nil for a leaf it does not depend on.
  func pullBack(_ cotangent: Tensor, from value: Tensor) -> [Tensor?] {
    // Pullbacks are ordinary operations: with the tape closed they record nothing.
    OpenTape.set(nil)
    let last = Int(slot(of: value))
    guard last >= 0 else { return [Tensor?](repeating: nil, count: leaves) }
    cotangents[last].sum = cotangent.storage
    while let record = records.popLast() {
      guard let dy = cotangents.removeLast().tensor else { continue }
      let (a, b, c) = record.inputs
      switch record.pullback {
      case .one(let pull):
        add(pull(dy), to: a, record.name)
      case .two(let pull):
        let (da, db) = pull(dy, Needs(first: a >= 0, second: b >= 0, third: false))
        if let da { add(da, to: a, record.name) }
        if let db { add(db, to: b, record.name) }
      case .three(let pull):
        let (da, db, dc) = pull(dy, Needs(first: a >= 0, second: b >= 0, third: c >= 0))
        if let da { add(da, to: a, record.name) }
        if let db { add(db, to: b, record.name) }
        if let dc { add(dc, to: c, record.name) }
      case .many(let pull):
        let all = pull(dy, record.more.map { $0 >= 0 })
        require(
          all.count == record.more.count,
          "the pullback of \(record.name) returned \(all.count) cotangents for \(record.more.count) inputs; it has "
            + "to return one for each, or nil where none is needed")
        for (slot, dx) in zip(record.more, all) {
          if let dx { add(dx, to: slot, record.name) }
        }
      }
    }
    defer { cotangents.removeAll(keepingCapacity: true) }
    return cotangents.map(\.tensor)
  }

  @inline(__always)
  private func add(_ gradient: Tensor, to slot: Int32, _ name: StaticString) {
    guard slot >= 0 else { return }
    if let watch { watch.look(at: gradient, backThrough: name, record: records.count) }
    cotangents[Int(slot)].add(gradient, name)
  }
}

private let addKernel = Kernel("add")

// MARK: - Recording

/// Puts an operation of one input on the open tape, if there is one and the input is on it.
///
/// - Parameters:
///   - name: the operation's name, for messages.
///   - y: its result.
///   - x: its input.
///   - pullback: a pure function from the cotangent of `y` to that of `x`, which has the shape and type of `x`.
/// - Returns: `y`, with its place on the tape.
@inline(__always)
public func record(
  _ name: StaticString, _ y: Tensor, from x: Tensor, pullback: @escaping (Tensor) -> Tensor
) -> Tensor {
  guard let tape = OpenTape.current else { return y }
  let slot = tape.slot(of: x)
  guard slot >= 0 else { return y }
  return tape.append(name, y, inputs: (slot, -1, -1), .one(pullback))
}

/// Puts an operation of two inputs on the open tape; see that of one input.
@inline(__always)
public func record(
  _ name: StaticString, _ y: Tensor, from a: Tensor, _ b: Tensor,
  pullback: @escaping (Tensor, Needs) -> (Tensor?, Tensor?)
) -> Tensor {
  guard let tape = OpenTape.current else { return y }
  let slots = (tape.slot(of: a), tape.slot(of: b), Int32(-1))
  guard max(slots.0, slots.1) >= 0 else { return y }
  return tape.append(name, y, inputs: slots, .two(pullback))
}

/// Puts an operation of three inputs on the open tape; see that of one input.
@inline(__always)
public func record(
  _ name: StaticString, _ y: Tensor, from a: Tensor, _ b: Tensor, _ c: Tensor,
  pullback: @escaping (Tensor, Needs) -> (Tensor?, Tensor?, Tensor?)
) -> Tensor {
  guard let tape = OpenTape.current else { return y }
  let slots = (tape.slot(of: a), tape.slot(of: b), tape.slot(of: c))
  guard max(slots.0, slots.1, slots.2) >= 0 else { return y }
  return tape.append(name, y, inputs: slots, .three(pullback))
}

/// Puts an operation of any number of inputs on the open tape; see that of one input.
public func record(
  _ name: StaticString, _ y: Tensor, from inputs: [Tensor],
  pullback: @escaping (Tensor, [Bool]) -> [Tensor?]
) -> Tensor {
  guard let tape = OpenTape.current else { return y }
  let slots = inputs.map { tape.slot(of: $0) }
  guard slots.contains(where: { $0 >= 0 }) else { return y }
  return tape.append(name, y, inputs: (-1, -1, -1), more: slots, .many(pullback))
}
