import Experiments
import Tensors
import TestSupport
import Testing

/// Which workloads `adjoint benchmark` times where none is named, and what it refuses.
@Suite struct BenchmarkCommandTests {
  @Test func onlyWhatCanBeRunSo() throws {
    #expect(try Workload.runnable(.tape, in: .bfloat16).map(\.name) == ["resnet18", "vgg"])
    let all = Workload.all.map(\.name)
    let trained = all.filter { $0 != "resnet18-single" }
    #expect(try Workload.runnable(.tape, in: .float64).map(\.name) == trained)
    #expect(try Workload.runnable(.inference, in: .float64).map(\.name) == all)
    #expect(try !Workload.runnable(.byHand, in: .float32).map(\.name).contains("vgg"))
    try expectFailure(
      64,
      "adjoint: --precision bfloat16: there is no workload that can be run by-hand in it",
      ["benchmark", "--gradients", "by-hand", "--precision", "bfloat16"], in: TemporaryFolder())
  }

  @Test(arguments: ["-1", "-0.5", "-inf"])
  func secondsBelowNothing(seconds: String) throws {
    let number = try #require(Double(seconds))
    try expectFailure(
      64, "adjoint: --seconds \(number): has to be above 0 and at most 3600",
      ["benchmark", "tiny", "--seconds", seconds], in: TemporaryFolder())
  }

  @Test(arguments: ["tape", "by-hand"])
  func inferenceHasNoGradients(gradients: String) throws {
    try expectUsageError(
      "--inference has no gradients; leave out --gradients.", of: "adjoint benchmark",
      "[<workload> ...] [<options>]",
      ["benchmark", "tiny", "--inference", "--gradients", gradients], in: TemporaryFolder())
  }
}
