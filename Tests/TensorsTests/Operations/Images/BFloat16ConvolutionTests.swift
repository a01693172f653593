import Testing

@testable import Tensors

/// Places where oneDNN's kernels for bfloat16 go wrong if they are left to themselves.
@Suite struct BFloat16ConvolutionTests {
  private func drawn(_ shape: Shape, _ random: inout Philox) -> Tensor {
    Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
      .converted(to: .bfloat16)
  }

  private func weightGradient(
    _ x: Tensor, _ weight: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry
  ) -> [Double] {
    let weight = Parameter(weight)
    let (_, gradients) = valueWithGradient(of: [weight]) {
      let y = convolution(x, weight.value, nil, geometry)
      return sum(y.converted(to: .float32) * dy.converted(to: .float32))
    }
    return gradients.values[0]?.doubles ?? []
  }

  /// Images narrower than the stride, whether or not the last window reaches the end of the padded image: what an
  /// earlier convolution left in the thread's room, here nothing but NaN, must not be in the sums. These are of products
  /// of eight digits each, taken in float32.
  @Test(arguments: [
    (Shape([8, 16, 1, 16]), 32, Extent(3), ConvolutionGeometry(stride: 2, padding: 1)),
    (Shape([4, 64, 1, 8]), 16, Extent(5), .init(stride: 2, padding: 2)),
    (Shape([8, 16, 3, 16]), 16, Extent(5), .init(stride: 4, padding: 2)),
    (Shape([1, 3, 1, 16]), 9, Extent(3), .init(stride: 2, padding: 1)),
    (Shape([2, 13, 1, 48]), 9, Extent(7), .init(stride: 2, padding: 3)),
    (
      Shape([2, 7, 2, 17]), 32, Extent(3),
      .init(stride: 3, padding: Padding(top: 1, left: 1, bottom: 1, right: 0))
    ),
  ])
  func narrowImages(image: Shape, outputs: Int, window: Extent, geometry: ConvolutionGeometry) {
    var random = Philox(seed: 5)
    let x = drawn(image, &random)
    let weight = drawn([outputs, window.height, window.width, image[3]], &random)
      .converted(to: .float32)
    let dy = drawn(convolution(x, weight, nil, geometry).shape, &random)
    let spoilt = Tensor.full([16, 64, 9, image[3]], .nan).converted(to: .bfloat16)
    let spoiltOutput = convolution(spoilt, weight, nil, geometry)
    _ = weightGradient(spoilt, weight, spoiltOutput, geometry)

    expectSameAsFloat32(x, weight, dy, geometry)
  }

  /// The gradient for the weights is that of the same numbers in float32, but for the order of the sums.
  private func expectSameAsFloat32(
    _ x: Tensor, _ weight: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry
  ) {
    let found = weightGradient(x, weight, dy, geometry)
    let right = weightGradient(
      x.converted(to: .float32), weight, dy.converted(to: .float32), geometry)
    let scale = right.map(abs).max() ?? 0
    #expect(found.count == weight.count)
    #expect(zip(found, right).allSatisfy { abs($0 - $1) <= 1e-6 * scale })
  }

  /// Rows of the window are apart, even where there is only one: the kernel's sums are wrong in every run.
  @Test(arguments: [
    (
      Shape([4, 3, 32, 2]), 2, Extent(1, 3),
      ConvolutionGeometry(
        padding: Padding(top: 0, left: 1, bottom: 0, right: 1), dilation: Extent(2, 1), groups: 2)
    ),
    (
      Shape([4, 7, 32, 32]), 32, Extent(3, 7),
      .init(
        padding: Padding(top: 2, left: 3, bottom: 2, right: 3), dilation: Extent(2, 1), groups: 32)
    ),
    (
      Shape([4, 3, 33, 17]), 32, Extent(1, 3),
      .init(
        padding: Padding(top: 0, left: 3, bottom: 0, right: 4), dilation: Extent(2, 3))
    ),
  ])
  func dilatedRows(image: Shape, outputs: Int, window: Extent, geometry: ConvolutionGeometry) {
    var random = Philox(seed: 6)
    let x = drawn(image, &random)
    let inputs = image[3] / geometry.groups
    let weight = drawn([outputs, window.height, window.width, inputs], &random)
      .converted(to: .float32)
    let dy = drawn(convolution(x, weight, nil, geometry).shape, &random)
    expectSameAsFloat32(x, weight, dy, geometry)
  }

  /// [1, 1, 11, 8] with one output: one of its three numbers is wrong in every run of the kernel on two threads.
  @Test func singleImages() {
    let values = (0..<88).map { Float($0 * 7 % 11 - 5) / 4 }
    let x = Tensor(values, shape: [1, 1, 11, 8]).converted(to: .bfloat16)
    let weight = Tensor((0..<24).map { Float($0 * 5 % 7 - 3) / 8 }, shape: [1, 1, 3, 8])
    let geometry = ConvolutionGeometry(
      stride: 4, padding: Padding(top: 0, left: 2, bottom: 1, right: 1))
    let right = convolution(x.converted(to: .float32), weight, nil, geometry)
    for _ in 0..<50 {
      let found = convolution(x, weight, nil, geometry)
      #expect(found.doubles == right.converted(to: .bfloat16).doubles)
    }
  }

  /// 256 + 0.98828125 + 0.02: rounded once it is 258, of which bfloat16 has 256 and 258; rounded before the bias it
  /// would be 256.
  @Test func aBiasIsAddedBeforeTheSumIsRounded() {
    let x = Tensor([256, 1] as [Float], shape: [1, 1, 1, 2]).converted(to: .bfloat16)
    let weight = Tensor([1, 0.98828125] as [Float], shape: [1, 1, 1, 2])
    let bias = Tensor([0.02] as [Float], shape: [1])
    for stride in [1, 2] {
      let y = convolution(x, weight, bias, ConvolutionGeometry(stride: Extent(stride)))
      #expect(y.dtype == .bfloat16 && y.doubles == [258])
    }
  }
}
