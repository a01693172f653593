// Two-dimensional convolution of images, and its transpose. oneDNN does them in float32 and bfloat16; in float64
// they are matrix products over the patches of the images.

/// Convolution of images with windows (a cross-correlation, as in every deep-learning library).
///
/// y[n, i, j, o] = b[o] + Σ over p, q, c of x[n, i s + p d − top, j s + q d − left, c] w[o, p, q, c], 0 outside x.
/// dx is the transposed convolution of dy with w, dw sums x dy over images and positions, db sums dy.
///
/// - Parameters:
///   - x: `[batch, height, width, inputs]`, the batch not empty.
///   - weight: `[outputs, window height, window width, inputs / groups]`; float32 where x is bfloat16.
///   - bias: `[outputs]`, of the weight's type, or nil.
///   - geometry: stride s, padding, dilation d and groups.
/// - Returns: `[batch, ⌊(height + padding − extent) / s⌋ + 1, likewise, outputs]` with
///   extent = (window − 1) d + 1. Stops if the shapes do not fit, or no window fits into the image.
public func convolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, _ geometry: ConvolutionGeometry = .init()
) -> Tensor {
  requireFit(x, weight, geometry, "convolution", channels: x.rank == 4 ? x.shape[3] : 0)
  requireBias(bias, weight, outputs: weight.shape[0], "convolution")
  let shape = ConvolutionShape(geometry, image: x.shape, weight: weight.shape)
  require(
    shape.outputHeight > 0 && shape.outputWidth > 0,
    "convolution \(shape): the window is larger than the padded image")
  let (kx, kw) = (x.detached, ConvolutionWeight(weight))
  let y = shape.convolve(kx, kw, bias?.detached)
  let pull: (Tensor, Needs) -> (Tensor?, Tensor?, Tensor?) = { dy, needs in
    let dx = needs.first ? shape.toInput(dy, kw) : nil
    if !needs.second { return (dx, nil, needs.third ? channelSums(dy, kw.value.dtype) : nil) }
    let (dw, db) = shape.toWeight(kx, dy, withBias: needs.third, kw.value.dtype)
    return (dx, dw, db)
  }
  if let bias { return record("convolution", y, from: x, weight, bias, pullback: pull) }
  return record("convolution", y, from: x, weight) { dy, needs in
    let (dx, dw, _) = pull(dy, needs)
    return (dx, dw)
  }
}

/// Transposed convolution: the pullback of ``convolution(_:_:_:_:)`` to its input, as a map of its own.
///
/// y[n, i s + p d − top, j s + q d − left, o] += x[n, i, j, c] w[c, p, q, o], plus b[o].
/// dx is the convolution of dy with w.  Zeiler et al., "Deconvolutional networks", CVPR 2010.
///
/// - Parameters:
///   - x: `[batch, height, width, inputs]`, the batch not empty.
///   - weight: `[inputs, window height, window width, outputs / groups]`; float32 where x is bfloat16.
///   - bias: `[outputs]`, of the weight's type, or nil.
///   - geometry: that of the convolution it transposes: padding takes away from the output.
///   - outputPadding: rows and columns added at the bottom and on the right, less than stride or dilation: a
///     convolution with a stride comes from images of several heights.
/// - Returns: `[batch, (height − 1) s − padding + extent + output padding, likewise, outputs]`. Stops if the padding
///   leaves nothing of it, or nothing but zeros of the output padding.
public func transposedConvolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, _ geometry: ConvolutionGeometry = .init(),
  outputPadding: Extent = 0
) -> Tensor {
  requireFit(x, weight, geometry, "transposedConvolution", channels: nil)
  requireTransposable(x, weight, geometry, outputPadding)
  requireBias(
    bias, weight, outputs: weight.shape[3] * geometry.groups, "transposedConvolution")
  let shape = TransposedShape(
    geometry, image: x.shape, weight: weight.shape, outputPadding: outputPadding)
  let (kx, kw) = (x.detached, ConvolutionWeight(weight))
  var y = shape.withZeros(shape.convolution.toInput(kx, kw))
  if let bias { y = addToChannels(y, bias.detached) }
  let pull: (Tensor, Needs) -> (Tensor?, Tensor?, Tensor?) = { dy, needs in
    let near = shape.withoutZeros(dy)
    return (
      needs.first ? shape.convolution.convolve(near, kw, nil) : nil,
      needs.second
        ? shape.convolution.toWeight(near, kx, withBias: false, kw.value.dtype).weight : nil,
      needs.third ? channelSums(dy, kw.value.dtype) : nil
    )
  }
  if let bias { return record("transposedConvolution", y, from: x, weight, bias, pullback: pull) }
  return record("transposedConvolution", y, from: x, weight) { dy, needs in
    let (dx, dw, _) = pull(dy, needs)
    return (dx, dw)
  }
}

