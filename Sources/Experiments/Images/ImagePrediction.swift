import Checkpoints
import Datasets
import Foundation
import Layers
import Models
import Tensors

/// A convolutional network with weights from a file, run on images from a file.
///
/// Channels, classes and the beginning of a large residual network are those of the weights.
struct ImagePrediction {
  /// Pixels that go through the network at once: what a residual network keeps of them takes a gigabyte.
  private static let pixels = 32 * 224 * 224

  private let network: AnyImageNetwork
  private let channels: Int
  private let classes: Int
  /// The side that images have to have; nil for any.
  let side: Int?
  private let dtype: DType
  /// How bytes become inputs.
  private let transform: PixelTransform
  /// The same in words.
  let normalization: String

  /// A network by its name, such as `resnet20`; bytes are normalised as for the run of the weights, or as for weights
  /// from elsewhere.
  ///
  /// - Parameters:
  ///   - name: one of ``ImageNetworks/names``.
  ///   - run: the settings of the run that the weights are of; nil where they are of none.
  ///   - imageSide: the height of the images, which decides how a network begins whose weights do not tell.
  init(
    network name: String, of run: ImageConfiguration?, weights: URL, imageSide: Int,
    note: (String) -> Void
  ) throws {
    var configuration = run ?? ImageConfiguration()
    configuration.network = name
    if run == nil { configuration.weights = weights.path }
    try self.init(
      configuration, weights, given: .init(channels: 3, classes: 10, side: imageSide), side: nil,
      note: note)
  }

  /// The network of an experiment's configuration; bytes are normalised as for its training.
  init(_ configuration: ImageConfiguration, weights: URL, note: (String) -> Void) throws {
    // How many classes a folder of pictures had is for the weights to tell.
    let form = try ImageSet.form(configuration, classes: 1)
    try self.init(configuration, weights, given: form, side: form.side, note: note)
  }

  private init(
    _ configuration: ImageConfiguration, _ weights: URL, given: ImageNetworks.Form, side: Int?,
    note: (String) -> Void
  ) throws {
    let state = try StateFile.read(weights, note: note)
    let name = configuration.network
    guard let form = ImageNetworks.form(of: name, weights: state, given: given),
      let network = ImageNetworks.network(name, form, seed: 0)
    else { throw AdjointError(.usage, unknown("network", name, among: ImageNetworks.names)) }
    if configuration.precision == .float64 { convert(network.network, to: .float64) }
    try load(state, into: network.network, from: weights.path)
    self.network = network
    (channels, classes, self.side) = (form.channels, form.classes, side)
    dtype = configuration.precision
    transform = try ImageSet.normalization(configuration, channels: form.channels)
    normalization = try ImageSet.words(
      ImageSet.statistics(configuration, channels: form.channels))
  }

  /// Logits of images, `[rows, classes]`.
  ///
  /// - Parameters:
  ///   - contents: `[rows, height, width, channels]`, or `[rows, channels, height, width]` as PyTorch has them; where
  ///     both could be meant, the first. Numbers are inputs as they are, bytes are normalised.
  ///   - file: where they are from, for messages.
  func logits(_ contents: NPY.Contents, from file: URL) throws -> Tensor {
    let shape = contents.shape
    let lastIsChannels = shape.rank == 4 && shape[3] == channels
    guard shape.rank == 4, lastIsChannels || shape[1] == channels else {
      throw unfit(shape, file)
    }
    let (height, width) = lastIsChannels ? (shape[1], shape[2]) : (shape[2], shape[3])
    guard height > 0, width > 0, side.map({ height == $0 && width == $0 }) ?? true else {
      throw unfit(shape, file)
    }
    let batch = max(1, min(100, Self.pixels / (height * width)))
    var parts: [Tensor] = []
    switch contents {
    case _ where shape[0] == 0:
      parts = [.zeros([0, classes], dtype: dtype == .bfloat16 ? .float32 : dtype)]
    case .numbers(let x):
      for start in stride(from: 0, to: shape[0], by: batch) {
        let images = slice(x, axis: 0, from: start, count: min(batch, shape[0] - start))
        parts.append(call(lastIsChannels ? images : images.permuted(to: [0, 2, 3, 1])))
      }
    case .bytes(let bytes, _):
      let set = try ClassificationSet(
        pixels: lastIsChannels ? bytes : interleaved(bytes, plane: height * width),
        height: height, width: width, channels: channels,
        labels: [Int32](repeating: 0, count: shape[0]), classNames: ["unknown"],
        description: file.path)
      parts = logits(set, batch: batch)
    }
    return concatenate(parts, axis: 0)
  }

  /// Logits of pictures, `[pictures, classes]`: of each the largest square in the middle, resized.
  ///
  /// - Parameters:
  ///   - files: at least one.
  ///   - size: the side of an image, in pixels.
  /// - Throws: `AdjointError` that names the first file that cannot be read.
  func logits(ofPictures files: [URL], size: Int) throws -> Tensor {
    let batch = max(1, min(100, Self.pixels / (size * size)))
    // A portion at a time: decoded, a folder of pictures may be larger than the memory.
    let parts = try stride(from: 0, to: files.count, by: batch).map { first in
      let portion = Array(files[first..<min(first + batch, files.count)])
      let set = try ClassificationSet(
        pixels: ImageFolder.pixels(of: portion, size: size, channels: channels), height: size,
        width: size, channels: channels, labels: [Int32](repeating: 0, count: portion.count),
        classNames: ["unknown"], description: "pictures")
      return logits(set, batch: batch)[0]
    }
    return concatenate(parts, axis: 0)
  }

  private func logits(_ set: ClassificationSet, batch: Int) -> [Tensor] {
    let loader = Loader(
      set, batchSize: batch, order: .sequential, layout: .images, transform: transform)
    return (0..<loader.batchesPerEpoch).map { _ in call(loader.next().inputs) }
  }

  private func call(_ images: Tensor) -> Tensor {
    network(images.converted(to: dtype), .inference)
  }

  /// The planes of each image, one after the other, as pixels.
  private func interleaved(_ bytes: [UInt8], plane: Int) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(bytes.count)
    for image in stride(from: 0, to: bytes.count, by: plane * channels) {
      for place in 0..<plane {
        for channel in 0..<channels { pixels.append(bytes[image + channel * plane + place]) }
      }
    }
    return pixels
  }

  private func unfit(_ shape: Shape, _ file: URL) -> AdjointError {
    let (height, width) = side.map { ("\($0)", "\($0)") } ?? ("height", "width")
    return AdjointError(
      .badData,
      "\(file.path): expected shape [rows, \(height), \(width), \(channels)] or "
        + "[rows, \(channels), \(height), \(width)], found \(shape)")
  }
}
