// How a convolution is carried out. Windows of 3×3 with a stride of 1 are the fastest in tiles, and most others by
// oneDNN. Where images are small, the multiplications by padding or the short rows cost more than a matrix product with
// more memory. In float64, where there is no library, all are products over the patches: the reference.

/// How often convolutions have brought weights into the order that a primitive works fastest on, since the
/// process began. Images are never reordered.
public var convolutionWeightReorders: Int { ImageConvolution.weightReorders }

extension ConvolutionShape {
  private enum Path {
    /// oneDNN's convolution.
    case library
    /// One product with the matrix of the whole map; see `WindowMatrix.cpp`.
    case matrix
    /// A product over the patches of the images.
    case columns
    /// Products over tiles of the images; see ``isFastInTiles(_:)``.
    case tiles
  }

  private func path(_ dtype: DType) -> Path {
    if dtype == .float64 { return .columns }
    let positions = height * width
    let outputPositions = outputHeight * outputWidth
    // The matrix has a block for each pair of positions. It must not be much larger than the weight; where images are
    // few, to read it is what takes the time, and it must not be larger at all.
    let most = (batch < 8 ? 1 : 2) * windowHeight * windowWidth
    if geometry.groups == 1 && geometry.dilation == 1 && everyPositionSeesAll
      && positions * outputPositions <= most
    {
      return .matrix
    }
    if isFastInTiles(dtype) { return .tiles }
    // Measured: oneDNN reaches half a product's speed on maps of 2×2 that a stride leads to, and a quarter on the way
    // back through a stride that leaves pixels out.
    let isShort = outputPositions <= 4 && windowHeight * windowWidth > 1
    let isSparse = windowHeight * windowWidth == 1 && geometry.stride != 1
    return (isShort || isSparse) && geometry.groups == 1 && inputs >= 64 ? .columns : .library
  }

  /// Whether images of this type are convolved in float32, for want of anything else.
  private func isWidened(_ dtype: DType) -> Bool {
    dtype == .bfloat16 && !Threads.multipliesBFloat16
  }

  /// Whether oneDNN 3.2 may give wrong sums for the weights: in bfloat16 it does for some wide images, most of those in
  /// groups, where the rows of the window are apart, even if there is only one.
  private func isMistaken(_ dtype: DType) -> Bool {
    dtype == .bfloat16 && geometry.dilation.height != 1
  }

  private var everyPositionSeesAll: Bool {
    func sees(_ length: Int, _ outputs: Int, _ window: Int, _ stride: Int, _ padding: Int) -> Bool {
      length - 1 + padding < window && padding - (outputs - 1) * stride >= 0
    }
    return sees(height, outputHeight, windowHeight, geometry.stride.height, geometry.padding.top)
      && sees(width, outputWidth, windowWidth, geometry.stride.width, geometry.padding.left)
  }

  /// y from x, weight and bias.
  func convolve(_ x: Tensor, _ weight: ConvolutionWeight, _ bias: Tensor?) -> Tensor {
    if isWidened(x.dtype) {
      return convolve(x.converted(to: .float32), weight.rounded, bias).converted(to: x.dtype)
    }
    // With a bias the sum is rounded once, after it.
    func product(_ a: Tensor, _ b: Tensor) -> Tensor {
      bias == nil ? Tensors.product(a, false, b, true) : wholeProduct(a, false, b, true)
    }
    let y: Tensor
    switch path(x.dtype) {
    case .library:
      let y = Tensor(uninitialized: output, x.dtype)
      ImageConvolution.forward(self, x, weight, bias, into: y)
      return y
    case .tiles:
      y = convolveTiles(x, weight)
    case .matrix:
      y = product(rows(of: x), matrix(of: weight, x.dtype)).reshaped(to: output)
    case .columns:
      let weight = weight.value.converted(to: x.dtype)
      y = joined(axis: 1) { product(columns(of: x, $0), rows(of: weight, $0)) }
        .reshaped(to: output)
    }
    return bias.map { addToChannels(y, $0).converted(to: x.dtype) } ?? y
  }

