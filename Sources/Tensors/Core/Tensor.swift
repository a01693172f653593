/// An array of numbers with a shape: row-major, contiguous, 64-byte aligned.
///
/// A tensor is a value: operations make new ones, and nothing changes an old one but its only owner
/// (an optimiser's step on its parameter). Copies and reshapes share storage. While a tape is open, a
/// tensor that depends on its parameters also carries its place on that tape.
public struct Tensor: Sendable {
  /// The lengths of the axes.
  public let shape: Shape
  private(set) var storage: Storage
  var node: Node
  /// The type of the elements.
  public let dtype: DType

  /// A tensor over storage that an operation has just filled, or is about to fill.
  @inline(__always)
  init(_ storage: Storage, _ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.storage = storage
    self.node = .none
    self.dtype = dtype
  }

  /// Room for a result, its elements not yet set.
  @inline(__always)
  init(uninitialized shape: Shape, _ dtype: DType) {
    self.init(Storage(byteCount: shape.count * dtype.size), shape, dtype)
  }

  /// The number of elements.
  public var count: Int { shape.count }
  /// The number of axes.
  public var rank: Int { shape.rank }
  /// The same numbers without history: a constant to every tape.
  public var detached: Tensor {
    var copy = self
    copy.node = .none
    return copy
  }

  /// Makes this value the only owner of its storage, by a copy if it has to be, so that it can be
  /// written in place.
  mutating func makeUnique() {
    if isUnique() { return storage.forgetForms() }
    let copy = Storage(byteCount: count * dtype.size)
    copy.copyBytes(from: storage, count: count * dtype.size)
    storage = copy
  }

  /// Whether no other tensor has this one's storage.
  mutating func isUnique() -> Bool { isKnownUniquelyReferenced(&storage) }
}

// MARK: - Making tensors

extension Tensor {
  /// float32 elements in row-major order; stops if their number is not the shape's.
  public init(_ values: [Float], shape: Shape) {
    require(
      values.count == shape.count,
      "Tensor: \(values.count) values for shape \(shape), which has \(shape.count) elements")
    self.init(uninitialized: shape, .float32)
    storage.write(values)
  }

  /// Elements in row-major order, rounded to `dtype`; stops if their number is not the shape's.
  public init(_ values: [Double], shape: Shape, dtype: DType) {
    require(
      values.count == shape.count,
      "Tensor: \(values.count) values for shape \(shape), which has \(shape.count) elements")
    self.init(uninitialized: shape, dtype)
    switch dtype {
    case .float32: storage.write(values.lazy.map { Float($0) })
    case .float64: storage.write(values)
    case .bfloat16: storage.write(values.lazy.map { BFloat16(Float($0)) })
    }
  }

  /// One number, with no axes.
  public init(scalar value: Double, dtype: DType = .float32) {
    self = Tensor.full([], value, dtype: dtype)
  }

  /// The same number everywhere.
  public static func full(_ shape: Shape, _ value: Double, dtype: DType = .float32) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype)
    fill.run(
      dtype, .init(shape.count), nil, into: result.storage, scalars: SIMD8(repeating: value))
    return result
  }

  /// Zeros.
  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    full(shape, 0, dtype: dtype)
  }

  /// Ones.
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    full(shape, 1, dtype: dtype)
  }

  /// The identity matrix of that many rows.
  public static func identity(_ rows: Int, dtype: DType = .float32) -> Tensor {
    require(rows >= 0, "Tensor.identity(\(rows)): the number of rows has to be at least 0")
    let shape: Shape = [rows, rows]
    // A one and `rows` zeros over and over have the ones on the diagonal of rows that are one shorter.
    let ones = pad(.ones([rows, 1], dtype: dtype), axis: 1, before: 0, after: rows)
    return slice(ones.reshaped(to: [rows * (rows + 1)]), axis: 0, from: 0, count: shape.count)
      .reshaped(to: shape)
  }
}

private let fill = Kernel("fill")

// MARK: - Reading tensors

extension Tensor {
  /// The elements in row-major order, rounded to single precision.
  public var floats: [Float] {
    switch dtype {
    case .float32: storage.read(Float.self, count: count)
    case .float64: storage.read(Double.self, count: count).map { Float($0) }
    case .bfloat16: storage.read(BFloat16.self, count: count).map(\.float)
    }
  }

  /// The elements in row-major order.
  public var doubles: [Double] {
    switch dtype {
    case .float32: storage.read(Float.self, count: count).map { Double($0) }
    case .float64: storage.read(Double.self, count: count)
    case .bfloat16: storage.read(BFloat16.self, count: count).map { Double($0.float) }
    }
  }

  /// The only element; stops if there are more or none.
  public var item: Double {
    require(count == 1, "item: a tensor of shape \(shape) has \(count) elements, not one")
    return switch dtype {
    case .float32: Double(storage.element(0, as: Float.self))
    case .float64: storage.element(0, as: Double.self)
    case .bfloat16: Double(storage.element(0, as: BFloat16.self).float)
    }
  }
}
