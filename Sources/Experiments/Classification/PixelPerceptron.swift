import Datasets
import Layers
import Models
import Tensors

/// A perceptron of the bytes of images that keeps what is subtracted from them beside its weights, so that a
/// checkpoint is all a prediction needs.
///
/// Input: rows of bytes, 0 to 255, in the order row, column, channel.  State: `mean` `[features]`, `deviation`
/// `[features]` if there is one, `layers.0.weight`, `layers.0.bias`, …
struct PixelPerceptron: Layer {
  /// What is subtracted from each feature.
  let mean: Buffer
  /// What each feature is divided by after that.
  let deviation: Buffer?
  let layers: [Linear]

  /// How the bytes of the training images are centred.
  enum Centring {
    /// Each feature's own mean is subtracted.
    case meanImage
    /// The mean of its channel is subtracted.
    case channelMean
    /// The mean of its channel is subtracted, and what is left divided by the channel's standard deviation.
    case channelStandardized
  }

  /// - Parameters:
  ///   - network: takes the centred features.
  ///   - isStandardized: whether there is a deviation.
  init(_ network: MultilayerPerceptron, isStandardized: Bool) {
    layers = network.layers
    let features: Shape = [layers[0].inputs]
    mean = Buffer(.zeros(features))
    deviation = isStandardized ? Buffer(.ones(features)) : nil
  }

  /// The layers alone, for rows that have been centred.
  var network: MultilayerPerceptron { MultilayerPerceptron(layers: layers) }

  /// Logits of rows of bytes.
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var centred = x - broadcast(mean.value, to: x.shape)
    if let deviation { centred = centred / broadcast(deviation.value, to: x.shape) }
    return network(centred, context)
  }

  /// Takes mean and deviation from a set, and gives them back as what a loader does to bytes.
  func centre(on set: ClassificationSet, _ centring: Centring) -> PixelTransform {
    func spread(_ channels: [Float]) -> [Float] {
      (0..<set.featureCount).map { channels[$0 % set.channels] }
    }
    func keep(_ values: [Float], in buffer: Buffer) {
      buffer.value = Tensor(values, shape: [values.count]).converted(to: buffer.value.dtype)
    }
    let means: [Float]
    var deviations: [Float]?
    if centring == .meanImage {
      means = set.meanImage()
    } else {
      let statistics = set.channelStatistics()
      means = spread(statistics.mean)
      // A channel that is the same everywhere has nothing to be divided by.
      if deviation != nil {
        deviations = spread(statistics.deviation.map { $0 > 0 ? $0 : 1 })
      }
    }
    keep(means, in: mean)
    if let deviation, let deviations { keep(deviations, in: deviation) }
    return .centred(mean: means, deviation: deviations)
  }
}
