import Tensors

/// The weights of a network's first layer as small images, one for each unit.
public struct FirstLayerFilters: Sendable {
  /// The parameter's name.
  public let name: String
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Values of a pixel.
  public let channels: Int
  /// `height × width × channels` weights for each unit.
  public let filters: [[Float]]

  /// The first parameter that multiplies pixels: windows with as many inputs as the images have channels, or rows
  /// with as many as they have numbers; nil where there is none.
  ///
  /// - Parameters:
  ///   - parameters: of the network, in the order of its layers.
  ///   - height: of its images.
  ///   - width: of its images.
  ///   - channels: of its images.
  public init?(among parameters: [Parameter], height: Int, width: Int, channels: Int) {
    let found = parameters.first { parameter in
      let shape = parameter.shape
      return shape.rank == 4 && shape[3] == channels
        || shape.rank == 2 && shape[1] == height * width * channels
    }
    guard let found, found.shape[0] > 0 else { return nil }
    let isWindow = found.shape.rank == 4
    name = found.name
    self.height = isWindow ? found.shape[1] : height
    self.width = isWindow ? found.shape[2] : width
    self.channels = channels
    let (values, size) = (found.value.floats, found.count / found.shape[0])
    filters = (0..<found.shape[0]).map { Array(values[$0 * size..<($0 + 1) * size]) }
  }
}
