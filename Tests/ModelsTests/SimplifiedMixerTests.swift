import Layers
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct SimplifiedMixerTests {
  private func mixer(_ blocks: Int = 1) -> SimplifiedMixer {
    var random = Philox(seed: 3)
    return SimplifiedMixer(positions: 4, features: 3, classes: 5, blocks: blocks, random: &random)
  }

  @Test func namesAreThePathsOfTheLayers() {
    let parameters = parameters(of: mixer(2))
    #expect(
      parameters.map(\.name) == [
        "blocks.0.positions.weight", "blocks.0.positions.bias", "blocks.0.features.weight",
        "blocks.0.features.bias", "blocks.1.positions.weight", "blocks.1.positions.bias",
        "blocks.1.features.weight", "blocks.1.features.bias", "head.weight", "head.bias",
      ])
    #expect(parameters[0].shape == [4, 4] && parameters[2].shape == [3, 3])
    #expect(parameters[8].shape == [5, 4])
  }

  /// Element by element, in plain loops.
  @Test func doesWhatTheFormulasSay() {
    let model = mixer()
    convert(model, to: .float64)
    let p = parameters(of: model).map(\.value.doubles)
    let x = (0..<24).map { Double(($0 * 7 + 3) % 11 - 5) / 4 }
    var expected: [Double] = []
    for sample in 0..<2 {
      let own = Array(x[(12 * sample)..<(12 * sample + 12)])
      var s1 = own
      for l in 0..<4 {
        for d in 0..<3 {
          var z = p[1][l]
          for i in 0..<4 { z += p[0][4 * l + i] * own[3 * i + d] }
          s1[3 * l + d] += max(z, 0)
        }
      }
      var means = [Double](repeating: 0, count: 4)
      for l in 0..<4 {
        for d in 0..<3 {
          var z = p[3][d]
          for i in 0..<3 { z += p[2][3 * d + i] * s1[3 * l + i] }
          means[l] += (s1[3 * l + d] + max(z, 0)) / 3
        }
      }
      for k in 0..<5 {
        var logit = p[5][k]
        for l in 0..<4 { logit += p[4][4 * k + l] * means[l] }
        expected.append(logit)
      }
    }
    for shape in [[2, 4, 3], [2, 12]] as [Shape] {
      let y = model(Tensor(x, shape: shape, dtype: .float64), .inference)
      #expect(y.shape == [2, 5])
      for (found, right) in zip(y.doubles, expected) { #expect(abs(found - right) <= 1e-14) }
    }
  }

  @Test func blocksFollowOneAnother() {
    let model = mixer(2)
    let x = Tensor((0..<12).map { Float($0) / 8 }, shape: [1, 4, 3])
    let once = model.blocks[0](x, .inference)
    let twice = model.blocks[1](once, .inference)
    #expect(
      model(x, .inference).floats == model.head(mean(twice, axis: 2), .inference).floats)
  }

  static let mistakes: [(words: String, body: @Sendable () -> Void)] = [
    (
      "SimplifiedMixer: 0 blocks; there has to be at least 1",
      {
        var random = Philox(seed: 0)
        _ = SimplifiedMixer(positions: 4, features: 3, classes: 5, blocks: 0, random: &random)
      }
    ),
    (
      "SimplifiedMixer: blocks of [] and a head of 4 inputs; they have to be of one size, at least one",
      { _ = SimplifiedMixer(blocks: [], head: Linear(weight: Parameter(.zeros([5, 4])))) }
    ),
    (
      "MixerBlock: layers from 4 to 5 and from 3 to 3; each has to keep its length",
      {
        _ = MixerBlock(
          positions: Linear(weight: Parameter(.zeros([5, 4]))),
          features: Linear(weight: Parameter(.zeros([3, 3]))))
      }
    ),
    (
      "in layer MixerBlock: input of shape [2, 3, 4]; it has to be [batch, 4, 3]",
      {
        var random = Philox(seed: 0)
        _ = MixerBlock(positions: 4, features: 3, random: &random)(.zeros([2, 3, 4]), .inference)
      }
    ),
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in SimplifiedMixerTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
