import COneDNN

/// A height and a width, such as those of a window or a stride.
public struct Extent: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Along the rows of an image, downwards.
  public var height: Int
  /// Along the columns, to the right.
  public var width: Int

  /// Both.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same in both directions.
  public init(_ side: Int) { self.init(side, side) }

  /// `3×3`
  public var description: String { "\(height)×\(width)" }
}

extension Extent: ExpressibleByIntegerLiteral {
  /// The same in both directions.
  public init(integerLiteral side: Int) { self.init(side) }
}

/// Zeros, or pixels that do not count, around an image.
public struct Padding: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Rows above and below, columns to the left and to the right.
  public var top, left, bottom, right: Int

  /// Each side its own.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  /// The same on all sides.
  public init(_ width: Int) {
    self.init(top: width, left: width, bottom: width, right: width)
  }

  var isNegative: Bool { min(top, left, bottom, right) < 0 }

  /// `1`, or the four sides.
  public var description: String {
    top == left && top == bottom && top == right
      ? "\(top)" : "(top \(top), left \(left), bottom \(bottom), right \(right))"
  }
}

extension Padding: ExpressibleByIntegerLiteral {
  /// The same on all sides.
  public init(integerLiteral width: Int) { self.init(width) }
}

/// How a window moves over an image.
public struct ConvolutionGeometry: Sendable, Equatable, Codable {
  /// Pixels from one position to the next.
  public var stride: Extent
  /// Zeros around the input.
  public var padding: Padding
  /// Pixels from one element of the window to the next; 1 for a dense window.
  public var dilation: Extent
  /// In how many groups channels fall, each convolved on its own; as many as there are inputs make a depthwise
  /// convolution.
  public var groups: Int

  /// A geometry.
  public init(
    stride: Extent = 1, padding: Padding = 0, dilation: Extent = 1, groups: Int = 1
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  /// How many positions a window has, downwards and to the right, on an image of that height and width.
  package func positions(of window: Extent, _ height: Int, _ width: Int) -> Extent {
    Extent(
      Self.positions(
        height, padding: padding.top + padding.bottom, window: window.height,
        stride: stride.height, dilation: dilation.height),
      Self.positions(
        width, padding: padding.left + padding.right, window: window.width, stride: stride.width,
        dilation: dilation.width))
  }

  var isPossible: Bool {
    min(stride.height, stride.width, dilation.height, dilation.width, groups) >= 1
      && !padding.isNegative
  }

  /// The positions of a window along an axis, none if it is longer than the padded axis.
  static func positions(
    _ length: Int, padding: Int, window: Int, stride: Int, dilation: Int
  ) -> Int {
    let room = length + padding - ((window - 1) * dilation + 1)
    return room < 0 ? 0 : room / stride + 1
  }
}

/// All lengths of one convolution.
struct ConvolutionShape: CustomStringConvertible {
  let geometry: ConvolutionGeometry
  let batch, height, width, inputs: Int
  let outputs, windowHeight, windowWidth: Int
  let outputHeight, outputWidth: Int

  /// The convolution of an image of that shape with that weight, which have been found to fit.
  init(_ geometry: ConvolutionGeometry, image: Shape, weight: Shape) {
    self.geometry = geometry
    (batch, height, width, inputs) = (image[0], image[1], image[2], image[3])
    (outputs, windowHeight, windowWidth) = (weight[0], weight[1], weight[2])
    let positions = geometry.positions(of: Extent(windowHeight, windowWidth), height, width)
    (outputHeight, outputWidth) = (positions.height, positions.width)
  }

  var input: Shape { [batch, height, width, inputs] }
  var output: Shape { [batch, outputHeight, outputWidth, outputs] }
  var weight: Shape { [outputs, windowHeight, windowWidth, inputs / geometry.groups] }

  var description: String {
    "of \(input) with weight \(weight), stride \(geometry.stride), padding \(geometry.padding), "
      + "dilation \(geometry.dilation), \(geometry.groups) groups"
  }
}

extension adjoint_convolution {
  /// The lengths as the library's room takes them.
  init(_ shape: ConvolutionShape, _ dtype: DType, isPacked: Bool) {
    let (s, g) = (shape, shape.geometry)
    self.init(
      batch: Int64(s.batch), height: Int64(s.height), width: Int64(s.width),
      inputs: Int64(s.inputs), outputs: Int64(s.outputs), output_height: Int64(s.outputHeight),
      output_width: Int64(s.outputWidth), window_height: Int64(s.windowHeight),
      window_width: Int64(s.windowWidth), stride_height: Int64(g.stride.height),
      stride_width: Int64(g.stride.width), dilation_height: Int64(g.dilation.height),
      dilation_width: Int64(g.dilation.width), top: Int64(g.padding.top),
      left: Int64(g.padding.left), bottom: Int64(g.padding.bottom), right: Int64(g.padding.right),
      groups: Int64(g.groups), bfloat16: dtype == .bfloat16, is_packed: isPacked)
  }
}
