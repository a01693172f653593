import Foundation
import Testing

@testable import Tensors

@Suite struct SigmoidTests {
  @Test(arguments: ReferenceCase.named("sigmoid", "tanh"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      reference.name == "sigmoid" ? sigmoid(inputs[0]) : tanh(inputs[0])
    }
  }

  static let functions = [
    UnaryCase("sigmoid", ulps: 2.5, sigmoid) { 1 / (1 + exp(-$0)) },
    UnaryCase("tanh", ulps: 3) {
      tanh($0)
    } exact: {
      tanh($0)
    },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }
}
