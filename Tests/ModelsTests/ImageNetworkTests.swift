import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Models

/// What PyTorch computed with the weights of `Reference/images.py`.
private struct Stored: Decodable {
  let logits: [Double]
  let trainingLoss: Double
  let gradientNorms: [String: Double]
  /// Of each parameter in the order of the names, of networks that are trained.
  let gradientProjections: [Double]?
  let names: [String]

  static let all: [String: Stored] = {
    let url = Bundle.module.url(
      forResource: "images", withExtension: "json", subdirectory: "Reference")!
    do {
      let decoder = JSONDecoder()
      // The names of weights are keys too, and stay as they are.
      struct Raw: Decodable {
        let logits: [Double]
        let training_loss: Double
        let gradient_norms: [String: Double]
        let gradient_projections: [Double]?
        let names: [String]
      }
      return try decoder.decode([String: Raw].self, from: Data(contentsOf: url)).mapValues {
        Stored(
          logits: $0.logits, trainingLoss: $0.training_loss, gradientNorms: $0.gradient_norms,
          gradientProjections: $0.gradient_projections, names: $0.names)
      }
    } catch {
      fatalError("Reference/images.json: \(error)")
    }
  }()
}

/// A network by the name it has in the file; nothing is dropped at random: PyTorch would draw other places.
private func network(_ name: String) -> any ImageNetwork {
  var random = Philox(seed: 0)
  return switch name {
  case "resnet18": ResNet.resNet18(classes: 9, random: &random)
  case "resnet34": ResNet.resNet34(classes: 9, random: &random)
  case "resnet50": ResNet.resNet50(classes: 9, random: &random)
  case "resnet20": CIFARResNet(depth: 20, random: &random)
  case "resnet56": CIFARResNet(depth: 56, random: &random)
  case "vgg": SmallVGG(random: &random)
  case "efficient": SmallEfficientNet(classes: 9, stochasticDepth: 0, dropout: 0, random: &random)
  default: fatalError("Reference/images.json: no network is called \(name)")
  }
}

/// Draws the weights and the images as the script does; returns the images.
private func fill(_ model: any ImageNetwork, _ names: [String], _ dtype: DType) throws -> Tensor {
  var numbers = NumPyRandom(seed: 0)
  var state = stateDictionary(of: model)
  for name in names where !name.hasSuffix("num_batches_tracked") {
    let shape = try #require(state[name]?.shape, "\(name) is not in the model")
    var drawn = numbers.randn(shape.count)
    if shape.rank > 1 {
      let scale = (2 / Double(shape.count / shape[0])).squareRoot()
      drawn = drawn.map { $0 * scale }
    } else if name.hasSuffix("running_var") {
      drawn = drawn.map { 1 + 0.1 * abs($0) }
    } else {
      drawn = drawn.map { (name.hasSuffix("weight") ? 1 : 0) + 0.1 * $0 }
    }
    state[name] = Tensor(drawn, shape: shape, dtype: dtype)
  }
  convert(model, to: dtype)
  try load(state, into: model)
  let images = Tensor(numbers.randn(3 * 3 * 40 * 40), shape: [3, 3, 40, 40], dtype: dtype)
  return images.permuted(to: [0, 2, 3, 1])
}

private func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Double, _ what: String
) {
  guard found.count == expected.count else {
    Issue.record("\(what): \(found.count) elements, expected \(expected.count)")
    return
  }
  let scale = expected.map(abs).max() ?? 0
  for (index, (a, b)) in zip(found, expected).enumerated() where !(abs(a - b) <= tolerance * scale)
  {
    Issue.record("\(what), element \(index): \(a), PyTorch has \(b)")
    return
  }
}

@Suite struct ImageNetworkTests {
  /// In float32 the sums of some fifty layers are rounded one after the other.
  @Test(arguments: Stored.all.keys.sorted(), [(DType.float32, 3e-5), (.float64, 1e-11)])
  func computesWhatPyTorchDoes(name: String, precision: (dtype: DType, tolerance: Double)) throws {
    let stored = try #require(Stored.all[name])
    let model = network(name)
    let x = try fill(model, stored.names, precision.dtype)
    expectClose(call(model, x, .inference).doubles, stored.logits, precision.tolerance, "logits")
  }

