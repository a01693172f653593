import TestSupport
import Testing

@testable import Tensors

@Suite struct ReLUTests {
  @Test(arguments: ReferenceCase.named("relu", "leaky-relu"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      reference.name == "relu"
        ? relu(inputs[0]) : leakyReLU(inputs[0], slope: reference.attributes.slope ?? .nan)
    }
  }

  @Test(arguments: ReferenceCase.named("add-then-relu"))
  func sumAgreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in addThenRelu(inputs[0], inputs[1]) }
  }

  /// At a sum of zero the slope is that of the negative side; a NaN stays one and lets the cotangent pass.
  @Test(arguments: DType.allCases)
  func sumAtTheKink(dtype: DType) {
    let a = Tensor([-1, 2, 0, 1, .nan, 3], shape: [6], dtype: dtype)
    let b = Tensor([-1, -2, 0, 1, 1, -4], shape: [6], dtype: dtype)
    let dy = Tensor([10, 20, 30, 40, 50, 60], shape: [6], dtype: dtype)
    var value: Tensor?
    let gradients = valueWithGradient(at: [a, b]) { inputs in
      let y = addThenRelu(inputs[0], inputs[1])
      value = y.detached
      return sum((y * dy).converted(to: .float64))
    }.gradients
    let found = value?.doubles ?? []
    #expect(found[4].isNaN && found[..<4] == [0, 0, 0, 2] && found[5] == 0)
    for gradient in gradients { #expect(gradient?.doubles == [0, 0, 0, 40, 50, 0]) }
  }

  @Test func sumOfOtherShapesStops() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = addThenRelu(.ones([2]), .ones([3])) }
    expectStop(
      result,
      "addThenRelu: shapes [2] and [3] differ; nothing is broadcast silently: use broadcast(_:to:) if that is "
        + "meant")
  }

  static let functions = [
    UnaryCase("relu", ulps: 0, relu) { $0 <= 0 ? 0 : $0 },
    UnaryCase("leakyReLU", ulps: 0) {
      leakyReLU($0, slope: 0.25)
    } exact: {
      $0 < 0 ? 0.25 * $0 : $0
    },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }

  /// At zero, of either sign, the slope is that of the negative side; a NaN lets the cotangent pass.
  @Test(arguments: DType.full)
  func slopesAtTheKink(dtype: DType) {
    let x = Tensor([-1, -0.0, 0, 1, .nan], shape: [5], dtype: dtype)
    let dy = Tensor([10, 20, 30, 40, 50], shape: [5], dtype: dtype)
    #expect(reluPullback(dy, x).doubles == [0, 0, 0, 40, 50])
    let slopes = valueWithGradient(at: [x]) { sum(leakyReLU($0[0], slope: 0.5) * dy) }.gradients[0]
    #expect(slopes?.doubles == [5, 10, 15, 40, 25])
  }

  @Test func pullbackWantsEqualShapes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = reluPullback(.ones([2]), .ones([3])) }
    expectStop(
      result,
      "reluPullback: shapes [2] and [3] differ; nothing is broadcast silently: use broadcast(_:to:) if "
        + "that is meant")
  }
}
