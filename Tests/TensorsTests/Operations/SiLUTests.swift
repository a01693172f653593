import Foundation
import Testing

@testable import Tensors

@Suite struct SiLUTests {
  @Test(arguments: ReferenceCase.named("silu", "softplus"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      reference.name == "silu" ? silu(inputs[0]) : softplus(inputs[0])
    }
  }

  static let functions = [
    // Left of −87 the logistic function is denormal, and digits go with it, or all of them.
    UnaryCase("silu", ulps: 4, domain: -87...Float.greatestFiniteMagnitude, silu) {
      $0 / (1 + exp(-$0))
    },
    UnaryCase("softplus", ulps: 3, softplus) { max($0, 0) + log1p(exp(-abs($0))) },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }
}
