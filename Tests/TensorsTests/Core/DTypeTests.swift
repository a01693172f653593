import Testing

@testable import Tensors

@Suite struct DTypeTests {
  /// The names are those of configurations and checkpoints.
  @Test func namesAndSizes() {
    #expect(DType.full.map(\.rawValue) == ["float32", "float64"])
    #expect(DType.full.map(\.size) == [4, 8])
    for dtype in DType.full {
      #expect(Tensor.ones([3], dtype: dtype).withBytes(\.count) == 3 * dtype.size)
    }
  }

  /// Whatever its payload: to round one up could make a number of it.
  @Test(arguments: [0x7FF8_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF])
  func aNaNStaysOneInBFloat16(bits: UInt64) {
    let value = Double(bitPattern: bits)
    #expect(Tensor.full([3], value, dtype: .bfloat16).doubles.allSatisfy { $0.isNaN })
    let converted = Tensor([value], shape: [1], dtype: .float64).converted(to: .bfloat16)
    #expect(converted.doubles.allSatisfy { $0.isNaN })
  }
}
