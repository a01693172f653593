import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct PowerTests {
  @Test(arguments: ReferenceCase.named("power"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { power($0[0], reference.attributes.scalar ?? .nan) }
  }

  /// Each with its error in units in the last place: one rounding, or two in the cube.
  static let exponents: [(Double, Double)] = [
    (0, 0), (1, 0), (2, 0.5), (3, 1.5), (-1, 0.5001), (-2, 0.5001), (5, 0.5001), (0.5, 0.5001),
    (-0.5, 0.5001), (1 / 3.0, 0.5001), (2.5, 0.5001), (-7.25, 0.5001), (40, 0.5001),
  ]

  @Test(arguments: exponents)
  func everyFloat(exponent: Double, ulps: Double) {
    UnaryCase("power \(exponent)", ulps: ulps) {
      power($0, exponent)
    } exact: {
      pow($0, exponent)
    }.check()
  }

  @Test(arguments: DType.allCases)
  func roundedToEachType(dtype: DType) {
    let x = Tensor([-2, 0.25, 1, 4], shape: [4], dtype: dtype)
    #expect(power(x, 3).doubles == [-8, 0.015625, 1, 64])
    #expect(Array(power(x, -0.5).doubles[1...]) == [2, 1, 0.5])
    #expect(power(x, -0.5).doubles[0].isNaN)
  }

  /// Where a factor of the gradient is 0 or infinite.
  @Test(arguments: DType.full)
  func slopesAtZero(dtype: DType) {
    func slopes(_ exponent: Double) -> [Double]? {
      let x = Tensor([0, 2], shape: [2], dtype: dtype)
      return valueWithGradient(at: [x]) { sum(power($0[0], exponent)) }.gradients[0]?.doubles
    }
    #expect(slopes(0) == [0, 0])
    #expect(slopes(1) == [1, 1])
    #expect(slopes(2) == [0, 4])
    #expect(slopes(0.5)?[0] == .infinity)
  }

  @Test func stopsAtAnExponentThatIsNotFinite() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = power(.ones([2]), .infinity) }
    expectStop(result, "power: exponent inf; it has to be a finite number")
  }
}
