import Layers
import Models
import Tensors

/// A convolutional classifier of whichever kind; its state is that of the network, without a name in front.
struct AnyImageNetwork: ImageNetwork {
  let network: any ImageNetwork
  /// Whether the features are those of inference in training too: of a frozen network the running statistics shall
  /// stay as they are.
  var holdsFeatures = false

  func features(_ x: Tensor, _ context: Context) -> Tensor { network.features(x, context) }
  func classify(_ pooled: Tensor, _ context: Context) -> Tensor {
    network.classify(pooled, context)
  }
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard holdsFeatures, context.mode == .training else { return call(network, x, context) }
    return network.logits(ofMaps: network.features(x, .inference), context)
  }
  var classifierPath: String { network.classifierPath }

  /// Whether a way of tuning trains one of its parameters.
  func isTrained(_ parameter: Parameter, by tuning: ImageConfiguration.Tuning) -> Bool {
    tuning != .head || parameter.name.hasPrefix(classifierPath + ".")
  }

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
    /// How a large residual network begins; nil for what suits the side.
    var stem: ResNetStem?
  }

  private struct Entry {
    let name: String
    /// What it is, in a phrase.
    let words: String
    /// The paths of the first convolution and of the classifier: their weights tell channels and classes.
    let first, classifier: String
    /// The side of the images that published weights are for.
    let side: Int
    /// The works that it comes from.
    let references: [Reference]
    let make: @Sendable (Form, inout Philox) -> any ImageNetwork

    init(
      _ name: String, _ words: String, _ first: String, _ classifier: String, side: Int = 32,
      from references: [Reference] = [residual],
      _ make: @escaping @Sendable (Form, inout Philox) -> any ImageNetwork
    ) {
      self.name = name
      self.words = words
      self.first = first
      self.classifier = classifier
      self.side = side
      self.references = references
      self.make = make
    }
  }

  private static let table = [
    Entry(
      "vgg", "eight 3×3 convolutions with batch normalisation, five max poolings, one linear layer",
      "layers.0", "linear",
      from: [
        Reference(
          "networks of the VGG kind",
          "K. Simonyan and A. Zisserman, \"Very deep convolutional networks for large-scale image recognition\", "
            + "ICLR 2015")
      ]
    ) {
      SmallVGG(channels: $0.channels, classes: $0.classes, random: &$1)
    },
    Entry(
      "efficient",
      "nine inverted bottlenecks, fused while maps are large, with squeeze-and-excitation",
      "stem", "classifier", from: bottlenecks
    ) {
      SmallEfficientNet(
        channels: $0.channels, classes: $0.classes, stride: $0.side ?? 0 > 48 ? 2 : 1, random: &$1)
    },
    Entry("resnet18", "ResNet-18", "conv1", "fc", side: 224) {
      ResNet.resNet18(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
    },
    Entry("resnet34", "ResNet-34", "conv1", "fc", side: 224) {
      ResNet.resNet34(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
    },
    Entry("resnet50", "ResNet-50", "conv1", "fc", side: 224) {
      ResNet.resNet50(channels: $0.channels, classes: $0.classes, stem: stem($0), random: &$1)
    },
    Entry("resnet20", "ResNet-20", "conv1", "linear") { small(20, $0, &$1) },
    Entry("resnet32", "ResNet-32", "conv1", "linear") { small(32, $0, &$1) },
    Entry("resnet44", "ResNet-44", "conv1", "linear") { small(44, $0, &$1) },
    Entry("resnet56", "ResNet-56", "conv1", "linear") { small(56, $0, &$1) },
  ]

  /// Of the residual networks, large and small.
  static let residual = Reference(
    "residual networks",
    "K. He, X. Zhang, S. Ren and J. Sun, \"Deep residual learning for image recognition\", CVPR 2016"
  )

  private static let bottlenecks = [
    Reference(
      "inverted bottlenecks",
      "M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L.-C. Chen, \"MobileNetV2: inverted residuals and linear "
        + "bottlenecks\", CVPR 2018"),
    Reference(
      "fused blocks",
      "M. Tan and Q. V. Le, \"EfficientNetV2: smaller models and faster training\", ICML 2021"),
    Reference(
      "squeeze-and-excitation",
      "J. Hu, L. Shen and G. Sun, \"Squeeze-and-excitation networks\", CVPR 2018"),
    Reference(
      "blocks left out at random",
      "G. Huang, Y. Sun, Z. Liu, D. Sedra and K. Q. Weinberger, \"Deep networks with stochastic depth\", ECCV 2016"
    ),
  ]

  /// Images of up to 48 pixels are too small for a beginning that divides them by four.
  private static func stem(_ form: Form) -> ResNetStem {
    form.stem ?? (form.side ?? 224 > 48 ? .large : .small)
  }

  private static func small(
    _ depth: Int, _ form: Form, _ random: inout Philox
  ) -> any ImageNetwork {
    CIFARResNet(depth: depth, channels: form.channels, classes: form.classes, random: &random)
  }

  /// The side of the images that a network's published weights are for: ImageNet's 224, or CIFAR's 32.
  static func publishedSide(of name: String) -> Int? { table.first { $0.name == name }?.side }

  /// What a network is, in a phrase; the name itself where it is none.
  static func words(_ name: String) -> String {
    table.first { $0.name == name }?.words ?? name
  }

  /// The works that a network comes from; none of a name that is none.
  static func references(of name: String) -> [Reference] {
    table.first { $0.name == name }?.references ?? []
  }

  /// All names.
  static var names: [String] { table.map(\.name) }

  /// What a network was made for, as its weights tell; nil for a name that is none.
  ///
  /// What the weights do not determine, or give implausibly, stays as given: loading them then says what is missing or
  /// of the wrong shape.
  ///
  /// - Parameters:
  ///   - name: of the network.
  ///   - state: its weights by name, with PyTorch's axes.
  ///   - given: what holds where the weights do not tell.
  static func form(of name: String, weights state: [String: Tensor], given: Form) -> Form? {
    guard let entry = table.first(where: { $0.name == name }) else { return nil }
    var form = given
    if let rows = state[entry.classifier + ".weight"]?.shape, rows.rank == 2, rows[1] > 0,
      (1...mostClasses).contains(rows[0])
    {
      form.classes = rows[0]
    }
    if let window = state[entry.first + ".weight"]?.shape, window.rank == 4, window.count > 0,
      window[1] <= mostChannels
    {
      form.channels = window[1]
      form.stem = window[2] == 3 ? .small : .large
    }
    return form
  }

  /// How a large residual network begins, as its weights tell; nil where they do not, or are not given.
  static func stem(of name: String, weights state: [String: Tensor]?) -> ResNetStem? {
    state.flatMap { form(of: name, weights: $0, given: Form(classes: 1)) }?.stem
  }

  /// More are not believed, lest a damaged file ask for memory.
  private static let mostClasses = 100_000
  private static let mostChannels = 1000

  /// A network with new weights; nil for a name that is none.
  static func network(_ name: String, _ form: Form, seed: UInt64) -> AnyImageNetwork? {
    guard let entry = table.first(where: { $0.name == name }) else { return nil }
    var random = Philox(ofWeights: seed)
    return AnyImageNetwork(network: entry.make(form, &random))
  }
}
