import Tensors
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
        "\(result.name): \(result.maxRelativeError) > \(result.tolerance) at \(result.worstCase)")
    }
  }

  @Test func everyLayerIsChecked() {
    let layers: [any Layer.Type] = [
      Linear.self, ReLU.self, LeakyReLU.self, Sigmoid.self, Tanh.self, Sine.self, GELU.self,
      SiLU.self, Softplus.self, Softmax.self, LogSoftmax.self, Dropout.self, Flatten.self,
      Sequential.self,
    ]
    let names = layers.map { "\($0)" } + ["Residual"]
    #expect(Set(names).isSubset(of: Self.checks), "\(Set(names).subtracting(Self.checks))")
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
}
