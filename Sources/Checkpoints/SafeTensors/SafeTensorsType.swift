import Tensors

/// The element types that files may hold and this program reads.
enum SafeTensorsType: String, CaseIterable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case u16 = "U16"
  case i8 = "I8"
  case u8 = "U8"
  case bool = "BOOL"

  /// Bytes of one element.
  var size: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// Bytes of one element in memory.
  var sizeInMemory: Int { self == .f64 ? 8 : 4 }

  /// Whether elements are read into an `IndexTensor`.
  var isIndex: Bool { self == .i32 || self == .i64 }

  /// An element of one of the narrow types, exactly; `nil` where the bits stand for none.
  ///
  /// Worked out on bits, not with arithmetic: a thread that flushes denormals would lose the small ones.
  func float(_ bits: UInt16) -> Float? {
    switch self {
    case .bf16: Float(bitPattern: UInt32(bits) << 16)
    case .f16: SafeTensorsType.widened(half: bits)
    case .i16: Float(Int16(bitPattern: bits))
    case .u16: Float(bits)
    case .i8: Float(Int8(truncatingIfNeeded: bits))
    case .u8: Float(bits)
    case .bool: bits <= 1 ? Float(bits) : nil
    case .f64, .f32, .i64, .i32: nil
    }
  }

  /// IEEE 754 half precision to single precision.
  private static func widened(half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10 & 0x1F)
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    case 0:
      guard fraction != 0 else { return Float(bitPattern: sign) }
      // A denormal becomes normal: its leading one moves up to the place that is not stored.
      let shift = UInt32(fraction.leadingZeroBitCount - 21)
      return Float(
        bitPattern: sign | (113 - shift) << 23 | (fraction << shift & 0x3FF) << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