  /// dx from dy and weight.
  func toInput(_ dy: Tensor, _ weight: ConvolutionWeight) -> Tensor {
    if isWidened(dy.dtype) {
      return toInput(dy.converted(to: .float32), weight.rounded).converted(to: dy.dtype)
    }
    switch path(dy.dtype) {
    case .library:
      let dx = Tensor(uninitialized: input, dy.dtype)
      ImageConvolution.toInput(self, dy, weight, into: dx)
      return dx
    case .tiles:
      return tilesToInput(dy, weight)
    case .matrix:
      return product(rows(of: dy), false, matrix(of: weight, dy.dtype), false).reshaped(to: input)
    case .columns:
      let weight = weight.value.converted(to: dy.dtype)
      // Windows overlap: their sums are taken in full width.
      let dx = Tensor(uninitialized: input, dy.dtype.whole)
      for group in 0..<geometry.groups {
        let columns = wholeProduct(part(of: dy, group), false, rows(of: weight, group), false)
        fromColumns.run(columns.dtype, columnSizes(group), columns.storage, into: dx.storage)
      }
      return dx.converted(to: dy.dtype)
    }
  }

  /// dw and, where it is asked for, db from x and dy, in the weight's type.
  func toWeight(
    _ x: Tensor, _ dy: Tensor, withBias: Bool, _ dtype: DType
  ) -> (weight: Tensor, bias: Tensor?) {
    if isWidened(x.dtype) || isMistaken(x.dtype) {
      let (x, dy) = (x.converted(to: .float32), dy.converted(to: .float32))
      return toWeight(x, dy, withBias: withBias, dtype)
    }
    if isSummedInTiles(x.dtype) {
      return (tileSums(x, dy), withBias ? channelSums(dy, dtype) : nil)
    }
    if sumsItself(x.dtype) { return (sums(x, dy), withBias ? channelSums(dy, dtype) : nil) }
    let dw: Tensor
    switch path(x.dtype) {
    case .library, .tiles:
      let dw = Tensor(uninitialized: weight, dtype)
      let db = withBias ? Tensor(uninitialized: [outputs], dtype) : nil
      ImageConvolution.toWeight(self, x, dy, into: dw, db)
      return (dw, db)
    case .matrix:
      dw = Tensor(uninitialized: weight, dtype)
      foldWindow.run(
        dtype, .init(matrixLengths), wholeProduct(rows(of: dy), true, rows(of: x), false).storage,
        into: dw.storage)
    case .columns:
      dw = joined(axis: 0) { wholeProduct(part(of: dy, $0), true, columns(of: x, $0), false) }
        .reshaped(to: weight)
    }
    return (dw, withBias ? channelSums(dy, dtype) : nil)
  }

  // MARK: - Sums for the weight

  /// Measured: where vectors are shorter than AVX-512's, oneDNN takes a fifth to a half longer than ``sums(_:_:)``, but
  /// for windows of a pixel and images of few channels. Where they are as long and are computed in halves, a tenth longer
  /// for images of 16×16, a half for those of 4×4; products over patches or with the whole map's matrix take as much longer.
  private func sumsItself(_ dtype: DType) -> Bool {
    dtype == .float32 && !Threads.hasWidePaths && geometry.groups == 1
      && windowHeight * windowWidth > 1 && inputs >= 16
  }

  /// dw from x and dy, float32 and in one group, straight from the images; see `ConvolutionSums.cpp`.
  func sums(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let dw = Tensor(uninitialized: weight, .float32)
    let sizes = Kernel.Sizes([
      batch, height, width, inputs, outputs, outputHeight, outputWidth, windowHeight, windowWidth,
      geometry.stride.height, geometry.stride.width, geometry.dilation.height,
      geometry.dilation.width, geometry.padding.top, geometry.padding.left,
    ])
    convolutionSums.run(.float32, sizes, x.storage, dy.storage, into: dw.storage)
    return dw
  }

