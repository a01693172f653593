// Operations that change the shape or the type and leave the numbers as they are.

import Synchronization

private let stridedCopy = Kernel("strided_copy")
private let transposeMatrix = Kernel("transpose_matrix")
private let fromFloat32 = Kernel("convert_from_float32")
private let fromFloat64 = Kernel("convert_from_float64")
private let fromBFloat16 = Kernel("convert_from_bfloat16")

private let permutations = Atomic<Int>(0)

/// How often a tensor's axes were brought into another order since the process began: on images, what NHWC is
/// there to avoid.
public var axisPermutations: Int { permutations.load(ordering: .relaxed) }

extension Tensor {
  /// The same elements in the same order under another shape; shares storage.  dx = dy reshaped back
  ///
  /// Stops if the number of elements differs.
  public func reshaped(to shape: Shape) -> Tensor {
    require(
      shape.count == count,
      "reshaped: \(self.shape) has \(count) elements, \(shape) has \(shape.count)")
    let original = self.shape
    return record("reshaped", Tensor(storage, shape, dtype), from: self) { dy in
      dy.reshaped(to: original)
    }
  }

  /// All axes from `axis` on made one: `[2, 3, 4]` becomes `[2, 12]` from axis 1.
  public func flattened(from axis: Int = 0) -> Tensor {
    let axis = shape.resolve(axis: axis, for: "flattened")
    let kept = shape.lengths.prefix(axis)
    return reshaped(to: Shape(kept + [shape.lengths.dropFirst(axis).reduce(1, *)]))
  }

  /// Rows and columns exchanged, by a copy: of a matrix, or of every matrix that the last two axes make.  dx = dyᵀ
  ///
  /// A product takes its transposes as flags and needs no copy; see ``matmul(_:_:transposeA:transposeB:)``.
  public func transposed() -> Tensor {
    require(
      rank >= 2,
      "transposed: shape \(shape) has no rows and columns; it takes at least two axes")
    if dtype == .bfloat16 {
      return permuted(to: Array(0..<(rank - 2)) + [rank - 1, rank - 2])
    }
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    var turned = shape
    turned[rank - 2] = columns
    turned[rank - 1] = rows
    let y = Tensor(uninitialized: turned, dtype)
    let matrices = (0..<(rank - 2)).reduce(1) { $0 * shape[$1] }
    transposeMatrix.run(dtype, .init(rows, columns, matrices), storage, into: y.storage)
    return record("transposed", y, from: self) { dy in dy.transposed() }
  }

  /// Axes in another order, by a copy: axis i of the result is axis `axes[i]` of this tensor.
  ///
  /// - Parameter axes: each axis once.
  public func permuted(to axes: [Int]) -> Tensor {
    require(
      axes.sorted() == Array(0..<rank),
      "permuted: \(axes) does not name each of the \(rank) axes of shape \(shape) once")
    if rank < 2 { return self }
    permutations.wrappingAdd(1, ordering: .relaxed)
    let from = shape.strides
    let permutedShape = Shape(axes.map { shape[$0] })
    let y = Tensor(uninitialized: permutedShape, dtype)
    stridedCopy.run(
      dtype, .init(lengths: permutedShape.lengths, strides: axes.map { from[$0] }), storage,
      into: y.storage)
    var back = axes
    for (to, axis) in axes.enumerated() { back[axis] = to }
    return record("permuted", y, from: self) { dy in dy.permuted(to: back) }
  }

  /// The elements rounded to another type.  dx = dy converted back
  public func converted(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let original = self.dtype
    if original == .float64 && dtype == .bfloat16 {
      return converted(to: .float32).converted(to: .bfloat16)
    }
    let y = Tensor(uninitialized: shape, dtype)
    let convert =
      switch original {
      case .float32: fromFloat32
      case .float64: fromFloat64
      case .bfloat16: fromBFloat16
      }
    convert.run(dtype, .init(count), storage, into: y.storage)
    return record("converted", y, from: self) { dy in dy.converted(to: original) }
  }
}

