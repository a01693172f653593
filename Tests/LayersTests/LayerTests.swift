import Foundation
import Tensors
import TestSupport
import Testing

@testable import Layers

struct LayerTests {
  static let checks = GradientCheck.all.filter { $0.group == .layer }.map(\.name)

  /// Input and parameters, by hand, from the tape and by differences, in both precisions.
  @Test(arguments: checks)
  func gradientsAgreeThreeWays(_ name: String) throws {
    let check = try #require(GradientCheck.all.first { $0.name == name })
    for result in check.run() {
      #expect(
        result.passed,
        "\(result.name): \(result.worst.error) > \(result.worst.tolerance) at \(result.worst.worstCase)"
      )
      #expect(result.cases > 5, "\(result.name): too few shapes")
    }
  }

  /// Layers are read from the sources: one without a check is a red build.
  @Test func everyLayerIsChecked() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Layers").standardizedFileURL
    let files = try FileManager.default.subpathsOfDirectory(atPath: root.path)
    var layers: [String] = []
    for file in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
      let found = text.matches(of: /public struct (\w+)(?:<[^>]*>)?: Layer[ ,]/)
      layers += found.map { String($0.1) }
    }
    #expect(layers.count >= 29)
    for layer in layers {
      // `Linear` is checked as "Linear" or "Linear with ReLU", not as "LinearAttention".
      let isChecked = Self.checks.contains { $0 == layer || $0.hasPrefix(layer + " ") }
      #expect(isChecked, "\(layer) has no gradient check")
    }
  }

  @Test func aLayerIsNamedByItsPathAndType() {
    let model = Network()
    #expect(qualifiedName(of: model.layer1[0]) == "Block")
    _ = namedParameters(of: model)
    #expect(qualifiedName(of: model) == "Network")
    #expect(qualifiedName(of: model.head) == "head (Linear)")
    #expect(qualifiedName(of: model.layer1[0]) == "layer1.0 (Block)")
    #expect(qualifiedName(of: model.layer1[1].conv2) == "layer1.1.conv2 (Linear)")
    #expect(
      qualifiedName(of: model.layer1[0].downsample!) == "layer1.0.downsample (Sequential)")
    #expect(qualifiedName(of: ReLU()) == "ReLU")
  }

  @Test func aValueThatIsNotFiniteIsBlamedOnTheInnermostLayer() throws {
    let model = Network()
    let parameters = parameters(of: model)
    model.layer1[1].conv1.weight.value = .full([4, 4], .infinity)
    let error = try #require(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: parameters) { sum(model(.ones([1, 4]), .inference)) }
    }
    #expect(error.layer == "layer1.1.conv1 (Linear)")
    #expect(error.operation == "linear")
    #expect(!error.isBackward)
  }

  /// A layer that has no path of its own, and one that has.
  @Test func aMistakeNamesTheLayerItIsIn() async {
    let named = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model = Network()
      _ = namedParameters(of: model)
      let wide = Linear(weight: model.head.weight)
      _ = model.layer1[1](wide(.ones([3, 4]), .inference), .inference)
    }
    expectStop(
      named,
      "in layer layer1.1.conv1 (Linear): linear: input of shape [3, 2] and weight of shape [4, 4]; they "
        + "have to be [batch, inputs] and [outputs, inputs]")
    let unnamed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Sequential { Flatten() }(Tensor(scalar: 1), .inference)
    }
    expectStop(
      unnamed, "in layer Flatten: flattened: axis 1 of a tensor of shape [], which has 0 axes")
  }

  /// A layer whose name cannot be told, for its parameters have no order, stops with that and does not go on asking.
  @Test func aMistakeInALayerWithoutAName() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      struct Unordered: Layer {
        let weights = ["a": Parameter(.ones([1]), name: "a")]
        func forward(_ x: Tensor, _ context: Context) -> Tensor { x + .ones([2]) }
      }
      _ = Unordered()(.ones([3]), .inference)
    }
    expectStop(
      result,
      "weights is a dictionary or set with parameters in it, which have no order: keep them in an array "
        + "or in properties")
  }

  /// What follows a layer is not in it.
  @Test func aMistakeBehindALayerNamesNone() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Network()(.ones([3, 4]), .inference) + .ones([1])
    }
    expectStop(
      result,
      "+: shapes [3, 2] and [1] differ; nothing is broadcast silently: use broadcast(_:to:) if that is "
        + "meant")
  }
}
