import Testing

@testable import Tensors

@Suite struct SquaredNormTests {
  @Test(arguments: ReferenceCase.named("squared-norm"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in squaredNorm(inputs[0]) }
  }

  @Test(arguments: DType.full)
  func addsSquares(dtype: DType) {
    let x = Tensor([3, -4, 12], shape: [3], dtype: dtype)
    let (value, gradients) = valueWithGradient(at: [x]) { squaredNorm($0[0]) * 0.5 }
    #expect(value.item == 84.5 && value.dtype == dtype)
    #expect(gradients[0]?.doubles == [3, -4, 12])
    #expect(squaredNorm(.zeros([0], dtype: dtype)).item == 0)
  }

  /// A running sum in single precision would stop at 2²⁴.
  @Test func addsInDoublePrecision() {
    let count = 1 << 25
    #expect(squaredNorm(.ones([count])).item == Double(count))
  }
}
