import Attribution
import Datasets
import Figures
import Layers
import Tensors
import Training

/// An experiment whose network can be looked into, for it gives logits of images: `adjoint visualize`.
protocol LookingInside: Experiment {
  /// The network as it stands, with what it takes to show it images.
  var examined: ExaminedNetwork { get }

  /// The network of a run as its settings and newest weights alone make it, for pictures from elsewhere: the data of
  /// the run may have changed, or be on another machine.
  ///
  /// Nil where they do not make it: of a convolutional network in runs of before the names of the classes were noted.
  ///
  /// - Throws: `AdjointError` if there are no weights, or they are damaged or of another network.
  static func examinedWithoutData(of run: RunDirectory) throws -> ExaminedNetwork?
}

/// A classifier of images with what it takes to show it some: how bytes become its input, and the sets they are from.
struct ExaminedNetwork {
  /// Takes images `[batch, height, width, channels]` as ``input(of:)`` makes them; gives logits `[batch, classes]`.
  let network: any Layer
  /// Its parameters, in the order of its layers.
  let parameters: [Parameter]
  /// The training images; none where it is shown pictures from elsewhere alone.
  let training: ClassificationSet
  /// The images that may be shown, and what their part is called: `test`. None as above.
  let shown: (name: String, set: ClassificationSet)
  private let transform: PixelTransform
  private let dtype: DType

  /// - Parameters:
  ///   - model: gives logits of images, or of rows of their features.
  ///   - layout: which of the two.
  ///   - parameters: its parameters; their names are those of its layers.
  ///   - transform: how bytes become its input.
  ///   - training: the images it was trained on.
  ///   - shown: those that may be shown, and what their part is called.
  init(
    _ model: any Layer, takes layout: InputLayout, parameters: [Parameter],
    transform: PixelTransform, training: ClassificationSet,
    shown: (name: String, set: ClassificationSet)
  ) {
    network = layout == .rows ? Sequential([Flatten(), model]) : model
    self.parameters = parameters
    self.transform = transform
    self.training = training
    self.shown = shown
    // Parameters stay in single precision where activations are kept in half of it; maps are made in theirs.
    dtype = parameters.first?.dtype ?? .float32
  }

  var height: Int { shown.set.height }
  var width: Int { shown.set.width }
  var channels: Int { shown.set.channels }
  var classNames: [String] { shown.set.classNames }

  /// The network's input for all images of a set, `[count, height, width, channels]`.
  func input(of set: ClassificationSet) -> Tensor {
    let loader = Loader(
      set, batchSize: set.count, order: .sequential, layout: .images, transform: transform)
    return loader.next().inputs.converted(to: dtype)
  }

  /// The input for an image whose bytes are all the same.
  private func input(of byte: UInt8) throws -> Tensor {
    try input(of: one(pixels: [UInt8](repeating: byte, count: height * width * channels)))
  }

  /// A picture as a set of one image.
  func one(pixels: [UInt8]) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: pixels, height: height, width: width, channels: channels, labels: [0],
      classNames: classNames, description: "one image")
  }

  /// The image that is black everywhere, and that which is white.
  func extremes() throws -> (black: Tensor, white: Tensor) {
    (try input(of: UInt8.min), try input(of: UInt8.max))
  }

  /// The mean of the training images, as their input; a transform is a line from byte to number for each of them.
  func meanInput() throws -> Tensor {
    require(
      training.count > 0, "ExaminedNetwork.meanInput: there are no training images to have a mean")
    let (black, white) = try extremes()
    let share = training.meanImage().map { Double($0) / 255 }
    return black + (white - black) * Tensor(share, shape: black.shape, dtype: black.dtype)
  }

  /// Probabilities of the classes for one image, each by itself where an image can be of several.
  func probabilities(of x: Tensor) -> [Double] {
    let logits = network(x, .inference)
    return (training.targets == nil ? softmax(logits) : sigmoid(logits)).doubles
  }

  /// An image of a set as a picture.
  func picture(of set: ClassificationSet, row: Int) -> PixelImage {
    PixelImage(
      width: width, height: height, channels: channels, pixels: Array(set.image(row)))
  }

  /// The window and stride of an occlusion, a fifth and a sixteenth of the image: some two hundred runs at 32, 64 and
  /// 224 pixels, more where the stride is rounded down, as at 28 (24², 576).
  var occluder: (window: Extent, stride: Extent) {
    func window(_ length: Int) -> Int { max(length / 5, 1) }
    func stride(_ length: Int) -> Int { max(length / 16, 1) }
    return (Extent(window(height), window(width)), Extent(stride(height), stride(width)))
  }
}