  // MARK: - The matrix of the whole map

  private var matrixLengths: [Int] {
    [
      height, width, outputHeight, outputWidth, windowHeight, windowWidth, geometry.stride.height,
      geometry.stride.width, geometry.padding.top, geometry.padding.left, outputs, inputs,
    ]
  }

  /// `[output positions · outputs, positions · inputs]`, rounded to the images' type.
  private func matrix(of weight: ConvolutionWeight, _ dtype: DType) -> Tensor {
    weight.form("whole map", matrixLengths + [dtype.size]) {
      let rows = outputHeight * outputWidth * outputs
      let matrix = Tensor(uninitialized: .matrix(rows, height * width * inputs), dtype)
      unrollWindow.run(
        dtype, .init(matrixLengths), weight.value.storage, into: matrix.storage)
      return matrix
    }
  }

  /// An image in a row.
  private func rows(of images: Tensor) -> Tensor {
    images.reshaped(to: .matrix(batch, images.count / batch))
  }

  /// op(a) op(b), float32 also where a and b are bfloat16.
  private func wholeProduct(
    _ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool
  ) -> Tensor {
    if a.dtype != .bfloat16 { return product(a, transposeA, b, transposeB) }
    let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let n = transposeB ? b.shape[0] : b.shape[1]
    let y = Tensor(uninitialized: .matrix(m, n), .float32)
    Product.matmulIntoFloat32(
      m: m, n: n, k: k, a.storage, transposeA: transposeA, b.storage, transposeB: transposeB,
      into: y.storage)
    return y
  }

  // MARK: - Patches

  /// The results of all groups side by side; that of a single one is not copied.
  private func joined(axis: Int, _ result: (Int) -> Tensor) -> Tensor {
    geometry.groups == 1 ? result(0) : concatenate((0..<geometry.groups).map(result), axis: axis)
  }

  /// The channels of a group; where there is only one, all of them as they are.
  private func group(_ index: Int, of matrix: Tensor, axis: Int) -> Tensor {
    let count = outputs / geometry.groups
    return geometry.groups == 1
      ? matrix : slice(matrix, axis: axis, from: index * count, count: count)
  }

  /// What the kernels over patches take, for the channels of one group.
  private func columnSizes(_ group: Int) -> Kernel.Sizes {
    let channels = inputs / geometry.groups
    return .init([
      batch, height, width, inputs, outputHeight, outputWidth, windowHeight, windowWidth,
      geometry.stride.height, geometry.stride.width, geometry.dilation.height,
      geometry.dilation.width, geometry.padding.top, geometry.padding.left, group * channels,
      channels,
    ])
  }

  /// The patches of a group's channels, `[batch · positions, window · channels]`.
  private func columns(of x: Tensor, _ group: Int) -> Tensor {
    let width = windowHeight * windowWidth * inputs / geometry.groups
    let columns = Tensor(
      uninitialized: .matrix(batch * outputHeight * outputWidth, width), x.dtype)
    toColumns.run(x.dtype, columnSizes(group), x.storage, into: columns.storage)
    return columns
  }

  /// A group's weights, `[outputs, window · channels]`.
  private func rows(of weight: Tensor, _ group: Int) -> Tensor {
    self.group(group, of: weight.reshaped(to: [outputs, weight.count / outputs]), axis: 0)
  }

  /// A group's outputs, `[batch · positions, outputs]`.
  private func part(of y: Tensor, _ group: Int) -> Tensor {
    self.group(group, of: y.reshaped(to: [y.count / outputs, outputs]), axis: 1)
  }
}

private let toColumns = Kernel("image_columns")
private let fromColumns = Kernel("image_columns_pullback")
private let convolutionSums = Kernel("convolution_sums")
private let unrollWindow = Kernel("unroll_window")
private let foldWindow = Kernel("fold_window")