/// The convolution that a transposed one comes from, and what of its image nothing reaches.
private struct TransposedShape {
  /// Leads from the output to the input.
  let convolution: ConvolutionShape
  /// Rows and columns of zeros at the bottom and on the right of the output.
  private let zeros: Extent

  /// Of an image and a weight that have been found to fit. Stops if the padding leaves nothing of the output, or
  /// nothing but zeros of the output padding.
  init(
    _ geometry: ConvolutionGeometry, image: Shape, weight: Shape, outputPadding: Extent
  ) {
    let (stride, dilation, padding) = (geometry.stride, geometry.dilation, geometry.padding)
    let height =
      (image[1] - 1) * stride.height - padding.top - padding.bottom
      + (weight[1] - 1) * dilation.height + 1 + outputPadding.height
    let width =
      (image[2] - 1) * stride.width - padding.left - padding.right
      + (weight[2] - 1) * dilation.width + 1 + outputPadding.width
    require(
      height > 0 && width > 0,
      "transposedConvolution: input of shape \(image) and weight of shape \(weight) with padding "
        + "\(padding) leave nothing of the output")
    // Where a dilation allows output padding of whole strides, the convolution would have more positions than the image
    // has pixels: those rows and columns are taken from its padding, and where there is too little of that, they are
    // reached by nothing and put there as zeros.
    let extra = Extent(
      outputPadding.height / stride.height * stride.height,
      outputPadding.width / stride.width * stride.width)
    zeros = Extent(
      max(0, extra.height - padding.bottom), max(0, extra.width - padding.right))
    require(
      height > zeros.height && width > zeros.width,
      "transposedConvolution: input of shape \(image) and weight of shape \(weight) with padding "
        + "\(padding) leave nothing of the output but output padding \(outputPadding); take less padding"
    )
    var reached = geometry
    reached.padding.bottom -= extra.height - zeros.height
    reached.padding.right -= extra.width - zeros.width
    convolution = ConvolutionShape(
      reached,
      image: [image[0], height - zeros.height, width - zeros.width, weight[3] * geometry.groups],
      weight: weight)
  }

  /// The whole output, of the part that the convolution knows.
  func withZeros(_ y: Tensor) -> Tensor {
    guard zeros != 0 else { return y }
    return pad(
      pad(y, axis: 1, before: 0, after: zeros.height), axis: 2, before: 0, after: zeros.width)
  }

  /// The part of the output that the convolution knows.
  func withoutZeros(_ y: Tensor) -> Tensor {
    guard zeros != 0 else { return y }
    return slice(
      slice(y, axis: 1, from: 0, count: convolution.height), axis: 2, from: 0,
      count: convolution.width)
  }
}

/// Σ over images and positions, `[channels]`, in that type.
func channelSums(_ dy: Tensor, _ dtype: DType) -> Tensor {
  let channels = dy.shape[3]
  return sum(dy.converted(to: dtype).reshaped(to: [dy.count / channels, channels]), axis: 0)
}

/// x + b at every pixel.
func addToChannels(_ x: Tensor, _ bias: Tensor) -> Tensor {
  let wide = x.converted(to: bias.dtype)
  let y = Tensor(uninitialized: x.shape, bias.dtype)
  addRow.run(
    bias.dtype, .init(x.count / x.shape[3], x.shape[3], 0), wide.storage, bias.storage,
    into: y.storage)
  return y.converted(to: x.dtype)
}

private let addRow = Kernel("add_row")

// MARK: - Errors

private func requireFit(
  _ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, _ name: StaticString,
  channels: Int?
) {
  require(
    x.rank == 4 && weight.rank == 4 && x.count > 0 && weight.count > 0,
    "\(name): input of shape \(x.shape) and weight of shape \(weight.shape); both have to have four axes, "
      + "none of them empty")
  require(
    geometry.isPossible,
    "\(name): stride \(geometry.stride), padding \(geometry.padding), dilation \(geometry.dilation), "
      + "\(geometry.groups) groups; padding has to be at least 0, all else at least 1")
  if let channels {
    let groups = geometry.groups
    require(
      channels % groups == 0 && weight.shape[0] % groups == 0
        && weight.shape[3] == channels / groups,
      "\(name): input of shape \(x.shape) and weight of shape \(weight.shape) in \(groups) groups; they have "
        + "to be [batch, height, width, inputs] and [outputs, window height, window width, inputs / groups]"
    )
  }
  require(
    weight.dtype == x.dtype.whole,
    "\(name): input \(x.dtype) and weight \(weight.dtype); the weight has to be of the input's type, "
      + "and float32 where that is bfloat16")
}

