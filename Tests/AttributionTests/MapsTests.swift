import Layers
import Tensors
import TestSupport
import Testing

@testable import Attribution

@Suite struct MapsTests {
  @Test func gradCAMIsThatOfPyTorch() throws {
    let (network, x, _) = try Stored.setting()
    let layer = try layerOutputs(of: network, on: x).named("ReLU#2")
    let map = Score(of: network, .output(1)).gradCAM(of: x, layer: layer)
    #expect(map.shape == [1, 4, 3])
    expectClose(map, Stored.values.gradCam)
    expectClose(resized(map, height: 7, width: 6), Stored.values.gradCamResized)
  }

  /// Maps A₁ = x, A₂ = −x of an identity, y = (3 mean A₁ + mean A₂): α = (3, 1) / 4, m = max(x (3 − 1) / 4, 0).
  @Test func gradCAMByHand() throws {
    struct Network: Layer {
      let maps: Conv2d
      let fc: Linear
      func forward(_ x: Tensor, _ context: Context) -> Tensor {
        fc(mean(mean(maps(x, context), axis: 1), axis: 1), context)
      }
    }
    var random = Philox(seed: 0)
    let network = Network(
      maps: Conv2d(1, 2, window: 1, bias: false, random: &random),
      fc: Linear(2, 1, bias: false, random: &random))
    network.maps.weight.value = Tensor([1, -1], shape: [2, 1, 1, 1])
    network.fc.weight.value = Tensor([3, 1], shape: [1, 2])
    _ = parameters(of: network)
    let x = Tensor([1, -2, 3, 4], shape: [1, 2, 2, 1])
    let layer = try layerOutputs(of: network, on: x).named("maps")
    let map = Score(of: network, .output(0)).gradCAM(of: x, layer: layer)
    expectClose(map, [0.5, 0, 1.5, 2], tolerance: 1e-6)
  }

  @Test func occlusionIsThatOfPyTorch() throws {
    let (network, x, baseline) = try Stored.setting()
    let score = Score(of: network, .output(1))
    for batch in [1, 5, 32] {
      let map = score.occlusion(of: x, window: 3, stride: 2, cover: baseline, batch: batch)
      #expect(map.shape == [1, 7, 6])
      expectClose(map, Stored.values.occlusion)
    }
  }

  /// One pixel at a time takes away w (x − cover).
  @Test func occlusionOfALinearNetwork() {
    let network = linearNetwork([[1, -2, 3, 0.5]])
    let x = Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1], dtype: .float64)
    let map = Score(of: network, .output(0)).occlusion(
      of: x, window: 1, stride: 1, cover: .ones(x.shape, dtype: .float64))
    expectClose(map, [0, -2, 6, 1.5])
  }

  @Test func resizingKeepsWhatIsEven() {
    let even = Tensor.full([2, 3, 4], 0.7, dtype: .float64)
    expectClose(
      resized(even, height: 5, width: 2), [Double](repeating: 0.7, count: 20), tolerance: 1e-15)
    let same = Tensor([1, 2, 3, 4], shape: [1, 2, 2], dtype: .float64)
    expectClose(resized(same, height: 2, width: 2), [1, 2, 3, 4])
    expectClose(resized(same, height: 1, width: 4), [2, 2.25, 2.75, 3])
  }

  @Test func stopsAtAWindowThatLeavesTheImage() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Tensor.ones([1, 7, 6, 2])
      _ = Score(of: SmallNetwork(), .output(0)).occlusion(of: x, window: 7, stride: 2, cover: x)
    }
    expectStop(
      result,
      "occlusion: a window of 7×7 every 2×2 pixels on an image of 7×6; the window has to lie in the "
        + "image, and the stride in the window")
  }

  @Test func stopsAtALayerWithoutMaps() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Tensor.ones([1, 7, 6, 2])
      let network = SmallNetwork()
      let layer = try layerOutputs(of: network, on: x).named("fc")
      _ = Score(of: network, .output(0)).gradCAM(of: x, layer: layer)
    }
    expectStop(
      result,
      "gradCAM: fc gives [1, 3] for images of shape [1, 7, 6, 2]; it has to be maps, "
        + "[batch, height, width, channels]")
  }
}
