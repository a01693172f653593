// Maxima and means over windows of images.

private let maxForward = Kernel("max_pool")
private let maxBackward = Kernel("max_pool_pullback")
private let averageForward = Kernel("average_pool_2d")
private let averageBackward = Kernel("average_pool_2d_pullback")

/// Largest element of each window, channel by channel.
///
/// y[n, i, j, c] = max over p, q of x[n, i s + p d − top, j s + q d − left, c];  dx gets dy where the maximum was
///
/// Pixels outside the image are −∞. Of equal elements the first counts; a NaN counts as larger than all.
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`, not empty.
///   - window: its height and width.
///   - stride: s, or nil for that of the window.
///   - padding: on each side at most half of what the window covers.
///   - dilation: d.
/// - Returns: `[batch, ⌊(height + padding − (window − 1) d − 1) / s⌋ + 1, likewise, channels]`. Stops if no
///   window fits into the image.
public func maxPool(
  _ x: Tensor, window: Extent, stride: Extent? = nil, padding: Padding = 0, dilation: Extent = 1
) -> Tensor {
  maximum(
    x,
    PoolShape(
      x, window: window, stride: stride ?? window, padding: padding, dilation: dilation, "maxPool"))
}

/// Mean of each window, channel by channel.
///
/// y[n, i, j, c] = Σ over p, q of x[n, i s + p − top, j s + q − left, c] / k, 0 outside x;  each of the k elements
/// gets dy / k
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`, not empty.
///   - window: its height and width.
///   - stride: s, or nil for that of the window.
///   - padding: on each side at most half of the window.
///   - countsPadding: whether k is the size of the window, or the number of its pixels within the image.
/// - Returns: `[batch, ⌊(height + padding − window) / s⌋ + 1, likewise, channels]`. Stops if no window fits into
///   the image.
public func averagePool2D(
  _ x: Tensor, window: Extent, stride: Extent? = nil, padding: Padding = 0,
  countsPadding: Bool = true
) -> Tensor {
  mean(
    x,
    PoolShape(
      x, window: window, stride: stride ?? window, padding: padding, dilation: 1, "averagePool2D",
      countsPadding: countsPadding))
}

