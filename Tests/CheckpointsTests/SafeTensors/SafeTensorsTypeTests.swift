import Testing

@testable import Checkpoints

@Suite struct SafeTensorsTypeTests {
  /// Every half-precision number against the compiler's own conversion; NaN keeps its payload.
  @Test func everyHalf() {
    for bits in UInt16.min...UInt16.max {
      let float = SafeTensorsType.f16.float(bits)
      let exponent = bits & 0x7C00
      let expected: UInt32 =
        exponent == 0x7C00
        ? UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | UInt32(bits & 0x3FF) << 13
        : halfValue(bits).bitPattern
      #expect(float?.bitPattern == expected)
    }
  }

  /// (-1)^s 2^(e-15) (1 + f/1024), and (-1)^s 2^-14 f/1024 for e = 0.
  private func halfValue(_ bits: UInt16) -> Float {
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF) / 1024
    let magnitude =
      exponent == 0
      ? Double(sign: .plus, exponent: -14, significand: 1) * fraction
      : Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    return Float(bits & 0x8000 == 0 ? magnitude : -magnitude)
  }

  @Test func narrowIntegersAndBrainFloats() {
    for bits in UInt16.min...UInt16.max {
      #expect(SafeTensorsType.bf16.float(bits)?.bitPattern == UInt32(bits) << 16)
      #expect(SafeTensorsType.u16.float(bits) == Float(bits))
      #expect(SafeTensorsType.i16.float(bits) == Float(Int16(bitPattern: bits)))
    }
    for bits in UInt8.min...UInt8.max {
      #expect(SafeTensorsType.u8.float(UInt16(bits)) == Float(bits))
      #expect(SafeTensorsType.i8.float(UInt16(bits)) == Float(Int8(bitPattern: bits)))
      #expect(SafeTensorsType.bool.float(UInt16(bits)) == (bits <= 1 ? Float(bits) : nil))
    }
  }
}
