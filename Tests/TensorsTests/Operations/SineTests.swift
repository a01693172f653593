import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct SineTests {
  @Test(arguments: ReferenceCase.named("sin"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in sin(inputs[0]) }
  }

  /// The cosine by its definition as a derivative: stored gradients of the sine for a cotangent c are
  /// c cos x.
  @Test(arguments: ReferenceCase.named("sin"))
  func cosineIsTheSlopeOfTheSine(reference: ReferenceCase) {
    let x = reference.inputs[0].tensor(reference.dtype)
    let found = (cos(x) * reference.cotangent.tensor(reference.dtype)).doubles
    let allowed = reference.dtype == .float32 ? 2e-6 : 4e-15
    for (a, b) in zip(found, reference.gradients[0].values) { #expect(abs(a - b) <= allowed) }
  }

  static let functions = [
    UnaryCase("sin", ulps: 2.5) {
      sin($0)
    } exact: {
      sin($0)
    },
    UnaryCase("cos", ulps: 2.5) {
      cos($0)
    } exact: {
      cos($0)
    },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }

  @Test func pullbackStopsAtAnotherShape() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = sinPullback(.ones([2]), .ones([3])) }
    expectStop(
      result,
      "sinPullback: shapes [2] and [3] differ; nothing is broadcast silently: use broadcast(_:to:) if "
        + "that is meant")
  }
}
