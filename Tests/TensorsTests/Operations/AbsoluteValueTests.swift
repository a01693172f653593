import Testing

@testable import Tensors

@Suite struct AbsoluteValueTests {
  @Test(arguments: ReferenceCase.named("abs"))
  func agreesWithPyTorch(reference: ReferenceCase) { reference.check { abs($0[0]) } }

  @Test func everyFloat() {
    UnaryCase("abs", ulps: 0) {
      abs($0)
    } exact: {
      $0.magnitude
    }.check()
  }

  /// At zero, of either sign, the gradient is 0.
  @Test(arguments: DType.allCases)
  func slopesAtTheKink(dtype: DType) {
    let x = Tensor([-2, -0.0, 0, 3], shape: [4], dtype: dtype)
    let dy = Tensor([10, 20, 30, 40], shape: [4], dtype: dtype)
    let slopes = valueWithGradient(at: [x]) {
      sum((abs($0[0]) * dy).converted(to: .float64))
    }.gradients[0]
    #expect(slopes?.doubles == [-10, 0, 0, 40])
    #expect(abs(x).doubles == [2, 0, 0, 3])
  }
}
