// Convolutions with windows of 3×3 and a stride of 1 in tiles of 2×2 outputs, with four ninths of the multiplications.
// Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; see `WinogradTiles-inl.h`.

extension ConvolutionShape {
  /// Whether tiles are the fastest: they take half to two thirds of oneDNN's time. Measured: with fewer channels the
  /// transforms take longer than the products save, with fewer tiles that of the weight does.
  func isFastInTiles(_ dtype: DType) -> Bool {
    dtype == .float32 && hasTiles && min(inputs, outputs) >= 32 && tiles >= 32
      && 3 * tiles <= outputHeight * outputWidth * batch
  }

  /// Whether they are for dw too, where the sums of the transformed weight are written and read once more.
  func isSummedInTiles(_ dtype: DType) -> Bool {
    isFastInTiles(dtype) && 4 * tiles >= min(inputs, outputs)
  }

  /// Whether it can be carried out in tiles.
  private var hasTiles: Bool {
    windowHeight == 3 && windowWidth == 3 && geometry.stride == 1 && geometry.dilation == 1
      && geometry.groups == 1 && inputs % 16 == 0 && outputs % 16 == 0
  }

  private var tiles: Int { batch * ((outputHeight + 1) / 2) * ((outputWidth + 1) / 2) }

  /// y from x, without a bias.
  func convolveTiles(_ x: Tensor, _ weight: ConvolutionWeight) -> Tensor {
    let y = Tensor(uninitialized: output, .float32)
    let padding = geometry.padding
    runTiles(x, weight, Extent(padding.top, padding.left), isBack: false, into: y)
    return y
  }

  /// dx from dy: a convolution of dy with the windows turned by half a turn.
  func tilesToInput(_ dy: Tensor, _ weight: ConvolutionWeight) -> Tensor {
    let dx = Tensor(uninitialized: input, .float32)
    let padding = geometry.padding
    runTiles(dy, weight, Extent(2 - padding.top, 2 - padding.left), isBack: true, into: dx)
    return dx
  }

  /// Few tiles are multiplied with one panel of the weight after the other, which is transformed on the way; a weight that
  /// is kept, or that many tiles are multiplied with, is transformed before. Either gives the same bits.
  private func runTiles(
    _ from: Tensor, _ weight: ConvolutionWeight, _ padding: Extent, isBack: Bool, into to: Tensor
  ) {
    let (channels, outputs) = (from.shape[3], to.shape[3])
    let sizes = Kernel.Sizes([
      batch, from.shape[1], from.shape[2], channels, to.shape[1], to.shape[2], outputs,
      padding.height, padding.width, isBack ? 1 : 0,
    ])
    let isTransformedBefore = weight.isConstant || 2 * tiles > outputs
    product.run(
      .float32, sizes, from.storage,
      isTransformedBefore ? transformed(weight, isBack: isBack).storage : nil,
      weight.value.storage, into: to.storage)
  }

  /// dw from x and dy.
  func tileSums(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let dw = Tensor(uninitialized: weight, .float32)
    let sizes = Kernel.Sizes([
      batch, height, width, inputs, outputHeight, outputWidth, outputs, geometry.padding.top,
      geometry.padding.left,
    ])
    sumOfTiles.run(.float32, sizes, x.storage, dy.storage, into: dw.storage)
    return dw
  }

  private func transformed(_ weight: ConvolutionWeight, isBack: Bool) -> Tensor {
    weight.form("tiles", [isBack ? 1 : 0]) {
      let (from, to) = isBack ? (outputs, inputs) : (inputs, outputs)
      let transformed = Tensor(
        uninitialized: [16 * (from + 2) * ((to + 31) / 32 * 32)], .float32)
      transform.run(
        .float32, .init(outputs, inputs, isBack ? 1 : 0), weight.value.storage,
        into: transformed.storage)
      return transformed
    }
  }
}

private let transform = Kernel("winograd_weight")
private let product = Kernel("winograd_product")
private let sumOfTiles = Kernel("winograd_sums")
