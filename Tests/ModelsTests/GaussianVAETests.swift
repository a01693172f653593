import Layers
import Tensors
import Testing

@testable import Models

@Suite struct GaussianVAETests {
  private func model(latent: Int = 2) -> GaussianVAE {
    var random = Philox(seed: 1)
    return GaussianVAE(features: 3, hidden: [6, 5], latent: latent, random: &random)
  }

  @Test func namesAndShapes() {
    let named = namedParameters(of: model(latent: 4))
    #expect(
      named.filter { $0.name.hasSuffix("weight") }.map { "\($0.name) \($0.parameter.shape)" } == [
        "encoder.layers.0.weight [6, 3]", "encoder.layers.1.weight [5, 6]",
        "encoder.layers.2.weight [8, 5]", "decoder.layers.0.weight [5, 4]",
        "decoder.layers.1.weight [6, 5]", "decoder.layers.2.weight [6, 6]",
      ])
  }

  /// With weights of zero, both heads are the standard normal distribution: the bound is the likelihood under it.
  @Test func boundOfAnEmptyNetwork() {
    let model = model()
    for parameter in parameters(of: model) { parameter.value = .zeros(parameter.shape) }
    let x = Tensor([1, 2, 0, 0, 0, 3], shape: [2, 3], dtype: .float32)
    let bound = model.bound(x, noise: .ones([2, 2]), beta: 7)
    // ½ ln 2π for each of three features, and half the mean square of the rows: (5 + 9) / 4.
    #expect(abs(bound.reconstruction.item - (3 * 0.9189385332046727 + 3.5)) < 1e-6)
    #expect(bound.divergence.item == 0 && bound.loss.item == bound.reconstruction.item)
  }

  /// Setting the last bias of the decoder alone makes means of 2 and deviations of e.
  @Test func samplesAreMeansAndNoise() {
    let model = model()
    for parameter in parameters(of: model) { parameter.value = .zeros(parameter.shape) }
    model.decoder.layers[2].bias?.value = Tensor([2, 2, 2, 1, 1, 1], shape: [6])
    let noise = Tensor([0, 1, -1, 0.5, 0, 0], shape: [2, 3], dtype: .float32)
    let samples = model.samples(.ones([2, 2]), noise: noise)
    #expect(samples.means.floats == Array(repeating: 2, count: 6))
    for (value, e) in zip(samples.noisy.doubles, noise.doubles) {
      #expect(abs(value - (2 + 2.718281828459045 * e)) < 1e-6)
    }
  }
}
