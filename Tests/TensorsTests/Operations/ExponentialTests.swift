import Foundation
import Testing

@testable import Tensors

@Suite struct ExponentialTests {
  @Test(arguments: ReferenceCase.named("exp", "log", "sqrt"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      switch reference.name {
      case "exp": exp(inputs[0])
      case "log": log(inputs[0])
      default: sqrt(inputs[0])
      }
    }
  }

  static let functions = [
    UnaryCase("exp", ulps: 1) {
      exp($0)
    } exact: {
      exp($0)
    },
    UnaryCase("log", ulps: 1) {
      log($0)
    } exact: {
      log($0)
    },
    UnaryCase("sqrt", ulps: 0.5) {
      sqrt($0)
    } exact: {
      $0.squareRoot()
    },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }
}
