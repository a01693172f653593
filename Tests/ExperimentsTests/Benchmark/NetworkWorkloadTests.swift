import Tensors
import Testing

@testable import Experiments

@Suite struct NetworkWorkloadTests {
  /// PyTorch 2.15 in float64: the network of each workload written with its functions and `autograd.grad`, ten steps
  /// of `p -= rate * g`, no dropout.
  private static let peer: [String: (initial: Double, after10: Double)] = [
    "cascade": (25.69660913961995, 19.279255219585597),
    "mixer": (2.4418635633936683, 2.303854657693232),
  ]

  /// After ten steps float32 has rounded some hundred times, and float64 as many.
  @Test(
    arguments: ["cascade", "mixer"],
    [
      (Workload.Mode.tape, DType.float32, 1e-6), (.byHand, .float32, 1e-6),
      (.tape, .float64, 1e-13), (.byHand, .float64, 1e-13),
    ])
  func doesWhatPyTorchDoes(name: String, kind: (Workload.Mode, DType, Double)) throws {
    let expected = try #require(Self.peer[name])
    let measured = try Workload.named(name).measure(mode: kind.0, dtype: kind.1, seconds: 0.01)
    for (value, other) in [
      (measured.initialLoss, expected.initial), (measured.lossAfter10, expected.after10),
    ] {
      #expect(abs(try #require(value) - other) <= kind.2 * other)
    }
    #expect(measured.steps > 0 && measured.medianMs > 0)
  }

  @Test(arguments: ["cascade", "mixer"])
  func inference(name: String) throws {
    let measured = try Workload.named(name).measure(
      mode: .inference, dtype: .float32, seconds: 0.01)
    #expect(measured.steps > 0)
  }

  @Test func summaries() throws {
    #expect(
      try ["cascade", "mixer"].map { try Workload.named($0).summary } == [
        "64-128-32 and 64-32-10, batch 64, dropout 0.2, SGD", "L 16, D 32, K 10, batch 64, SGD",
      ])
  }
}
