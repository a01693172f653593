import TestSupport
import Testing

@testable import Tensors

@Suite struct ConvolutionTests {
  // Sums of up to 576 terms, in another order than PyTorch's.
  @Test(arguments: ReferenceCase.named("convolution", "convolution-without-bias"))
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let geometry = try #require(reference.attributes.geometry)
    reference.check(tolerance: 1e-6) { inputs in
      convolution(inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil, geometry)
    }
  }

  @Test(arguments: ReferenceCase.named("transposed-convolution"))
  func transposeAgreesWithPyTorch(reference: ReferenceCase) throws {
    let geometry = try #require(reference.attributes.geometry)
    let outputPadding = try #require(reference.attributes.outputPadding)
    reference.check(tolerance: 1e-6) { inputs in
      transposedConvolution(
        inputs[0], inputs[1], inputs[2], geometry, outputPadding: outputPadding)
    }
  }

  /// The oneDNN path, the matrix of the whole map and the patches, each on bfloat16 images.
  @Test(arguments: [
    (Shape([3, 6, 5, 16]), 8, ConvolutionGeometry(padding: 1)),
    (Shape([3, 2, 2, 16]), 8, .init(padding: 1)),
    (Shape([2, 4, 4, 64]), 8, .init(stride: 2, padding: 1)),
  ])
  func bfloat16RoundsTheImagesAlone(image: Shape, outputs: Int, geometry: ConvolutionGeometry) {
    var random = Philox(seed: 3)
    func drawn(_ shape: Shape) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
        .converted(to: .bfloat16)
    }
    let x = drawn(image)
    // Weights that bfloat16 holds exactly, so that the products differ by the rounding of sums alone.
    let weight = drawn([outputs, 3, 3, image[3]]).converted(to: .float32)
    func run(_ dtype: DType) -> [Tensor] {
      let (image, weight) = (Parameter(x.converted(to: dtype)), Parameter(weight))
      let dy: Tensor
      var y = convolution(image.value, weight.value, nil, geometry)
      random = Philox(seed: 4)
      dy = drawn(y.shape)
      let (_, gradients) = valueWithGradient(of: [image, weight]) {
        y = convolution(image.value, weight.value, nil, geometry)
        return sum(y.converted(to: .float32) * dy.converted(to: .float32))
      }
      #expect(y.dtype == dtype)
      #expect(gradients.values[0]?.dtype == dtype && gradients.values[1]?.dtype == .float32)
      return [y.detached] + gradients.values.compactMap { $0 }
    }
    for (half, single) in zip(run(.bfloat16), run(.float32)) {
      let scale = single.doubles.map(abs).max() ?? 0
      for (a, b) in zip(half.doubles, single.doubles) {
        // Eight digits of a result, and the rounding of the cotangent.
        #expect(abs(a - b) <= 0x1p-8 * (abs(b) + 0.1 * scale))
      }
    }
  }

  /// The sums for the weights that take oneDNN's place where vectors are short, against the product over patches in
  /// float64: one image after the other and several at once, large ones by some rows at a time, channels and outputs
  /// that do not fill a vector or a tile, windows over no pixel at all, many outputs shared out among the threads.
  @Test(
    arguments: [
      ([1, 1, 1, 1], 1, 1, ConvolutionGeometry()), ([2, 5, 6, 16], 6, 3, .init(padding: 1)),
      ([7, 4, 4, 17], 13, 3, .init(padding: 1)), ([20, 3, 2, 15], 7, 3, .init(padding: 1)),
      ([3, 33, 40, 16], 5, 3, .init(padding: 1)), ([2, 31, 9, 33], 12, 5, .init(padding: 2)),
      ([3, 9, 8, 18], 6, 3, .init(stride: 2, padding: 1)),
      ([2, 40, 37, 16], 7, 7, .init(stride: Extent(2, 3), padding: 3)),
      ([2, 11, 12, 20], 8, 3, .init(padding: 2, dilation: Extent(2, 3))),
      ([3, 2, 3, 16], 7, 3, .init(padding: 4, dilation: 2)), ([5, 80, 90, 32], 6, 3, .init()),
      ([5, 2, 3, 40], 151, 3, .init(padding: 1)), ([2, 3, 3, 18], 145, 2, .init(stride: 2)),
      (
        [2, 7, 7, 16], 3, 2,
        .init(stride: 3, padding: Padding(top: 0, left: 1, bottom: 2, right: 0))
      ),
    ] as [([Int], Int, Int, ConvolutionGeometry)])
  func sumsForWeights(image: [Int], outputs: Int, window: Int, geometry: ConvolutionGeometry) {
    let shape = ConvolutionShape(
      geometry, image: Shape(image), weight: [outputs, window, window, image[3]])
    var random = Philox(seed: 5)
    func drawn(_ shape: Shape) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
    }
    let (x, dy) = (drawn(shape.input), drawn(shape.output))
    let whole = shape.toWeight(
      x.converted(to: .float64), dy.converted(to: .float64), withBias: false, .float64)
    // A sum of n products of numbers of size one: some √n roundings of it, whose size is √n; of some ten thousand sums
    // the worst is four times as far off.
    let terms = Double(shape.batch * shape.outputHeight * shape.outputWidth)
    for threads in [1, 2, 3] {
      let before = Threads.count
      Threads.use(threads)
      defer { Threads.use(before) }
      for (sum, exact) in zip(shape.sums(x, dy).doubles, whole.weight.doubles) {
        #expect(abs(sum - exact) <= 0x1p-22 * (terms + 8))
      }
    }
  }

  /// A product with the matrix of the whole map and tiles need no reorder, oneDNN's convolution one a call: with 256 or
  /// 512 bits it wants channels in blocks. In a process of its own, for the count is the whole process's.
  @Test func countsReorders() async {
    await #expect(processExitsWith: .success) {
      func reorders(_ side: Int, stride: Extent = 1) -> Int {
        let before = convolutionWeightReorders
        _ = convolution(
          .ones([8, side, side, 32]), .ones([32, 3, 3, 32]), nil, .init(stride: stride, padding: 1))
        return convolutionWeightReorders - before
      }
      #expect(reorders(2) == 0)
      #expect(reorders(8) == 0)
      let first = reorders(8, stride: 2)
      #expect(first == 1 || !["AVX2", "AVX3"].contains(Threads.vectorTarget))
      #expect(reorders(8, stride: 2) == first)
    }
  }

  @Test func keepsItsPrimitivesApart() {
    // The same lengths with other strides and paddings, called in turn.
    let x = Tensor.ones([1, 5, 5, 1])
    let w = Tensor.ones([1, 3, 3, 1])
    for _ in 0..<3 {
      #expect(convolution(x, w).floats == [Float](repeating: 9, count: 9))
      #expect(convolution(x, w, nil, .init(stride: 2)).floats == [9, 9, 9, 9])
      let padded = convolution(x, w, nil, .init(stride: 4, padding: 1))
      #expect(padded.floats == [4, 4, 4, 4])
    }
  }

  @Test func stopsAtShapesThatDoNotFit() async {
    let channels = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = convolution(.ones([1, 4, 4, 3]), .ones([2, 3, 3, 4]))
    }
    expectStop(
      channels,
      "convolution: input of shape [1, 4, 4, 3] and weight of shape [2, 3, 3, 4] in 1 groups; they have to be "
        + "[batch, height, width, inputs] and [outputs, window height, window width, inputs / groups]"
    )
    let window = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = convolution(.ones([1, 2, 4, 1]), .ones([1, 3, 3, 1]))
    }
    expectStop(
      window,
      "convolution of [1, 2, 4, 1] with weight [1, 3, 3, 1], stride 1×1, padding 0, dilation 1×1, 1 groups: "
        + "the window is larger than the padded image")
    let stride = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = convolution(.ones([1, 4, 4, 1]), .ones([1, 3, 3, 1]), nil, .init(stride: 0))
    }
    expectStop(
      stride,
      "convolution: stride 0×0, padding 0, dilation 1×1, 1 groups; padding has to be at least 0, all else at "
        + "least 1")
    let padding = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = transposedConvolution(
        .ones([1, 4, 4, 1]), .ones([1, 3, 3, 1]), nil, .init(stride: 2), outputPadding: 2)
    }
    expectStop(
      padding,
      "transposedConvolution: output padding 2×2; it has to be less than the stride 2×2 or the dilation 1×1"
    )
  }

  static let mistakes = [
    Mistake(
      "transposedConvolution: input of shape [1, 4, 4, 3] and weight of shape [2, 3, 3, 4] in 1 groups; they "
        + "have to be [batch, height, width, inputs] and [inputs, window height, window width, outputs / groups]"
    ) { _ = transposedConvolution(.ones([1, 4, 4, 3]), .ones([2, 3, 3, 4])) },
    Mistake(
      "convolution: input bfloat16 and weight bfloat16; the weight has to be of the input's type, and "
        + "float32 where that is bfloat16"
    ) {
      _ = convolution(
        .ones([1, 4, 4, 1], dtype: .bfloat16), .ones([1, 3, 3, 1], dtype: .bfloat16))
    },
    Mistake(
      "transposedConvolution: input bfloat16 and weight bfloat16; the weight has to be of the input's "
        + "type, and float32 where that is bfloat16"
    ) {
      _ = transposedConvolution(
        .ones([1, 4, 4, 1], dtype: .bfloat16), .ones([1, 3, 3, 1], dtype: .bfloat16))
    },
    Mistake(
      "convolution: input float64 and weight float32; the weight has to be of the input's type, and "
        + "float32 where that is bfloat16"
    ) { _ = convolution(.ones([1, 4, 4, 1], dtype: .float64), .ones([1, 3, 3, 1])) },
    Mistake("convolution: bias of shape [1] bfloat16; it has to be [1] float32") {
      _ = convolution(
        .ones([1, 4, 4, 1], dtype: .bfloat16), .ones([1, 3, 3, 1]), .ones([1], dtype: .bfloat16))
    },
    Mistake(
      "transposedConvolution: input of shape [1, 1, 1, 1] and weight of shape [1, 1, 1, 1] with padding 2 "
        + "leave nothing of the output but output padding 4×4; take less padding"
    ) {
      _ = transposedConvolution(
        .ones([1, 1, 1, 1]), .ones([1, 1, 1, 1]), nil, .init(padding: 2, dilation: 5),
        outputPadding: 4)
    },
    // What is left beside the output padding is of height 0.
    Mistake(
      "transposedConvolution: input of shape [1, 1, 1, 1] and weight of shape [1, 1, 1, 1] with padding 1 "
        + "leave nothing of the output but output padding 4×4; take less padding"
    ) {
      _ = transposedConvolution(
        .ones([1, 1, 1, 1]), .ones([1, 1, 1, 1]), nil, .init(padding: 1, dilation: 5),
        outputPadding: 4)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in ConvolutionTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
