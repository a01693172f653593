/// How a parameter's axes lie in a state dictionary, where that is not how they lie in memory.
public enum StateLayout: Sendable {
  /// As in memory.
  case asInMemory
  /// The weight of a convolution: `[outputs, height, width, inputs]` in memory, for images are NHWC, and
  /// `[outputs, inputs, height, width]` in files, as PyTorch keeps it.
  case window
  /// The lengths of the rows of a weight of `rank` axes, as weight normalisation has them: `[outputs]` in memory,
  /// `[outputs, 1, …]` in files, as PyTorch keeps them.
  case rowLengths(rank: Int)
  /// A weight of rows that were images: `[outputs, height · width · channels]` in memory,
  /// `[outputs, channels · height · width]` in files, as PyTorch flattens images.
  case flattenedImages(height: Int, width: Int)
}

/// A tensor that is trained. A class, so that a layer and an optimiser mean the same one.
///
/// Many threads may read it at once, as inference does. While one changes it or differentiates by it, no other may use
/// it.
public final class Parameter: @unchecked Sendable {
  /// The path of the stored property that holds it, as PyTorch names it: `layer1.0.weight`.
  public var name: String
  // As the node: read in every step and written whole, so that exclusive access needs no check at run time.
  /// A frozen parameter is a constant to the tape, and optimisers leave it alone.
  @exclusivity(unchecked) public var isFrozen = false
  /// How its axes lie in a state dictionary.
  public let stateLayout: StateLayout
  /// The lengths of the axes.
  public let shape: Shape
  private var stored: Tensor
  @exclusivity(unchecked) private(set) var node = Node.none

  /// A parameter that begins with this value; one whose layout is ``StateLayout/window`` has four axes, one of
  /// ``StateLayout/rowLengths(rank:)`` one.
  public init(_ value: Tensor, name: String = "", stateLayout: StateLayout = .asInMemory) {
    switch stateLayout {
    case .asInMemory: break
    case .window:
      require(
        value.rank == 4,
        "Parameter \(name): a window of shape \(value.shape); it has to have four axes")
    case .rowLengths(let rank):
      require(
        value.rank == 1 && rank >= 1,
        "Parameter \(name): lengths of shape \(value.shape) for the rows of \(rank) axes; they have to have "
          + "one axis, and a weight at least one")
    case .flattenedImages(let height, let width):
      require(
        value.rank == 2 && height >= 1 && width >= 1 && value.shape[1] % (height * width) == 0,
        "Parameter \(name): a weight of shape \(value.shape) for images of \(height) × \(width); it has to be "
          + "[outputs, height · width · channels]")
    }
    shape = value.shape
    stored = value.detached
    self.name = name
    self.stateLayout = stateLayout
  }

  /// The value; under an open tape that watches this parameter, a tensor that carries its place.
  public var value: Tensor {
    @inline(__always)
    get {
      var tensor = stored
      tensor.node = node
      return tensor
    }
    set {
      require(
        newValue.shape == shape && newValue.dtype == stored.dtype,
        "Parameter \(name): a value of shape \(newValue.shape) \(newValue.dtype) for one of "
          + "\(shape) \(stored.dtype)")
      stored = newValue.detached
    }
  }

  /// The value as a state dictionary has it, without history; see ``StateLayout``.
  public var stateValue: Tensor {
    get {
      switch stateLayout {
      case .asInMemory: stored
      case .window: stored.permuted(to: [0, 3, 1, 2])
      case .rowLengths:
        stored.reshaped(to: stateShape)
      case .flattenedImages(let height, let width):
        stored.reshaped(to: [shape[0], height, width, shape[1] / (height * width)])
          .permuted(to: [0, 3, 1, 2]).reshaped(to: shape)
      }
    }
    set {
      switch stateLayout {
      case .asInMemory: value = newValue
      case .window: value = newValue.permuted(to: [0, 2, 3, 1])
      case .rowLengths: value = newValue.reshaped(to: shape)
      case .flattenedImages(let height, let width):
        value = newValue.reshaped(to: [shape[0], shape[1] / (height * width), height, width])
          .permuted(to: [0, 2, 3, 1]).reshaped(to: shape)
      }
    }
  }

  /// The shape of ``stateValue``.
  public var stateShape: Shape {
    switch stateLayout {
    case .asInMemory, .flattenedImages: shape
    case .window: [shape[0], shape[3], shape[1], shape[2]]
    case .rowLengths(let rank): Shape(shape.lengths + [Int](repeating: 1, count: rank - 1))
    }
  }

  /// The number of elements.
  public var count: Int { stored.count }
  /// The type of the elements.
  public var dtype: DType { stored.dtype }

  /// Changes the value in place; a copy is made first if someone else holds it. Shape and type have to stay as they are,
  /// which is not looked at: every step of an optimiser passes here.
  @inline(__always)
  public func update(_ body: (inout Tensor) -> Void) {
    body(&stored)
  }

  /// Changes the type of the elements, rounding them; for a whole model before it is trained.
  public func convert(to dtype: DType) {
    stored = stored.converted(to: dtype)
  }

  /// Makes the parameter a leaf of a tape.
  func watch(_ node: Node) { self.node = node }
}

/// A tensor that belongs to a layer's state but is not trained, such as a running mean.
///
/// Many threads may read it at once, as inference does. While one changes it, no other may use it.
public final class Buffer: @unchecked Sendable {
  /// The path of the stored property that holds it.
  public var name: String
  /// The value, without history; stops where its shape would change.
  public var value: Tensor {
    didSet {
      require(
        value.shape == oldValue.shape,
        "Buffer \(name): a value of shape \(value.shape) for one of \(oldValue.shape)")
      value = value.detached
    }
  }
  /// Whether a state dictionary may lack it; it then stays as it is.
  public let isOptional: Bool
  /// Whether it counts something: a mean of two counts would be none, so that averages of a model take the newest.
  public let isCount: Bool

  /// A buffer that begins with this value.
  public init(
    _ value: Tensor, name: String = "", isOptional: Bool = false, isCount: Bool = false
  ) {
    self.value = value.detached
    self.name = name
    self.isOptional = isOptional
    self.isCount = isCount
  }
}