/// Means over as many windows as are asked for, which divide the image into nearly equal parts.
///
/// Along an axis of length L, window i of n is ⌊i L / n⌋ ..< ⌈(i + 1) L / n⌉: windows overlap where n does not
/// divide L. Each element gets dy / k of every window of k elements it lies in.
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`, not empty.
///   - size: height and width of the result.
/// - Returns: `[batch, size height, size width, channels]`.
public func adaptiveAveragePool(_ x: Tensor, to size: Extent) -> Tensor {
  mean(x, PoolShape(x, to: size, "adaptiveAveragePool"))
}

/// Maxima over as many windows as are asked for; see ``adaptiveAveragePool(_:to:)`` and
/// ``maxPool(_:window:stride:padding:dilation:)``.
public func adaptiveMaxPool(_ x: Tensor, to size: Extent) -> Tensor {
  maximum(x, PoolShape(x, to: size, "adaptiveMaxPool"))
}

/// Mean over all pixels.  y[n, c] = Σ over i, j of x[n, i, j, c] / (height · width)
///
/// Lin, Chen and Yan, "Network in network", ICLR 2014.
///
/// - Parameter x: `[batch, height, width, channels]`, not empty.
/// - Returns: `[batch, channels]`.
public func globalAveragePool(_ x: Tensor) -> Tensor {
  let y = mean(x, PoolShape(x, to: 1, "globalAveragePool"))
  return y.reshaped(to: [x.shape[0], x.shape[3]])
}

// MARK: - All lengths of a pooling

struct PoolShape {
  let input, output: Shape
  /// What the kernels are told of the windows.
  let lengths: [Int]
  let sizes: Kernel.Sizes
  /// Elements of the largest window.
  let elements: Int
  let name: StaticString

  init(
    _ x: Tensor, window: Extent, stride: Extent, padding: Padding, dilation: Extent,
    _ name: StaticString, countsPadding: Bool = true
  ) {
    PoolShape.requireImages(x, name)
    require(
      min(window.height, window.width, stride.height, stride.width) >= 1
        && min(dilation.height, dilation.width) >= 1 && !padding.isNegative,
      "\(name): window \(window), stride \(stride), padding \(padding), dilation \(dilation); padding has "
        + "to be at least 0, all else at least 1")
    let covered = Extent(
      (window.height - 1) * dilation.height + 1, (window.width - 1) * dilation.width + 1)
    require(
      2 * max(padding.top, padding.bottom) <= covered.height
        && 2 * max(padding.left, padding.right) <= covered.width,
      "\(name): padding \(padding) is more than half of the window, which covers \(covered) pixels")
    let height = ConvolutionGeometry.positions(
      x.shape[1], padding: padding.top + padding.bottom, window: window.height,
      stride: stride.height, dilation: dilation.height)
    let width = ConvolutionGeometry.positions(
      x.shape[2], padding: padding.left + padding.right, window: window.width,
      stride: stride.width, dilation: dilation.width)
    require(
      height > 0 && width > 0,
      "\(name): input of shape \(x.shape), window \(window), padding \(padding), dilation \(dilation): the "
        + "window is larger than the padded image")
    self.name = name
    input = x.shape
    output = [x.shape[0], height, width, x.shape[3]]
    elements = window.height * window.width
    lengths =
      x.shape.lengths + [
        height, width, window.height, window.width, stride.height, stride.width, dilation.height,
        dilation.width, padding.top, padding.left, 0, countsPadding ? 1 : 0,
      ]
    sizes = .init(lengths)
  }

  init(_ x: Tensor, to size: Extent, _ name: StaticString) {
    PoolShape.requireImages(x, name)
    require(
      size.height >= 1 && size.width >= 1,
      "\(name): to \(size); both lengths have to be at least 1")
    self.name = name
    input = x.shape
    output = [x.shape[0], size.height, size.width, x.shape[3]]
    // The longest window: ⌈(i + 1) L / n⌉ − ⌊i L / n⌋ is at most this.
    let window = Extent(
      PoolShape.longest(x.shape[1], size.height), PoolShape.longest(x.shape[2], size.width))
    elements = window.height * window.width
    lengths =
      x.shape.lengths + [
        size.height, size.width, window.height, window.width, 1, 1, 1, 1, 0, 0, 1, 1,
      ]
    sizes = .init(lengths)
  }

  /// Room for where the maxima were: one byte for each, if a window has no more elements than that can tell.
  func positions() -> Storage { Storage(byteCount: output.count * (elements <= 256 ? 1 : 4)) }

  private static func longest(_ length: Int, _ parts: Int) -> Int {
    length % parts == 0 ? length / parts : min(length, length / parts + 2)
  }

  private static func requireImages(_ x: Tensor, _ name: StaticString) {
    require(
      x.rank == 4 && x.count > 0,
      "\(name): input of shape \(x.shape); it has to be [batch, height, width, channels] and not empty"
    )
  }
}

private func maximum(_ x: Tensor, _ shape: PoolShape) -> Tensor {
  let y = Tensor(uninitialized: shape.output, x.dtype)
  let positions = shape.positions()
  maxForward.run(x.dtype, shape.sizes, x.storage, into: y.storage, positions)
  return record(shape.name, y, from: x) { dy in
    let dx = Tensor(uninitialized: shape.input, dy.dtype)
    maxBackward.run(dy.dtype, shape.sizes, dy.storage, positions, into: dx.storage)
    return dx
  }
}

private func mean(_ x: Tensor, _ shape: PoolShape) -> Tensor {
  let y = Tensor(uninitialized: shape.output, x.dtype)
  averageForward.run(x.dtype, shape.sizes, x.storage, into: y.storage)
  return record(shape.name, y, from: x) { dy in
    let dx = Tensor(uninitialized: shape.input, dy.dtype)
    averageBackward.run(dy.dtype, shape.sizes, dy.storage, into: dx.storage)
    return dx
  }
}

// MARK: - Checks

typealias PoolCase = (
  image: Shape, window: Extent, stride: Extent, padding: Padding, dilation: Extent
)

@section("adjoint_registry") @used
private let checks: Registration = {
  let cases: [PoolCase] = [
    ([1, 1, 1, 1], 1, 1, 0, 1), ([2, 4, 6, 7], 2, 2, 0, 1), ([1, 5, 7, 16], 3, 2, 1, 1),
    ([2, 6, 5, 17], 3, 2, 1, 1), ([1, 7, 6, 3], Extent(3, 2), Extent(1, 3), 1, 1),
    ([1, 8, 9, 15], 2, 1, Padding(top: 0, left: 1, bottom: 1, right: 0), Extent(3, 2)),
    ([1, 3, 4, 33], 1, 2, 0, 1), ([1, 18, 18, 2], 17, 1, 3, 1),
    // A pixel alone and with its surroundings, all of the image, a row and a column, gaps, a rest, several steps apart.
    ([2, 1, 1, 5], 1, 2, 0, 1), ([1, 1, 1, 9], 3, 2, 1, 1), ([2, 3, 2, 8], Extent(3, 2), 1, 0, 1),
    ([2, 1, 5, 7], Extent(1, 3), Extent(1, 2), Padding(top: 0, left: 1, bottom: 0, right: 0), 1),
    ([1, 6, 1, 15], Extent(4, 1), Extent(3, 1), Padding(top: 2, left: 0, bottom: 1, right: 0), 1),
    ([1, 5, 6, 4], 2, 3, 0, 1), ([1, 2, 2, 31], 2, 1, 1, 1), ([1, 5, 6, 3], 2, 1, 1, 3),
  ]
  GradientCheck.register("max_pool") { sampler in
    cases.map { image, window, stride, padding, dilation in
      let x = sampler.distinctParameter(image)
      return .init(
        "\(image) window \(window) stride \(stride) padding \(padding) dilation \(dilation)", [x],
        byHand: { dy in
          [naiveMaximumGradient(x.value, dy, (image, window, stride, padding, dilation))]
        }
      ) {
        maxPool(x.value, window: window, stride: stride, padding: padding, dilation: dilation)
      }
    }
  }
  for countsPadding in [true, false] {
    let name = countsPadding ? "average_pool_2d" : "average_pool_2d_without_padding"
    GradientCheck.register(name) { sampler in
      cases.filter { $0.dilation == 1 }.map { image, window, stride, padding, _ in
        let x = sampler.parameter(image)
        return .init(
          "\(image) window \(window) stride \(stride) padding \(padding)", [x],
          byHand: { dy in
            func positions(_ start: Int, _ step: Int, _ length: Int) -> (Int) -> Range<Int> {
              { $0 * step - start..<$0 * step - start + length }
            }
            return [
              naiveMeanGradient(
                image, dy, countsPadding ? padding : 0,
                rows: positions(padding.top, stride.height, window.height),
                columns: positions(padding.left, stride.width, window.width))
            ]
          }
        ) {
          averagePool2D(
            x.value, window: window, stride: stride, padding: padding,
            countsPadding: countsPadding)
        }
      }
    }
  }
  let sizes: [(Shape, Extent)] = [
    ([1, 1, 1, 1], 1), ([2, 7, 5, 3], Extent(3, 2)), ([1, 4, 6, 17], 2), ([1, 2, 3, 15], 5),
    ([1, 20, 19, 2], 1),
    // More windows than pixels, as many, a row and a column.
    ([2, 1, 1, 8], 3), ([2, 3, 2, 7], Extent(3, 2)), ([1, 5, 3, 9], Extent(1, 2)),
    ([1, 3, 2, 16], Extent(2, 1)), ([3, 1, 4, 5], Extent(1, 3)), ([1, 4, 1, 31], Extent(3, 1)),
    ([1, 2, 2, 33], 1), ([1, 6, 7, 1], Extent(4, 5)),
  ]
  GradientCheck.register("adaptive_average_pool") { sampler in
    sizes.map { image, size in
      let x = sampler.parameter(image)
      return .init(
        "\(image) to \(size)", [x], byHand: { dy in [naiveAdaptiveMeanGradient(image, dy)] }
      ) { adaptiveAveragePool(x.value, to: size) }
    }
  }
  GradientCheck.register("adaptive_max_pool") { sampler in
    sizes.map { image, size in
      let x = sampler.distinctParameter(image)
      return .selection("\(image) to \(size)", [x]) { adaptiveMaxPool(x.value, to: size) }
    }
  }
  GradientCheck.register("global_average_pool") { sampler in
    (GradientCheck.images + [[1, 7, 7, 33]]).map { image in
      let x = sampler.parameter(image)
      let pixels = image[1] * image[2]
      return .init(
        "\(image)", [x],
        byHand: { dy in
          let rows = dy.reshaped(to: [image[0], 1, image[3]]) / Double(pixels)
          return [broadcast(rows, to: [image[0], pixels, image[3]]).reshaped(to: image)]
        }
      ) { globalAveragePool(x.value) }
    }
  }
}

/// dx by the definition: every cotangent goes to the largest element of its window.
func naiveMaximumGradient(_ x: Tensor, _ dy: Tensor, _ pool: PoolCase) -> Tensor {
  let (xs, dys) = (x.doubles, dy.doubles)
  var dx = [Double](repeating: 0, count: xs.count)
  let (height, width, channels) = (pool.image[1], pool.image[2], pool.image[3])
  for (place, cotangent) in dys.enumerated() {
    let (c, pixel) = (place % channels, place / channels)
    let (j, line) = (pixel % dy.shape[2], pixel / dy.shape[2])
    let (i, n) = (line % dy.shape[1], line / dy.shape[1])
    var best: Int?
    for p in 0..<pool.window.height {
      for q in 0..<pool.window.width {
        let row = i * pool.stride.height + p * pool.dilation.height - pool.padding.top
        let column = j * pool.stride.width + q * pool.dilation.width - pool.padding.left
        guard row >= 0, row < height, column >= 0, column < width else { continue }
        let at = ((n * height + row) * width + column) * channels + c
        if best.map({ xs[at] > xs[$0] }) ?? true { best = at }
      }
    }
    if let best { dx[best] += cotangent }
  }
  return Tensor(dx, shape: x.shape, dtype: x.dtype)
}

/// dx by the definition: every cotangent goes in equal parts to the pixels of its window.
///
/// - Parameters:
///   - image: the shape of x.
///   - dy: the cotangent.
///   - padding: what of a window beyond the image counts among its pixels.
///   - rows: those of the windows at a vertical position.
///   - columns: those of the windows at a horizontal position.
package func naiveMeanGradient(
  _ image: Shape, _ dy: Tensor, _ padding: Padding, rows: (Int) -> Range<Int>,
  columns: (Int) -> Range<Int>
) -> Tensor {
  let (height, width, channels) = (image[1], image[2], image[3])
  var dx = [Double](repeating: 0, count: image.count)
  for (place, cotangent) in dy.doubles.enumerated() {
    let (c, pixel) = (place % channels, place / channels)
    let (j, line) = (pixel % dy.shape[2], pixel / dy.shape[2])
    let (i, n) = (line % dy.shape[1], line / dy.shape[1])
    let counted =
      rows(i).clamped(to: -padding.top..<height + padding.bottom).count
      * columns(j).clamped(to: -padding.left..<width + padding.right).count
    for row in rows(i).clamped(to: 0..<height) {
      for column in columns(j).clamped(to: 0..<width) {
        dx[((n * height + row) * width + column) * channels + c] += cotangent / Double(counted)
      }
    }
  }
  return Tensor(dx, shape: image, dtype: dy.dtype)
}

/// dx of an adaptive mean: position i of n has the rows ⌊i L / n⌋ ..< ⌈(i + 1) L / n⌉ of L.
package func naiveAdaptiveMeanGradient(_ image: Shape, _ dy: Tensor) -> Tensor {
  func positions(_ length: Int, _ count: Int) -> (Int) -> Range<Int> {
    { $0 * length / count..<(($0 + 1) * length + count - 1) / count }
  }
  return naiveMeanGradient(
    image, dy, 0, rows: positions(image[1], dy.shape[1]), columns: positions(image[2], dy.shape[2]))
}
