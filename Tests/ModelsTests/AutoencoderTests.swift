import Layers
import Tensors
import Testing

@testable import Models

/// The autoencoders of pixels that are on or off, against PyTorch.
@Suite struct AutoencoderTests {
  private typealias Reference = AutoencoderReference

  private static let x = Tensor(
    grid(4, 6, 7, 3, 0, 11, 1).map { $0 > 0 ? 1 : 0 }, shape: [4, 6], dtype: .float64)
  private static let noise = Tensor(
    grid(4, 2, 3, 5, 1, 7, 4), shape: [4, 2], dtype: .float64)

  private static func fill(_ perceptron: MultilayerPerceptron, first: Int) {
    for (number, layer) in perceptron.layers.enumerated() {
      let weight = grid(layer.outputs, layer.inputs, 5, 2, first + number, 13, 16)
      layer.weight.value = Tensor(weight, shape: layer.weight.shape, dtype: .float64)
      let bias = grid(1, layer.outputs, 0, 2, first + number + 1, 7, 8).map { $0 + 3.0 / 64 }
      layer.bias?.value = Tensor(bias, shape: [layer.outputs], dtype: .float64)
    }
  }

  /// Sums of some dozen numbers around one.
  private func expect(
    _ tensor: Tensor?, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let values = tensor?.doubles ?? []
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    for (value, other) in zip(values, expected) {
      #expect(abs(value - other) <= 2e-14, sourceLocation: sourceLocation)
    }
  }

  @Test func plain() {
    var random = Philox(seed: 0)
    let model = BernoulliVAE(features: 6, hidden: [5], latent: 2, random: &random)
    convert(model, to: .float64)
    Self.fill(model.encoder, first: 0)
    Self.fill(model.decoder, first: 3)
    var terms: [Double] = []
    let (_, gradients) = valueWithGradient(of: parameters(of: model)) {
      let (reconstruction, divergence) = model.terms(Self.x, noise: Self.noise)
      terms = [reconstruction.item, divergence.item]
      return reconstruction + divergence
    }
    expect(Tensor(terms, shape: [2], dtype: .float64), Reference.plainTerms)
    expect(gradients[model.encoder.layers[0].weight], Reference.plainEncoderGradient)
  }

  private static func lossy() -> LossyVAE {
    var random = Philox(seed: 0)
    let model = LossyVAE(
      height: 2, width: 3, hidden: [5], latent: 2, window: 1, random: &random)
    convert(model, to: .float64)
    fill(model.encoder, first: 0)
    fill(model.decoder, first: 3)
    model.local.value = Tensor(grid(6, 6, 5, 2, 1, 13, 8), shape: [6, 6], dtype: .float64)
    return model
  }

  @Test func lossy() {
    let model = Self.lossy()
    var terms: [Double] = []
    let (_, gradients) = valueWithGradient(of: parameters(of: model)) {
      let (reconstruction, divergence) = model.terms(Self.x, noise: Self.noise)
      terms = [reconstruction.item, divergence.item]
      return reconstruction + divergence
    }
    expect(Tensor(terms, shape: [2], dtype: .float64), Reference.lossyTerms)
    expect(gradients[model.encoder.layers[0].weight], Reference.lossyEncoderGradient)
    expect(gradients[model.local], Reference.lossyLocalGradient)
  }

  /// A pixel is seen by those after it within the window, and by no other.
  @Test func lossyMaskLooksBackOnly() {
    let mask = LossyVAE.mask(height: 7, width: 9, window: 2).floats
    for pixel in 0..<63 {
      for other in 0..<63 {
        let rows = pixel / 9 - other / 9
        let isNear = (0...2).contains(rows) && abs(pixel % 9 - other % 9) <= 2
        #expect(mask[pixel * 63 + other] == (isNear && other < pixel ? 1 : 0))
      }
    }
    #expect(LossyVAE.mask(height: 3, width: 3, window: 0).floats.allSatisfy { $0 == 0 })
  }

  /// Every pixel of a made image is on where the logit, with that image as what is seen, says so.
  @Test func lossyImagesAgreeWithTheirOwnLogits() {
    let model = Self.lossy()
    let z = Tensor(grid(5, 2, 3, 5, 1, 7, 2), shape: [5, 2], dtype: .float64)
    let thresholds = Tensor(
      grid(5, 6, 4, 3, 2, 11, 12).map { $0 + 0.5 }, shape: [5, 6], dtype: .float64)
    let images = model.images(z, thresholds: thresholds)
    #expect(images.shape == [5, 6])
    let logits =
      model.decoder(z, .inference)
      + linear(images.converted(to: .float64), model.localWeights)
    let on = zip(sigmoid(logits).doubles, thresholds.doubles).map { $0 > $1 ? Float(1) : 0 }
    #expect(images.floats == on)
    #expect(Set(on) == [0, 1])
    #expect(model.images(z, thresholds: thresholds * 0 + 1).floats.allSatisfy { $0 == 0 })
  }

  private static func quantized() -> VectorQuantizedAutoencoder {
    var random = Philox(seed: 0)
    let model = VectorQuantizedAutoencoder(
      features: 6, hidden: [5], positions: 2, vectors: 4, width: 3, random: &random)
    convert(model, to: .float64)
    fill(model.encoder, first: 0)
    fill(model.decoder, first: 3)
    model.codebook.value = Tensor(
      grid(4, 3, 5, 3, 2, 11, 64).map { $0 + 0.125 }, shape: [4, 3], dtype: .float64)
    return model
  }

  /// With the gradient that goes straight through, and the two that stop.
  @Test func quantized() {
    let model = Self.quantized()
    var terms: [Double] = []
    var codes: [Int32] = []
    let (_, gradients) = valueWithGradient(of: parameters(of: model)) {
      let result = model.terms(Self.x, commitment: 0.25)
      terms = [result.reconstruction.item, result.quantization.item]
      codes = result.codes.values
      return result.reconstruction + result.quantization
    }
    #expect(codes == Reference.quantizedCodes)
    expect(Tensor(terms, shape: [2], dtype: .float64), Reference.quantizedTerms)
    expect(gradients[model.encoder.layers[0].weight], Reference.quantizedEncoderGradient)
    expect(gradients[model.codebook], Reference.quantizedCodebookGradient)
    #expect(model.codes(of: Self.x).values == codes)
    #expect(model.logits(for: IndexTensor(codes)).shape == [4, 6])
  }

  @Test func namesArePaths() {
    #expect(
      namedParameters(of: Self.quantized()).map(\.name).filter { !$0.contains("layers") }
        == ["codebook"])
    let model = Self.lossy()
    #expect(namedParameters(of: model).map(\.name).last == "local")
    #expect(namedBuffers(of: model).map(\.name) == ["mask"])
    #expect(stateDictionary(of: model)["encoder.layers.1.bias"]?.shape == [4])
  }
}
