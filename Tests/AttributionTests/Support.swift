import Foundation
import Layers
import Tensors
import Testing

@testable import Attribution

/// Two convolutions, each with a rectifier, the mean over their places, and a linear layer.
struct SmallNetwork: Layer {
  let conv1, conv2: Conv2d
  let relu = ReLU()
  let fc: Linear

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let h = relu(conv2(relu(conv1(x, context), context), context), context)
    return fc(mean(mean(h, axis: 1), axis: 1), context)
  }

  init(channels: Int = 2, hidden: Int = 5, classes: Int = 3, seed: UInt64 = 1) {
    var random = Philox(seed: seed)
    conv1 = Conv2d(channels, 4, window: 3, .init(padding: 1), random: &random)
    conv2 = Conv2d(4, hidden, window: 3, .init(stride: 2, padding: 1), random: &random)
    fc = Linear(hidden, classes, random: &random)
    _ = parameters(of: self)
  }
}

/// y = x wᵀ on the numbers of an image, without a bias.
func linearNetwork(_ weights: [[Double]], dtype: DType = .float64) -> Sequential {
  let weight = Parameter(
    Tensor(weights.flatMap { $0 }, shape: [weights.count, weights[0].count], dtype: dtype))
  return Sequential([Flatten(), Linear(weight: weight)])
}

/// What PyTorch gave for the network and the image of `Reference/attributions.py`.
struct Stored: Decodable {
  let logits, gradient, saliency, guided, integrated, gradCam, gradCamResized, occlusion: [Double]

  static let values: Stored = {
    let url = Bundle.module.url(
      forResource: "attributions", withExtension: "json", subdirectory: "Reference")!
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do { return try decoder.decode(Stored.self, from: Data(contentsOf: url)) } catch {
      fatalError("Reference/attributions.json: \(error)")
    }
  }()

  /// The network, the image and the baseline of the script.
  static func setting() throws -> (network: SmallNetwork, x: Tensor, baseline: Tensor) {
    var numbers = NumPyRandom(seed: 0)
    let network = SmallNetwork()
    convert(network, to: .float64)
    var state = stateDictionary(of: network)
    for name in [
      "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias",
    ] {
      let shape = try #require(state[name]?.shape)
      state[name] = Tensor(
        numbers.randn(shape.count).map { $0 / 2 }, shape: shape, dtype: .float64)
    }
    try load(state, into: network)
    func image(_ scale: Double) -> Tensor {
      Tensor(numbers.randn(84).map { $0 * scale }, shape: [1, 2, 7, 6], dtype: .float64)
        .permuted(to: [0, 2, 3, 1])
    }
    let x = image(1)
    return (network, x, image(0.1))
  }
}

func expectClose(
  _ found: Tensor, _ expected: [Double], tolerance: Double = 1e-12,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let values = found.doubles
  #expect(values.count == expected.count, sourceLocation: sourceLocation)
  for (index, (a, b)) in zip(values, expected).enumerated() where !(abs(a - b) <= tolerance) {
    Issue.record("element \(index): \(a), expected \(b)", sourceLocation: sourceLocation)
    return
  }
}
