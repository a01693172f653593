import Foundation
import Testing

@testable import Tensors

@Suite struct GELUTests {
  @Test(arguments: ReferenceCase.named("gelu", "gelu-tanh"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      gelu(inputs[0], approximation: reference.name == "gelu" ? .none : .tanh)
    }
  }

  static let functions = [
    // The left tail has a relative error of a few units too, down to where its density is denormal.
    UnaryCase("gelu", ulps: 8, domain: -12.9...Float.greatestFiniteMagnitude) {
      gelu($0)
    } exact: { x in
      // −∞ · 0 is not a number here as it is not in PyTorch.
      x * 0.5 * erfc(-x / 2.0.squareRoot())
    },
    // 1 + tanh loses the left tail to cancellation, as the formula says it does.
    UnaryCase("gelu_tanh", ulps: 4, domain: -1...Float.greatestFiniteMagnitude) {
      gelu($0, approximation: .tanh)
    } exact: { x in
      0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    },
  ]

  @Test(arguments: functions)
  func everyFloat(function: UnaryCase) { function.check() }

  /// Left of −1 the tanh form is held to an absolute error.
  @Test func leftTailOfTheTanhForm() {
    let inputs = (0...90_000).map { -1 - Float($0) / 1000 }
    let outputs = gelu(Tensor(inputs, shape: [inputs.count]), approximation: .tanh).floats
    let exact = inputs.map { input in
      let x = Double(input)
      let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
      return x / (1 + exp(-2 * inner))
    }
    #expect(firstFar(outputs.map { Double($0) }, from: exact, within: 2e-7) == nil)
  }
}
