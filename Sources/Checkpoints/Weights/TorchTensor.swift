import Tensors

/// Elements in a row, which the file keeps under a key.
struct TorchStorage: Equatable {
  let key: String
  let type: SafeTensorsType
  let count: Int

  /// Its bytes; that they can be counted is checked when it is made.
  var byteCount: Int { count * type.size }

  /// What errors call it.
  var description: String { "\(count) of \(type.rawValue)" }
}

/// A view of a storage; whoever makes one asks for its ``fault(in:)`` first.
struct TorchTensor: Hashable {
  let storage: Int
  let offset: Int
  let lengths: [Int]
  let strides: [Int]

  /// The number of elements.
  var count: Int { lengths.reduce(1, *) }

  /// The elements of the storage that it spans; a view of none may begin beyond the storage's end.
  var span: Range<Int> {
    if count == 0 { return 0..<0 }
    return offset..<(offset + 1 + zip(lengths, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 })
  }

  /// Whether its elements are one after the other in the storage, row-major.
  var isContiguous: Bool {
    if count == 0 { return true }
    var expected = 1
    for (length, stride) in zip(lengths, strides).reversed() where length != 1 {
      if stride != expected { return false }
      expected *= length
    }
    return true
  }

  /// What keeps it from being a view of the storage: what was expected and what it is.
  func fault(in storage: TorchStorage) -> (expected: String, found: String)? {
    guard lengths.count <= Shape.maximumRank else {
      return ("a shape of at most \(Shape.maximumRank) axes", "\(lengths.count)")
    }
    guard lengths.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
      return ("a shape of lengths from 0 to \(Int32.max)", "\(lengths)")
    }
    // Without its zeros the product bounds that of any part of the shape, which `Shape` forms.
    var bound = 1
    for length in lengths {
      let (next, overflow) = bound.multipliedReportingOverflow(by: max(length, 1))
      guard !overflow, next <= 1 << 48 else {
        return ("a shape of at most 2⁴⁸ elements", "\(lengths)")
      }
      bound = next
    }
    guard strides.count == lengths.count, strides.allSatisfy({ $0 >= 0 }) else {
      return ("a stride from 0 upwards for each length of \(lengths)", "\(strides)")
    }
    let within = "a view inside the storage \(JSONText.shown(storage.key)) of \(storage.count)"
    let view = "\(lengths) with strides \(strides) from \(offset)"
    guard offset >= 0 else { return (within, view) }
    // PyTorch keeps the offset of a view that has no elements, which is then a place in nothing.
    if lengths.contains(0) { return nil }
    guard offset <= storage.count else { return (within, view) }
    var last = offset
    for (length, stride) in zip(lengths, strides) {
      let (reach, tooFar) = (length - 1).multipliedReportingOverflow(by: stride)
      let (next, overflow) = last.addingReportingOverflow(reach)
      guard !tooFar, !overflow else { return (within, view) }
      last = next
    }
    guard last < storage.count else { return (within, view) }
    guard bound <= storage.count else {
      return ("a place of its own for each element, as .contiguous() gives it", view)
    }
    return nil
  }
}

extension ByteSource {
  /// A view of the elements that begin at a place, row-major.
  ///
  /// float32 and float64 are kept, numbers of up to 16 bits and truth values become float32, wider whole numbers
  /// float64.
  func tensor(_ view: TorchTensor, of type: SafeTensorsType, at base: Int, named name: String)
    throws -> Tensor
  {
    let span = view.span
    let range = (base + span.lowerBound * type.size)..<(base + span.upperBound * type.size)
    guard view.isContiguous else {
      let gathered = ByteSource(
        try gathered(view, from: slice(range), size: type.size),
        name: "\(self.name): the elements of \(name), row-major")
      return try gathered.weights(
        0..<gathered.count, shape: Shape(view.lengths), type: type, named: name)
    }
    return try weights(range, shape: Shape(view.lengths), type: type, named: name)
  }

  /// Numbers of any type as float32 or float64, each exactly; `range` has exactly the bytes of the shape.
  func weights(
    _ range: Range<Int>, shape: Shape, type: SafeTensorsType, named name: String
  ) throws -> Tensor {
    type.isIndex
      ? try wholeNumbers(range, shape: shape, type: type, named: name)
      : try tensor(range, shape: shape, type: type, named: name)
  }

  /// The elements of a view one after the other; `bytes` begins with its first one.
  private func gathered(
    _ view: TorchTensor, from bytes: ArraySlice<UInt8>, size: Int
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(view.count * size)
    var index = [Int](repeating: 0, count: view.lengths.count)
    var place = 0
    for _ in 0..<view.count {
      let first = bytes.startIndex + place * size
      result += bytes[first..<(first + size)]
      // One step on, as an odometer goes.
      for axis in index.indices.reversed() {
        index[axis] += 1
        place += view.strides[axis]
        if index[axis] < view.lengths[axis] { break }
        place -= index[axis] * view.strides[axis]
        index[axis] = 0
      }
    }
    return result
  }
}
