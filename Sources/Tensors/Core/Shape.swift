/// The lengths of a tensor's axes, outermost first; at most six, each below 2³¹.
///
/// Held in one machine vector, so that copying and comparing shapes costs nothing.
public struct Shape: Hashable, Sendable {
  /// The largest number of axes.
  public static let maximumRank = 6

  /// Lanes 0–5 are the lengths, lane 7 the rank; lanes past the rank are zero.
  private var lanes: SIMD8<Int32>

  /// A shape with the given lengths; stops if one is negative or there are more than six.
  public init(_ lengths: some Collection<Int>) {
    require(
      lengths.count <= Shape.maximumRank,
      "Shape: \(lengths.count) axes; at most \(Shape.maximumRank) are supported")
    lanes = .zero
    for (axis, length) in lengths.enumerated() {
      Shape.requireLength(length, axis)
      lanes[axis] = Int32(truncatingIfNeeded: length)
    }
    lanes[7] = Int32(truncatingIfNeeded: lengths.count)
    requireCount()
  }

  /// Where an axis is empty, the others by themselves must not have too many either: loops multiply them.
  private func requireCount() {
    var product = 1
    for axis in 0..<rank {
      // A length is below 2³¹ and the product so far at most 2⁴⁸: this cannot overflow unseen.
      let (next, isTooLarge) = product.multipliedReportingOverflow(by: max(1, Int(lanes[axis])))
      product = next
      require(
        !isTooLarge && product <= 1 << 48, "Shape: \(lengths) has more than 2⁴⁸ elements")
    }
  }

  private static func requireLength(_ length: Int, _ axis: Int) {
    require(
      length >= 0 && length <= Int(Int32.max),
      "Shape: length \(length) of axis \(axis) is not in 0 ..< 2³¹")
  }

  /// The shape of a scalar: no axes, one element.
  public static let scalar = Shape([])

  @inline(__always)
  static func matrix(_ rows: Int, _ columns: Int) -> Shape {
    var shape = Shape.scalar
    shape.lanes[0] = Int32(rows)
    shape.lanes[1] = Int32(columns)
    shape.lanes[7] = 2
    return shape
  }

  /// The number of axes.
  @inline(__always)
  public var rank: Int { Int(lanes[7]) }

  /// The number of elements: the product of the lengths.
  public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= Int(lanes[axis]) }
    return product
  }

  /// The length of an axis, counted from the front; stops if there is none.
  @inline(__always)
  public subscript(axis: Int) -> Int {
    get {
      require(axis >= 0 && axis < rank, "Shape: axis \(axis) of \(self), which has \(rank) axes")
      return Int(lanes[axis])
    }
    set {
      require(axis >= 0 && axis < rank, "Shape: axis \(axis) of \(self), which has \(rank) axes")
      Shape.requireLength(newValue, axis)
      lanes[axis] = Int32(newValue)
      requireCount()
    }
  }

  /// The lengths as an array.
  public var lengths: [Int] { (0..<rank).map { Int(lanes[$0]) } }

  /// Without one axis.
  public func removing(axis: Int) -> Shape {
    require(axis >= 0 && axis < rank, "Shape: axis \(axis) of \(self), which has \(rank) axes")
    var kept = lengths
    kept.remove(at: axis)
    return Shape(kept)
  }

  /// With another length for one axis.
  public func replacing(axis: Int, with length: Int) -> Shape {
    var changed = self
    changed[axis] = length
    return changed
  }

  /// The axis counted from the front, where negative ones count from the back.
  func resolve(axis: Int, for operation: StaticString) -> Int {
    require(
      axis >= -rank && axis < rank,
      "\(operation): axis \(axis) of a tensor of shape \(self), which has \(rank) axes")
    return axis < 0 ? axis + rank : axis
  }

  /// The products of the lengths before, at and after an axis.
  func split(at axis: Int) -> (outer: Int, axis: Int, inner: Int) {
    var outer = 1
    var inner = 1
    for index in 0..<axis { outer *= self[index] }
    for index in (axis + 1)..<max(rank, axis + 1) { inner *= self[index] }
    return (outer, self[axis], inner)
  }
}

extension Shape: ExpressibleByArrayLiteral {
  /// `[batch, features]`
  public init(arrayLiteral lengths: Int...) {
    self.init(lengths)
  }
}

extension Shape: CustomStringConvertible {
  /// `[16, 784]`
  public var description: String { lengths.description }
}