  /// The statistics of three images amplify rounding on the way there and back: float64 alone.
  @Test(arguments: ["resnet18", "resnet20", "vgg", "efficient"])
  func trainsAsPyTorchDoes(name: String) throws {
    let stored = try #require(Stored.all[name])
    let projections = try #require(stored.gradientProjections)
    let model = network(name)
    let x = try fill(model, stored.names, .float64)
    let named = namedParameters(of: model)
    let (loss, gradients) = valueWithGradient(of: named.map(\.parameter)) {
      softmaxCrossEntropy(call(model, x, .training(seed: 0)), labels: IndexTensor([1, 0, 2]))
    }
    #expect(abs(loss.item - stored.trainingLoss) <= 1e-10 * stored.trainingLoss)

    let parameters = Dictionary(uniqueKeysWithValues: named.map { ($0.name, $0.parameter) })
    let names = stored.names.filter { parameters[$0] != nil }
    try #require(names.count == named.count && projections.count == named.count)
    #expect(stored.gradientNorms.count == named.count { $0.parameter.shape.rank > 1 })
    var numbers = NumPyRandom(seed: 1)
    for (name, expected) in zip(names, projections) {
      let parameter = try #require(parameters[name])
      let gradient = try #require(gradients[parameter], "\(name) has no gradient")
      let norm = sumOfSquares(gradient).squareRoot()
      // A bias in front of a normalisation has none but rounding.
      if parameter.shape.rank > 1 {
        let expected = try #require(stored.gradientNorms[name], "\(name) has no norm")
        #expect(abs(norm - expected) <= 1e-8 * expected + 1e-12, "\(name)")
      }
      // Along a random vector the gradient's signs and places count, which its norm does not know.
      let ordered = Parameter(gradient, stateLayout: parameter.stateLayout).stateValue
      let projection = zip(ordered.doubles, numbers.randn(ordered.count)).reduce(0.0) {
        $0 + $1.0 * $1.1
      }
      #expect(abs(projection - expected) <= 1e-8 * norm + 1e-12, "\(name)")
    }
  }

  @Test(arguments: Stored.all.keys.sorted())
  func hasPyTorchsNames(name: String) throws {
    let stored = try #require(Stored.all[name])
    #expect(Set(stateDictionary(of: network(name)).keys) == Set(stored.names))
  }

  /// Weights have the order of axes in a state dictionary that PyTorch gives them.
  @Test func weightsAreSavedAsPyTorchHasThem() throws {
    var random = Philox(seed: 0)
    let model = ResNet.resNet18(classes: 9, random: &random)
    let state = stateDictionary(of: model)
    #expect(state["conv1.weight"]?.shape == [64, 3, 7, 7])
    #expect(state["layer2.0.downsample.0.weight"]?.shape == [128, 64, 1, 1])
    let other = ResNet.resNet18(classes: 9, random: &random)
    try load(state, into: other)
    let again = stateDictionary(of: other)
    for (name, value) in state { #expect(again[name]?.doubles == value.doubles, "\(name)") }
  }

  @Test func smallStemKeepsTheSize() {
    var random = Philox(seed: 0)
    let model = ResNet.resNet18(channels: 1, classes: 2, stem: .small, random: &random)
    #expect(model.features(.ones([2, 28, 28, 1]), .inference).shape == [2, 4, 4, 512])
    #expect(model(.ones([2, 28, 28, 1]), .inference).shape == [2, 2])
  }

  /// Images in bfloat16, logits in float32.
  @Test func bfloat16GivesFloat32Logits() {
    var random = Philox(seed: 0)
    let model = CIFARResNet(depth: 8, random: &random)
    let x = Tensor(shape: [2, 32, 32, 3]) { for i in $0.indices { $0[i] = Float(random.normal()) } }
    let single = model(x, .inference)
    let half = model(x.converted(to: .bfloat16), .inference)
    #expect(half.dtype == .float32)
    expectClose(half.doubles, single.doubles, 0.05, "logits")
  }

  /// Counted by hand: 32²·16·27, then 6, 5½ and 5½ convolutions of 32²·16²·9, then 640.
  @Test(arguments: [DType.float32, .float64])
  func multiplicationsOfResNet20(dtype: DType) {
    var random = Philox(seed: 0)
    let model = CIFARResNet(depth: 20, random: &random)
    convert(model, to: dtype)
    #expect(model.multiplications(image: [32, 32, 3]) == 442_368 + 17 * 2_359_296 + 640)
  }

  @Test func stopsAtDepthsThatDoNotExist() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 0)
      _ = CIFARResNet(depth: 18, random: &random)
    }
    expectStop(result, "CIFARResNet: depth 18; it has to be 6n + 2, such as 20, 32, 44, 56")
  }
}

private func call(_ model: some ImageNetwork, _ x: Tensor, _ context: Context) -> Tensor {
  model(x, context)
}
