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
}
