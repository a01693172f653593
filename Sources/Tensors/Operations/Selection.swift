// Parts of tensors along one axis, and tensors put together from parts.

private let copyBlocks = Kernel("copy_blocks")
private let fill = Kernel("fill")
private let gatherForward = Kernel("gather")
private let gatherPullback = Kernel("gather_pullback")

/// Tensors one after the other along an axis.  dxᵢ = the part of dy that xᵢ became
///
/// - Parameters:
///   - tensors: at least one; the other axes have equal lengths.
///   - axis: from the front, or negative from the back.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  require(!tensors.isEmpty, "concatenate: there is no tensor")
  let axis = tensors[0].shape.resolve(axis: axis, for: "concatenate")
  let first = tensors[0]
  for tensor in tensors {
    require(
      tensor.rank == first.rank && tensor.dtype == first.dtype
        && tensor.shape.replacing(axis: axis, with: 0)
          == first.shape.replacing(axis: axis, with: 0),
      "concatenate: \(first.shape) \(first.dtype) and \(tensor.shape) \(tensor.dtype) along axis "
        + "\(axis): all other axes and the type have to be the same")
  }
  let lengths = tensors.map { $0.shape[axis] }
  let y = Tensor(
    uninitialized: first.shape.replacing(axis: axis, with: lengths.reduce(0, +)), first.dtype)
  let parts = y.shape.split(at: axis)
  var offset = 0
  for (tensor, length) in zip(tensors, lengths) {
    copyBlocks.run(
      y.dtype,
      .init(
        parts.outer, length * parts.inner, 0, length * parts.inner, offset * parts.inner,
        parts.axis * parts.inner), tensor.storage, into: y.storage)
    offset += length
  }
  return record("concatenate", y, from: tensors) { dy, needs in
    var start = 0
    return zip(lengths, needs).map { length, isNeeded in
      defer { start += length }
      return isNeeded ? slice(dy, axis: axis, from: start, count: length) : nil
    }
  }
}

/// A range of positions of an axis.  dx = dy in that range, else 0
///
/// - Parameters:
///   - x: of any shape with that axis.
///   - axis: from the front, or negative from the back.
///   - start: the first position.
///   - count: the number of positions; stops if they leave the axis.
public func slice(_ x: Tensor, axis: Int, from start: Int, count: Int) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "slice")
  let parts = x.shape.split(at: axis)
  let (end, isTooLarge) = start.addingReportingOverflow(count)
  require(
    start >= 0 && count >= 0 && !isTooLarge && end <= parts.axis,
    "slice: positions \(start) ..< \(isTooLarge ? .max : end) of axis \(axis) of shape \(x.shape)")
  let y = Tensor(uninitialized: x.shape.replacing(axis: axis, with: count), x.dtype)
  copyBlocks.run(
    x.dtype,
    .init(
      parts.outer, count * parts.inner, start * parts.inner, parts.axis * parts.inner, 0,
      count * parts.inner), x.storage, into: y.storage)
  return record("slice", y, from: x) { dy in
    pad(dy, axis: axis, before: start, after: parts.axis - start - count)
  }
}

/// Positions of an axis by their indices, each as often as it is named, as `torch.index_select` has it.
///
/// dx = Σ of dy over the mentions
///
/// - Parameters:
///   - x: of any shape with that axis.
///   - indices: `[count]`, each a position of the axis; stops, naming the row, if one is not.
///   - axis: from the front, or negative from the back.
public func gather(_ x: Tensor, _ indices: IndexTensor, axis: Int = 0) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "gather")
  require(
    indices.shape.rank == 1, "gather: indices of shape \(indices.shape); they have to be [count]")
  let parts = x.shape.split(at: axis)
  indices.requireBelow(parts.axis, for: "gather")
  let y = Tensor(uninitialized: x.shape.replacing(axis: axis, with: indices.count), x.dtype)
  let sizes = Kernel.Sizes(parts.outer, parts.axis, parts.inner, indices.count)
  gatherForward.run(x.dtype, sizes, x.storage, indices.storage, into: y.storage)
  let shape = x.shape
  return record("gather", y, from: x) { dy in
    let whole = dy.converted(to: dy.dtype.whole)
    let dx = Tensor(uninitialized: shape, whole.dtype)
    gatherPullback.run(whole.dtype, sizes, whole.storage, indices.storage, into: dx.storage)
    return dx.converted(to: dy.dtype)
  }
}

/// Labels by their rows, each as often as it is named.
///
/// - Parameters:
///   - labels: `[rows]`.
///   - indices: `[count]`, each a row; stops, naming it, if one is not.
public func gather(_ labels: IndexTensor, _ indices: IndexTensor) -> IndexTensor {
  require(
    labels.shape.rank == 1 && indices.shape.rank == 1,
    "gather: labels of shape \(labels.shape) by indices of shape \(indices.shape); both have to have one axis"
  )
  indices.requireBelow(labels.count, for: "gather")
  let values = labels.values
  return IndexTensor(indices.values.map { values[Int($0)] })
}

/// What ``pad(_:axis:before:after:mode:)`` fills the new positions with.
public enum PaddingMode: Sendable, Equatable {
  /// One number.
  case constant(Double)
  /// The nearest element of the axis.
  case edge
}

