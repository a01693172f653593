import Layers
import Tensors
import TestSupport
import Testing

@testable import Attribution

@Suite struct GradientMapsTests {
  @Test func saliencyIsThatOfPyTorch() throws {
    let (network, x, _) = try Stored.setting()
    let map = Score(of: network, .output(1)).saliency(of: x)
    #expect(map.shape == [1, 7, 6])
    expectClose(map, Stored.values.saliency)
  }

  /// |w|, at the strongest channel, wherever the image is.
  @Test func saliencyOfALinearNetworkIsItsWeight() {
    let network = linearNetwork([[9, 9, 9, 9, 9, 9], [1, -2, 3, 0.5, -4, 0]])
    let x = Tensor([0, 1, 2, 3, 4, 5], shape: [1, 1, 3, 2], dtype: .float64)
    expectClose(Score(of: network, .output(1)).saliency(of: x), [2, 3, 4])
  }

  @Test func guidedGradientIsThatOfPyTorch() throws {
    let (network, x, _) = try Stored.setting()
    expectClose(Score(of: network, .output(1)).guidedGradient(at: x), Stored.values.guided)
  }

  /// y = max(x₁, 0) − max(x₂, 0): what speaks against the score does not come through.
  @Test func guidedGradientCutsNegativeCotangents() {
    let network = Sequential([
      Flatten(), ReLU(),
      Linear(weight: Parameter(Tensor([1, -1, 2], shape: [1, 3], dtype: .float64))),
    ])
    let x = Tensor([3, 5, -1], shape: [1, 1, 1, 3], dtype: .float64)
    let score = Score(of: network, .output(0))
    expectClose(score.gradient(at: x).gradient, [1, -1, 0])
    expectClose(score.guidedGradient(at: x), [1, 0, 0])
    #expect(score(x).item == -2)
  }

  @Test(arguments: [1, 7, 16])
  func smoothGradientDoesNotDependOnTheBatch(batch: Int) throws {
    let (network, x, _) = try Stored.setting()
    let score = Score(of: network, .output(1))
    let whole = score.smoothGradient(at: x, samples: 20, noise: 0.2, seed: 3, batch: 20)
    expectClose(
      score.smoothGradient(at: x, samples: 20, noise: 0.2, seed: 3, batch: batch), whole.doubles)
    #expect(
      score.smoothGradient(at: x, samples: 20, noise: 0.2, seed: 4).doubles != whole.doubles)
  }

  @Test func smoothGradientWithoutNoiseIsTheGradient() throws {
    let (network, x, _) = try Stored.setting()
    expectClose(
      Score(of: network, .output(1)).smoothGradient(at: x, samples: 3, noise: 0, seed: 0),
      Stored.values.gradient)
  }

  /// E[dx²/2 /dx] is x: the mean over noise around it, σ = 0.1 (max − min) = 0.2, falls on it as 1/√n.
  @Test func smoothGradientAveragesOverNoiseOfTheShareItIsGiven() {
    struct Square: Layer {
      func forward(_ x: Tensor, _ context: Context) -> Tensor {
        sum(x * x * 0.5, axis: 1).reshaped(to: [x.shape[0], 1])
      }
    }
    let x = Tensor([-1, 1], shape: [1, 2], dtype: .float64)
    let score = Score(of: Square(), .output(0))
    let one = score.smoothGradient(at: x, samples: 1, noise: 0.1, seed: 1).doubles
    let noise = gaussianNoise([1, 2], seed: 1, stream: 0, dtype: .float64).doubles
    expectClose(
      Tensor(one, shape: [2], dtype: .float64), [-1 + 0.2 * noise[0], 1 + 0.2 * noise[1]])
    let many = score.smoothGradient(at: x, samples: 4000, noise: 0.1, seed: 1, batch: 1000)
    expectClose(many, [-1, 1], tolerance: 4 * 0.2 / 4000.squareRoot())
  }

  @Test func sumsAndMaximaOverChannels() {
    let a = Tensor([1, -3, 2, 0, -1, -1], shape: [1, 1, 2, 3], dtype: .float64)
    expectClose(channelMaximum(of: a), [3, 1])
    expectClose(channelSum(of: a), [0, -2])
  }

  @Test func stopsAtMoreThanOneImage() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Score(of: SmallNetwork(), .output(0)).smoothGradient(at: .ones([2, 7, 6, 2]), seed: 0)
    }
    expectStop(
      result, "smoothGradient: images of shape [2, 7, 6, 2]; it takes one at a time, [1, …]")
  }
}