private func requireTransposable(
  _ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, _ outputPadding: Extent
) {
  let (groups, stride, dilation) = (geometry.groups, geometry.stride, geometry.dilation)
  require(
    x.shape[3] == weight.shape[0] && weight.shape[0] % groups == 0,
    "transposedConvolution: input of shape \(x.shape) and weight of shape \(weight.shape) in \(groups) "
      + "groups; they have to be [batch, height, width, inputs] and [inputs, window height, window width, "
      + "outputs / groups]")
  require(
    outputPadding.height >= 0 && outputPadding.width >= 0
      && outputPadding.height < max(stride.height, dilation.height)
      && outputPadding.width < max(stride.width, dilation.width),
    "transposedConvolution: output padding \(outputPadding); it has to be less than the stride \(stride) or "
      + "the dilation \(dilation)")
}

private func requireBias(_ bias: Tensor?, _ weight: Tensor, outputs: Int, _ name: StaticString) {
  guard let bias else { return }
  require(
    bias.shape == [outputs] && bias.dtype == weight.dtype,
    "\(name): bias of shape \(bias.shape) \(bias.dtype); it has to be [\(outputs)] \(weight.dtype)")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  typealias Case = (
    name: String, image: Shape, outputs: Int, window: Extent, geometry: ConvolutionGeometry
  )
  let cases: [Case] = [
    ("1×1", [2, 3, 4, 5], 6, 1, .init()), ("single", [1, 1, 1, 1], 1, 1, .init()),
    ("3×3", [2, 5, 6, 3], 4, 3, .init(padding: 1)),
    ("3×3 on 2×2", [5, 2, 2, 3], 4, 3, .init(padding: 1)),
    ("all of the image", [3, 3, 2, 5], 4, Extent(3, 2), .init()),
    ("strided to 2×2", [3, 4, 4, 64], 3, 3, .init(stride: 2, padding: 1)),
    ("1×1 strided", [2, 5, 4, 64], 3, 1, .init(stride: 2)),
    ("wide", [1, 4, 5, 17], 33, Extent(3, 2), .init()),
    ("in tiles", [2, 7, 8, 32], 48, 3, .init(padding: 1)),
    ("strided", [2, 7, 8, 3], 5, 3, .init(stride: 2, padding: 1)),
    ("left over", [1, 8, 9, 2], 3, Extent(2, 3), .init(stride: Extent(3, 2))),
    ("dilated", [1, 9, 8, 2], 3, 3, .init(padding: 2, dilation: Extent(2, 3))),
    (
      "uneven padding", [1, 4, 4, 2], 3, 3,
      .init(padding: Padding(top: 0, left: 1, bottom: 2, right: 0))
    ),
    ("grouped", [2, 5, 4, 6], 9, 3, .init(padding: 1, groups: 3)),
    ("depthwise", [2, 5, 6, 16], 16, 3, .init(stride: 2, padding: 1, groups: 16)),
    ("depthwise, two for each", [1, 4, 5, 3], 6, 3, .init(padding: 1, groups: 3)),
    ("a pixel and padding", [2, 1, 1, 5], 3, 3, .init(padding: 1)),
    ("a row", [2, 1, 5, 7], 2, Extent(1, 3), .init(stride: Extent(1, 3))),
    ("1×1, 8 channels to 9", [1, 3, 2, 8], 9, 1, .init()),
    ("9 channels to 7", [1, 3, 2, 9], 7, Extent(2, 1), .init()),
    ("15 channels to 1", [1, 2, 3, 15], 1, 2, .init(padding: 1)),
    ("16 channels to 8", [1, 2, 3, 16], 8, Extent(1, 2), .init(stride: 2, padding: 1)),
    ("31 channels to 2", [1, 1, 3, 31], 2, Extent(1, 2), .init()),
    // In float64 each group is a product of its own, which takes its time.
    ("depthwise, 7 channels", [1, 2, 3, 7], 7, 2, .init(groups: 7)),
    ("depthwise, 8 channels", [2, 1, 2, 8], 8, Extent(1, 2), .init(padding: 1, groups: 8)),
    ("depthwise, 9 channels", [1, 3, 2, 9], 9, Extent(2, 1), .init(stride: 2, groups: 9)),
    (
      "depthwise, 17 channels", [1, 1, 2, 17], 17, Extent(1, 2),
      .init(padding: Padding(top: 0, left: 0, bottom: 0, right: 1), groups: 17)
    ),
    (
      "dilated, in groups", [1, 5, 4, 4], 6, 2, .init(stride: 2, dilation: Extent(3, 2), groups: 2)
    ),
  ]
  for hasBias in [true, false] {
    GradientCheck.register(hasBias ? "convolution" : "convolution_without_bias") { sampler in
      cases.map { name, image, outputs, window, geometry in
        let x = sampler.parameter(image)
        let w = sampler.parameter(
          [outputs, window.height, window.width, image[3] / geometry.groups])
        let b = hasBias ? sampler.parameter([outputs]) : nil
        return .init(
          name, [x, w] + (b.map { [$0] } ?? []),
          byHand: { dy in
            naiveConvolutionGradients(x.value, w.value, dy, geometry)
              + (b == nil ? [] : [naiveSums(dy)])
          }
        ) { convolution(x.value, w.value, b?.value, geometry) }
      }
    }
  }
  GradientCheck.register("transposed_convolution") { sampler in
    cases.map { name, image, outputs, window, geometry in
      // The convolution's output is this one's input.
      let shape = ConvolutionShape(
        geometry, image: image,
        weight: [outputs, window.height, window.width, image[3] / geometry.groups])
      let x = sampler.parameter(shape.output)
      let w = sampler.parameter(shape.weight)
      let b = sampler.parameter([image[3]])
      let padding = Extent(min(1, geometry.stride.height - 1), 0)
      return .init(
        name, [x, w, b],
        byHand: { dy in naiveTransposedGradients(x.value, w.value, dy, geometry) + [naiveSums(dy)] }
      ) {
        transposedConvolution(x.value, w.value, b.value, geometry, outputPadding: padding)
      }
    }
  }
}

