import TestSupport
import Testing

@testable import Tensors

@Suite struct AddScaledTests {
  @Test(arguments: ReferenceCase.named("add-scaled"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      addScaled(inputs[0], inputs[1], reference.attributes.scalar ?? .nan)
    }
  }

  /// Multiples of a power of two: no rounding, fused or not.
  @Test(arguments: DType.full, [1, 7, 16, 33])
  func addsAMultiple(dtype: DType, count: Int) {
    let steps = (0..<count).map(Double.init)
    let a = Tensor(steps.map { $0 / 4 }, shape: [count], dtype: dtype)
    let b = Tensor(steps.map { 3 - $0 }, shape: [count], dtype: dtype)
    #expect(addScaled(a, b, 0.5).doubles == steps.map { 1.5 - $0 / 4 })
  }

  @Test func wantsEqualShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = addScaled(.ones([2]), .ones([3]), 1)
    }
    expectStop(
      result,
      "addScaled: shapes [2] and [3] differ; nothing is broadcast silently: use broadcast(_:to:) if "
        + "that is meant")
  }
}
