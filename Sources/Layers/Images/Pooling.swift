import Tensors

// Pooling as layers, each over the operation of the same name.

/// Largest element of each window; see `maxPool`.
///
/// Input `[batch, height, width, channels]`, output `[batch, height', width', channels]`.
public struct MaxPool2d: Layer {
  /// Its height and width.
  public let window: Extent
  /// From one window to the next.
  public let stride: Extent
  /// Pixels that do not count around the image.
  public let padding: Padding
  /// From one pixel of a window to the next.
  public let dilation: Extent

  /// A layer; the stride is that of the window unless it is given.
  public init(window: Extent, stride: Extent? = nil, padding: Padding = 0, dilation: Extent = 1) {
    self.window = window
    self.stride = stride ?? window
    self.padding = padding
    self.dilation = dilation
  }

  /// `[batch, height', width', channels]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    maxPool(x, window: window, stride: stride, padding: padding, dilation: dilation)
  }
}

/// Mean of each window; see `averagePool2D`.
///
/// Input `[batch, height, width, channels]`, output `[batch, height', width', channels]`.
public struct AvgPool2d: Layer {
  /// Its height and width.
  public let window: Extent
  /// From one window to the next.
  public let stride: Extent
  /// Zeros around the image.
  public let padding: Padding
  /// Whether the zeros count.
  public let countsPadding: Bool

  /// A layer; the stride is that of the window unless it is given.
  public init(
    window: Extent, stride: Extent? = nil, padding: Padding = 0, countsPadding: Bool = true
  ) {
    self.window = window
    self.stride = stride ?? window
    self.padding = padding
    self.countsPadding = countsPadding
  }

  /// `[batch, height', width', channels]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    averagePool2D(
      x, window: window, stride: stride, padding: padding, countsPadding: countsPadding)
  }
}

/// Means over so many windows that divide the image; see `adaptiveAveragePool`.
///
/// Input `[batch, height, width, channels]`, output `[batch, size height, size width, channels]`.
public struct AdaptiveAvgPool2d: Layer {
  /// Height and width of the result.
  public let size: Extent
  /// The layer.
  public init(_ size: Extent) { self.size = size }
  /// `[batch, size height, size width, channels]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    adaptiveAveragePool(x, to: size)
  }
}

/// Maxima over so many windows that divide the image; see `adaptiveMaxPool`.
///
/// Input `[batch, height, width, channels]`, output `[batch, size height, size width, channels]`.
public struct AdaptiveMaxPool2d: Layer {
  /// Height and width of the result.
  public let size: Extent
  /// The layer.
  public init(_ size: Extent) { self.size = size }
  /// `[batch, size height, size width, channels]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { adaptiveMaxPool(x, to: size) }
}

/// Mean over all pixels; see `globalAveragePool`.
///
/// Input `[batch, height, width, channels]`, output `[batch, channels]`.
public struct GlobalAvgPool: Layer {
  /// The layer.
  public init() {}
  /// `[batch, channels]`
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { globalAveragePool(x) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  let shapes = GradientCheck.images + [[1, 2, 2, 1], [2, 5, 6, 3], [1, 7, 4, 17]]
  let maxima: [(String, any Layer)] = [
    ("MaxPool2d", MaxPool2d(window: 3, stride: 2, padding: 1)),
    ("AdaptiveMaxPool2d", AdaptiveMaxPool2d(Extent(3, 2))),
  ]
  for (name, layer) in maxima {
    GradientCheck.register(name, group: .layer) { sampler in
      shapes.map { shape in
        let x = sampler.distinctParameter(shape)
        return .selection("\(shape)", [x]) { layer(x.value, .inference) }
      }
    }
  }
  let means: [(String, any Layer, @Sendable (Shape, Tensor) -> Tensor)] = [
    (
      // With padding, windows of two fit into a pixel.
      "AvgPool2d", AvgPool2d(window: 2, stride: Extent(2, 1), padding: 1),
      { image, dy in
        naiveMeanGradient(
          image, dy, 1, rows: { 2 * $0 - 1..<2 * $0 + 1 }, columns: { $0 - 1..<$0 + 1 })
      }
    ),
    ("AdaptiveAvgPool2d", AdaptiveAvgPool2d(Extent(2, 3)), { naiveAdaptiveMeanGradient($0, $1) }),
    (
      "GlobalAvgPool", GlobalAvgPool(),
      { image, dy in
        naiveAdaptiveMeanGradient(image, dy.reshaped(to: [image[0], 1, 1, image[3]]))
      }
    ),
  ]
  for (name, layer, gradient) in means {
    GradientCheck.register(name, group: .layer) { sampler in
      shapes.map { shape in
        let x = sampler.parameter(shape)
        return .init("\(shape)", [x], byHand: { dy in [gradient(shape, dy)] }) {
          layer(x.value, .inference)
        }
      }
    }
  }
}