/// dx and dw by their definition, one product at a time.
package func naiveConvolutionGradients(
  _ x: Tensor, _ w: Tensor, _ dy: Tensor, _ g: ConvolutionGeometry
) -> [Tensor] {
  let (xs, ws, dys) = (x.doubles, w.doubles, dy.doubles)
  var (dx, dw) = ([Double](repeating: 0, count: xs.count), [Double](repeating: 0, count: ws.count))
  forEachProduct(ConvolutionShape(g, image: x.shape, weight: w.shape)) { from, with, to in
    dx[from] += dys[to] * ws[with]
    dw[with] += dys[to] * xs[from]
  }
  return [Tensor(dx, shape: x.shape, dtype: x.dtype), Tensor(dw, shape: w.shape, dtype: w.dtype)]
}

/// The same of a transposed convolution, which is the other way round: its output is the convolution's image.
package func naiveTransposedGradients(
  _ x: Tensor, _ w: Tensor, _ dy: Tensor, _ g: ConvolutionGeometry
) -> [Tensor] {
  let (xs, ws, dys) = (x.doubles, w.doubles, dy.doubles)
  var (dx, dw) = ([Double](repeating: 0, count: xs.count), [Double](repeating: 0, count: ws.count))
  forEachProduct(ConvolutionShape(g, image: dy.shape, weight: w.shape)) { to, with, from in
    dx[from] += dys[to] * ws[with]
    dw[with] += dys[to] * xs[from]
  }
  return [Tensor(dx, shape: x.shape, dtype: x.dtype), Tensor(dw, shape: w.shape, dtype: w.dtype)]
}

/// Calls `body` for every product in a convolution, with the places of its element of the image and of the weight,
/// and of the element of the output that it is added to.
private func forEachProduct(
  _ s: ConvolutionShape, _ body: (_ image: Int, _ weight: Int, _ output: Int) -> Void
) {
  let g = s.geometry
  let (inputs, outputs) = (s.inputs / g.groups, s.outputs / g.groups)
  var place = 0
  for n in 0..<s.batch {
    for i in 0..<s.outputHeight {
      for j in 0..<s.outputWidth {
        for o in 0..<s.outputs {
          defer { place += 1 }
          for p in 0..<s.windowHeight {
            for q in 0..<s.windowWidth {
              let row = i * g.stride.height + p * g.dilation.height - g.padding.top
              let column = j * g.stride.width + q * g.dilation.width - g.padding.left
              guard row >= 0, row < s.height, column >= 0, column < s.width else { continue }
              for c in 0..<inputs {
                let from =
                  ((n * s.height + row) * s.width + column) * s.inputs + o / outputs * inputs + c
                let with = ((o * s.windowHeight + p) * s.windowWidth + q) * inputs + c
                body(from, with, place)
              }
            }
          }
        }
      }
    }
  }
}

/// db: the sum of the cotangents of each channel.
package func naiveSums(_ dy: Tensor) -> Tensor {
  var sums = [Double](repeating: 0, count: dy.shape[3])
  for (place, value) in dy.doubles.enumerated() { sums[place % sums.count] += value }
  return Tensor(sums, shape: [sums.count], dtype: dy.dtype)
}
