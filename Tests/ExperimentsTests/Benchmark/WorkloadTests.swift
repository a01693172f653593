import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct WorkloadTests {
  /// What Benchmarks/Peers/numpy_peer.py prints, NumPy 2.4, float32.
  private static let peer: [String: (initial: Double, after10: Double)] = [
    "mnist-mlp": (2.5393667221069336, 0.07173106074333191),
    "two-layer": (2.532487392425537, 0.8330520391464233),
    "uva-mlp": (2.5590779781341553, 2.4136624336242676),
    "tiny": (1.4063646793365479, 0.7482544183731079),
  ]

  @Test(
    arguments: ["mnist-mlp", "two-layer", "uva-mlp", "tiny"],
    [
      (Workload.Mode.tape, DType.float32), (.byHand, .float32), (.tape, .float64),
      (.byHand, .float64),
    ])
  func doesWhatThePeersDo(name: String, kind: (Workload.Mode, DType)) throws {
    let expected = try #require(Self.peer[name])
    let measured = try Workload.named(name).measure(mode: kind.0, dtype: kind.1, seconds: 0.01)
    for (value, other) in [
      (measured.initialLoss, expected.initial), (measured.lossAfter10, expected.after10),
    ] {
      #expect(abs(try #require(value) - other) <= 1e-5 * other)
    }
    #expect(measured.medianMs > 0 && measured.p10Ms <= measured.medianMs)
    #expect(measured.medianMs <= measured.p90Ms && measured.steps > 0)
    #expect(measured.peakBytes > 0)
    #expect(measured.workload == name && measured.mode == kind.0.rawValue)
  }

  /// What Benchmarks/Peers/torch_peer.py prints of it, PyTorch 2.15, float32, `functional`. The losses alone: a step
  /// of its 8.6 million weights takes a while.
  @Test func deepPerceptronDoesWhatPyTorchDoes() throws {
    let losses = try Workload.named("deep-mlp").comparedLosses(.tape, .float32)
    for (value, other) in [
      (losses.initial, 2.874066114425659), (losses.after, 1.9930293560028076),
    ] {
      #expect(abs(try #require(value) - other) <= 1e-5 * other)
    }
  }

  /// What Benchmarks/Peers/torch_images.py prints of it, PyTorch 2.15, float32. The first loss alone, for its steps
  /// take long.
  @Test func vggBeginsWhereItDoesInPyTorch() throws {
    let losses = try Workload.named("vgg").comparedLosses(.tape, .float32, steps: 0)
    #expect(losses.after == nil)
    #expect(abs(losses.initial - 2.9962973594665527) <= 3e-5)
  }

  @Test(arguments: ["mnist-mlp", "deep-mlp"])
  func aTypeThatItDoesNotHave(name: String) {
    expectError(.usage, "\(name): cannot be run in bfloat16; it can be run in float32, float64") {
      _ = try Workload.named(name).measure(mode: .tape, dtype: .bfloat16, seconds: 1)
    }
  }

  @Test func aModeThatItDoesNotHave() {
    expectError(.usage, "deep-mlp: has no step by-hand; it has tape, inference") {
      _ = try Workload.named("deep-mlp").measure(mode: .byHand, dtype: .float32, seconds: 1)
    }
  }

  /// In a process of its own: the counter is that of the process.
  @Test(arguments: Workload.Mode.allCases.map(\.rawValue))
  func asksTheSystemForNothingInItsSteadyState(mode: String) async {
    await #expect(processExitsWith: .success) { [mode] in
      let mode = try #require(Workload.Mode(rawValue: mode))
      let workloads = Workload.all.filter { $0.modes.contains(mode) }
      try #require(workloads.count > 3)
      for workload in workloads {
        let measured = try workload.measure(
          mode: mode, dtype: .float32, seconds: 0.02, comparedSteps: 0)
        #expect(measured.systemRequestsInSteadyState == 0, "\(workload.name)")
      }
    }
  }

  @Test func inferenceHasNoLossAfterSteps() throws {
    let measured = try Workload.named("tiny").measure(
      mode: .inference, dtype: .float32, seconds: 0.01)
    #expect(measured.initialLoss != nil && measured.lossAfter10 == nil)
  }

  @Test func summaries() throws {
    #expect(
      try ["mnist-mlp", "two-layer"].map { try Workload.named($0).summary } == [
        "784-50-10, batch 16, SGD", "3072-50-10, batch 200, SGD with momentum 0.9",
      ])
  }

  @Test func unknownName() {
    expectError(
      .usage,
      "there is no workload named tinny; did you mean tiny? (there are "
        + Workload.all.map(\.name).joined(separator: ", ") + ")"
    ) { _ = try Workload.named("tinny") }
  }
}
