/// Whole numbers with a shape: class labels, positions. Row-major Int32.
public struct IndexTensor: Sendable, Equatable {
  /// The lengths of the axes.
  public let shape: Shape
  let storage: Storage

  /// Elements in row-major order; stops if their number is not the shape's.
  public init(_ values: [Int32], shape: Shape) {
    require(
      values.count == shape.count,
      "IndexTensor: \(values.count) values for shape \(shape), which has \(shape.count) elements")
    self.init(uninitialized: shape)
    storage.write(values)
  }

  /// A row of labels, or of the positions that `ShuffledRows` hands out.
  public init(_ values: some Collection<Int32>) {
    self.init(Array(values), shape: [values.count])
  }

  init(uninitialized shape: Shape) {
    self.shape = shape
    storage = Storage(byteCount: shape.count * MemoryLayout<Int32>.size)
  }

  /// The same elements in another shape, without a copy; stops if their number differs.
  public func reshaped(to shape: Shape) -> IndexTensor {
    require(
      shape.count == count,
      "reshaped: \(self.shape) has \(count) elements, \(shape) has \(shape.count)")
    return IndexTensor(storage, shape)
  }

  private init(_ storage: Storage, _ shape: Shape) {
    self.storage = storage
    self.shape = shape
  }

  /// The number of elements.
  public var count: Int { shape.count }
  /// The elements in row-major order.
  public var values: [Int32] { storage.read(Int32.self, count: count) }

  /// Stops, naming the row, if an element is not in `0 ..< limit`.
  func requireBelow(_ limit: Int, for operation: StaticString) {
    for row in 0..<count {
      let value = storage.element(row, as: Int32.self)
      require(
        value >= 0 && Int(value) < limit,
        "\(operation): index \(value) in row \(row) is not in 0 ..< \(limit)")
    }
  }

  /// Whether shapes and elements are the same.
  public static func == (left: IndexTensor, right: IndexTensor) -> Bool {
    left.shape == right.shape && left.values == right.values
  }
}
