/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable, Codable {
  /// IEEE 754 single precision: what networks train in.
  case float32
  /// IEEE 754 double precision: what gradients are checked in.
  case float64
  /// The upper half of a float32: what activations of convolutional networks may be kept in, at half the
  /// memory. Operations on images, elementwise ones, products and those that move elements know it, and compute in
  /// float32; softmax, losses, most sums, noise and optimisers do not.
  case bfloat16

  /// The types that every operation knows.
  public static let full: [DType] = [.float32, .float64]

  /// The type that sums over elements of this one are kept in, and what each channel of such images has: its statistics,
  /// weights, shifts.
  var whole: DType { self == .bfloat16 ? .float32 : self }

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .bfloat16: 2
    case .float32: 4
    case .float64: 8
    }
  }
}

/// The upper half of a float32, to be read and written as a tensor's element.
struct BFloat16: BitwiseCopyable {
  private let bits: UInt16

  /// Rounded to nearest, ties to even; a NaN stays one.
  init(_ value: Float) {
    let wide = value.bitPattern
    bits =
      value.isNaN ? UInt16(wide >> 16) | 0x40 : UInt16((wide + 0x7FFF + (wide >> 16 & 1)) >> 16)
  }

  /// Exact.
  var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}
