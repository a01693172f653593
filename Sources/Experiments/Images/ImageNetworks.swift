import Layers
import Models
import Tensors

/// A convolutional classifier of whichever kind; its state is that of the network, without a name in front.
struct AnyImageNetwork: ImageNetwork {
  let network: any ImageNetwork

  func features(_ x: Tensor, _ context: Context) -> Tensor { network.features(x, context) }
  func classify(_ pooled: Tensor, _ context: Context) -> Tensor {
    network.classify(pooled, context)
  }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { call(network, x, context) }
  var classifierPath: String { network.classifierPath }

  private func call(_ network: some ImageNetwork, _ x: Tensor, _ context: Context) -> Tensor {
    network(x, context)
  }
}

/// The convolutional networks by the names that `--set network=` and `predict --model` know.
enum ImageNetworks {
  /// What a network is made for.
  struct Form {
    /// Channels of the images.
    var channels = 3
    /// Outputs.
    var classes: Int
    /// The side of the images, which decides how the network begins; nil for that of its paper.
    var side: Int?
  }

  private typealias Make = @Sendable (Form, inout Philox) -> any ImageNetwork

  private static let table: [(name: String, make: Make)] = [
    ("vgg", { SmallVGG(channels: $0.channels, classes: $0.classes, random: &$1) }),
    (
      "efficient",
      {
        SmallEfficientNet(
          channels: $0.channels, classes: $0.classes, stride: $0.side ?? 0 > 48 ? 2 : 1, random: &$1
        )
      }
    ),
    (
      "resnet18",
      {
        ResNet.resNet18(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
      }
    ),
    (
      "resnet34",
      {
        ResNet.resNet34(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
      }
    ),
    (
      "resnet50",
      {
        ResNet.resNet50(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
      }
    ),
    ("resnet20", { small(20, $0, &$1) }), ("resnet32", { small(32, $0, &$1) }),
    ("resnet44", { small(44, $0, &$1) }), ("resnet56", { small(56, $0, &$1) }),
  ]

  /// Images of up to 48 pixels are too small for a beginning that divides them by four.
  private static func stem(_ form: Form) -> ResNetStem { form.side ?? 224 > 48 ? .large : .small }

  private static func small(
    _ depth: Int, _ form: Form, _ random: inout Philox
  ) -> any ImageNetwork {
    CIFARResNet(depth: depth, channels: form.channels, classes: form.classes, random: &random)
  }

  /// All names.
  static var names: [String] { table.map(\.name) }

  /// A network with new weights; nil for a name that is none.
  static func network(_ name: String, _ form: Form, seed: UInt64) -> AnyImageNetwork? {
    guard let entry = table.first(where: { $0.name == name }) else { return nil }
    var random = CIFARNetworks.weightRandom(seed: seed)
    return AnyImageNetwork(network: entry.make(form, &random))
  }
}
