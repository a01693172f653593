import Layers
import Tensors
import TestSupport
import Testing

struct MeanOnlyBatchNormTests {
  private let x = Tensor(
    [1, -2, 0.5, 3, 4, -0.25, -1, 0.25, 1.5, 0.5, 1, 2] as [Float], shape: [4, 3])

  /// PyTorch 2.15: the running mean of `BatchNorm1d(3, affine=False)` after one and after two such batches.
  @Test func runningMeanFollowsAsPyTorchsDoes() {
    let layer = MeanOnlyBatchNorm(3)
    layer.runningMean.value = Tensor([1, 2, 3] as [Float], shape: [3])
    for expected in [[0.9875, 1.88125, 2.79375], [0.97625, 1.774375, 2.608125]] {
      _ = layer(x, .training(seed: 0))
      for (found, right) in zip(layer.runningMean.value.doubles, expected) {
        #expect(abs(found - right) <= 5e-7)
      }
    }
  }

  @Test func inferenceSubtractsTheRunningMean() {
    let layer = MeanOnlyBatchNorm(3, activation: .relu)
    layer.bias.value = Tensor([0.5, 0, -1] as [Float], shape: [3])
    layer.runningMean.value = Tensor([1, -2, 0] as [Float], shape: [3])
    let expected: [Float] = [0.5, 0, 0, 2.5, 6, 0, 0, 2.25, 0.5, 0, 3, 1]
    #expect(layer(x, .inference).floats == expected)
    // It does not move there, and a row alone gives the same.
    #expect(layer.runningMean.value.floats == [1, -2, 0])
    #expect(layer(slice(x, axis: 0, from: 1, count: 1), .inference).floats == [2.5, 6, 0])
  }

  @Test func stateHasPyTorchsNames() {
    let layer = MeanOnlyBatchNorm(3)
    #expect(stateDictionary(of: layer).keys.sorted() == ["bias", "running_mean"])
    #expect(parameters(of: layer).map(\.name) == ["bias"])
  }

  @Test func stopsAtAMomentumOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = MeanOnlyBatchNorm(3, momentum: 1.5) }
    expectStop(result, "MeanOnlyBatchNorm: momentum 1.5 is not in 0 ... 1")
  }

  @Test func stopsWithoutFeatures() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = MeanOnlyBatchNorm(0) }
    expectStop(result, "MeanOnlyBatchNorm(0): there has to be at least 1 feature")
  }
}