/// New positions before and after an axis.
///
/// With a constant, dx is the inner part of dy; with edges, what was repeated is added to the ends.
///
/// - Parameters:
///   - x: of any shape with that axis; not empty along it if edges are repeated.
///   - axis: from the front, or negative from the back.
///   - before: how many positions in front.
///   - after: how many at the end.
///   - mode: what they are filled with.
public func pad(
  _ x: Tensor, axis: Int, before: Int, after: Int, mode: PaddingMode = .constant(0)
) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "pad")
  require(
    before >= 0 && after >= 0 && max(before, after) <= Int(Int32.max),
    "pad: \(before) positions before and \(after) after")
  let parts = x.shape.split(at: axis)
  guard case .constant(let number) = mode else {
    require(parts.axis > 0, "pad: axis \(axis) of shape \(x.shape) has no edge to repeat")
    let first = [Int32](repeating: 0, count: before)
    let last = [Int32](repeating: Int32(parts.axis - 1), count: after)
    return gather(x, IndexTensor(first + (0..<Int32(parts.axis)) + last), axis: axis)
  }
  let length = before + parts.axis + after
  let y = Tensor(uninitialized: x.shape.replacing(axis: axis, with: length), x.dtype)
  fill.run(x.dtype, .init(y.count), nil, into: y.storage, scalars: SIMD8(repeating: number))
  copyBlocks.run(
    x.dtype,
    .init(
      parts.outer, parts.axis * parts.inner, 0, parts.axis * parts.inner, before * parts.inner,
      length * parts.inner), x.storage, into: y.storage)
  return record("pad", y, from: x) { dy in
    slice(dy, axis: axis, from: before, count: parts.axis)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("concatenate") { sampler in
    [
      ([[3]], 0), ([[1], [1]], 0), ([[7], [0], [9]], 0), ([[8], [16], [17]], 0),
      ([[2, 3], [4, 3]], 0), ([[1, 15], [2, 15]], -2), ([[2, 3], [2, 1], [2, 0]], 1),
      ([[3, 7], [3, 8], [3, 9]], -1), ([[2, 1, 3], [2, 5, 3]], 1), ([[1, 2, 3], [2, 2, 3]], 0),
      ([[2, 3, 1], [2, 3, 16], [2, 3, 2]], 2), ([[1, 2, 3, 2], [1, 2, 1, 2]], 2),
      ([[2, 1, 2, 5], [2, 1, 2, 4]], 3), ([[0, 3], [0, 2]], 1), ([[0], [0]], 0),
    ]
    .map { (shapes: [Shape], axis: Int) in
      let parts = sampler.distinctParameters(shapes)
      return .selection("\(shapes) axis \(axis)", parts) {
        concatenate(parts.map(\.value), axis: axis)
      }
    }
  }
  GradientCheck.register("slice") { sampler in
    [
      ([1], 0, 0, 1), ([7], 0, 2, 3), ([17], 0, 0, 8), ([17], 0, 1, 15), ([33], 0, 16, 17),
      ([3, 5], 0, 0, 1), ([3, 5], 0, 1, 0), ([3, 5], 1, 0, 5), ([3, 5], 1, 5, 0),
      ([3, 9], 0, 2, 1), ([4, 16], -1, 7, 9), ([2, 5, 3], 1, 4, 1), ([3, 2, 8], 0, 1, 2),
      ([2, 3, 15], 2, 7, 7), ([2, 2, 3, 4], 2, 1, 1), ([2, 2, 3, 5], 3, 0, 4), ([0, 5], 1, 1, 2),
    ].map { (shape: Shape, axis: Int, start: Int, count: Int) in
      let x = sampler.distinctParameter(shape)
      return .selection("\(shape) axis \(axis) \(start) ..< \(start + count)", [x]) {
        slice(x.value, axis: axis, from: start, count: count)
      }
    }
  }
  GradientCheck.register("gather") { sampler in
    [
      ([1], 0, 1), ([5], 0, 6), ([17], 0, 9), ([4, 3], 0, 6), ([2, 8], 0, 3), ([3, 4], 1, 6),
      ([2, 9], 1, 17), ([5, 1], 0, 7), ([3, 2, 7], 0, 4), ([2, 4, 17], 1, 6), ([2, 3, 16], 2, 15),
      ([2, 3, 2, 5], 2, 3), ([2, 2, 1, 4], 3, 8), ([3, 4], 0, 0), ([0, 4], 1, 3), ([3, 0], 0, 2),
    ].map { (shape: Shape, axis: Int, count: Int) in
      let x = sampler.distinctParameter(shape)
      let indices = sampler.labels(count, below: shape[axis])
      return .selection("\(shape) axis \(axis) at \(count)", [x]) {
        gather(x.value, indices, axis: axis)
      }
    }
  }
  for (name, mode) in [("pad", PaddingMode.constant(0.5)), ("pad_edge", .edge)] {
    GradientCheck.register(name) { sampler in
      let shapes: [(Shape, Int, Int, Int)] = [
        ([1], 0, 0, 7), ([5], 0, 2, 3), ([8], 0, 1, 0), ([17], 0, 15, 1), ([4], 0, 0, 0),
        ([1, 1], 0, 1, 1), ([3, 9], 0, 1, 2), ([3, 5], 1, 0, 1), ([2, 16], -1, 8, 9),
        ([2, 3, 5], 1, 4, 0), ([3, 2, 7], 0, 0, 2), ([2, 3, 15], 2, 1, 1), ([2, 1, 3, 4], 1, 2, 1),
        ([2, 2, 3, 3], 3, 1, 4), ([0, 3], 1, 2, 1),
      ]
      // An empty axis has no edge.
      let empty: [(Shape, Int, Int, Int)] =
        mode == .edge ? [] : [([2, 0], 1, 3, 1), ([0], 0, 0, 2)]
      return (shapes + empty).map { shape, axis, before, after in
        let x = sampler.distinctParameter(shape)
        return .selection("\(shape) axis \(axis) by \(before) and \(after)", [x]) {
          pad(x.value, axis: axis, before: before, after: after, mode: mode)
        }
      }
    }
  }
}