/// Repeats axes of length one, and adds axes in front, up to a shape.  dx = Σ of dy over what was repeated
///
/// The only operation that broadcasts, and only when it is called.
///
/// - Parameters:
///   - x: its axes are those of the shape counted from the back, each of the same length or of length 1.
///   - shape: the shape of the result.
public func broadcast(_ x: Tensor, to shape: Shape) -> Tensor {
  let added = shape.rank - x.rank
  require(
    added >= 0 && (0..<x.rank).allSatisfy { x.shape[$0] == 1 || x.shape[$0] == shape[$0 + added] },
    "broadcast: \(x.shape) cannot become \(shape): its axes, from the back, have to be of the same "
      + "length or of length 1")
  if x.shape == shape { return x }
  let y = Tensor(uninitialized: shape, x.dtype)
  if x.count == 1 {
    // A single number needs no strides.
    fill.run(x.dtype, .init(shape.count), nil, into: y.storage, scalars: SIMD8(repeating: x.item))
  } else if shape.count > 0 {
    let from = x.shape.strides
    let strides = (0..<shape.rank).map { axis in
      axis < added || x.shape[axis - added] == 1 ? 0 : from[axis - added]
    }
    stridedCopy.run(
      x.dtype, .init(lengths: shape.lengths, strides: strides), x.storage, into: y.storage)
  }
  let original = x.shape
  return record("broadcast", y, from: x) { dy in
    let whole = dy.converted(to: dy.dtype.whole)
    if original.count == 1 { return sum(whole).reshaped(to: original).converted(to: dy.dtype) }
    var dx = whole
    for axis in (0..<shape.rank).reversed() {
      let repeated = axis < added || (original[axis - added] == 1 && shape[axis] != 1)
      if repeated {
        let lengths = dx.shape.replacing(axis: axis, with: 1)
        dx = sum(dx, axis: axis).reshaped(to: lengths)
      }
    }
    return dx.reshaped(to: original).converted(to: dy.dtype)
  }
}

private let fill = Kernel("fill")

extension Shape {
  /// Elements from one position of an axis to the next.
  fileprivate var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("reshape") { sampler in
    [
      ([6], [2, 3]), ([2, 3, 4], [4, 6]), ([1], []), ([], [1, 1, 1]), ([7], [7]),
      ([8, 9], [9, 8]), ([15], [5, 1, 3]), ([17], [1, 17]), ([2, 2, 4, 3], [48]),
      ([2, 15], [2, 1, 3, 5]), ([0, 3], [3, 0]), ([2, 0], [0]),
    ].map { (from: Shape, to: Shape) in
      let x = sampler.parameter(from)
      return .init("\(from) to \(to)", [x], byHand: { dy in [dy.reshaped(to: from)] }) {
        x.value.reshaped(to: to)
      }
    }
  }
  GradientCheck.register("transpose") { sampler in
    [
      [1, 1], [3, 5], [1, 17], [33, 31], [0, 4], [65, 40], [3, 4, 8], [2, 5, 7], [2, 3, 6, 9],
      [0, 2, 3], [2, 37, 34],
    ].map { (shape: Shape) in
      let x = sampler.parameter(shape)
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let values = dy.doubles
          let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
          let moved = (0..<shape.count).map { index in
            let (matrix, place) = (index / (rows * columns), index % (rows * columns))
            return values[matrix * rows * columns + place % columns * rows + place / columns]
          }
          return [Tensor(moved, shape: shape, dtype: dy.dtype)]
        }
      ) { x.value.transposed() }
    }
  }
  GradientCheck.register("permute") { sampler in
    [
      ([4], [0]), ([1, 1], [1, 0]), ([3, 5], [1, 0]), ([3, 5], [0, 1]), ([7, 9], [1, 0]),
      ([8, 16], [1, 0]), ([15, 17], [1, 0]), ([2, 33], [1, 0]), ([2, 3, 4], [2, 0, 1]),
      ([3, 5, 7], [0, 2, 1]), ([5, 3, 8], [1, 0, 2]), ([2, 4, 9], [2, 1, 0]),
      ([2, 1, 3, 5], [3, 1, 0, 2]), ([2, 3, 2, 8], [0, 3, 1, 2]), ([2, 7, 3, 2], [0, 2, 3, 1]),
      ([2, 1, 3, 2, 1, 5], [5, 0, 4, 2, 1, 3]), ([2, 0, 3], [2, 0, 1]), ([0, 3], [1, 0]),
    ].map { (shape: Shape, axes: [Int]) in
      let x = sampler.distinctParameter(shape)
      return .selection("\(shape) to \(axes)", [x]) { x.value.permuted(to: axes) }
    }
  }
  GradientCheck.register("broadcast") { sampler in
    [
      ([], [3, 5]), ([1], [7]), ([5], [3, 5]), ([8], [3, 8]), ([17], [16, 17]), ([3, 1], [3, 5]),
      ([9, 1], [9, 7]), ([31, 1], [31, 2]), ([1, 5], [3, 5]), ([1, 15], [5, 15]),
      ([2, 1, 4], [2, 3, 4]), ([3, 1], [2, 3, 4]), ([2, 1, 3, 1], [2, 2, 3, 5]), ([1, 1], [0, 2]),
      ([3, 1], [3, 0]),
    ].map { (from: Shape, to: Shape) in
      let x = sampler.distinctParameter(from)
      return .selection("\(from) to \(to)", [x]) { broadcast(x.value, to: to) }
    }
  }
}
