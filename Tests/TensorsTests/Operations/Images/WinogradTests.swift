import TestSupport
import Testing

@testable import Tensors

/// Convolutions in tiles of 2×2 outputs.
@Suite struct WinogradTests {
  /// A convolution in tiles with its gradients, however few they are.
  private func convolutionInTiles(
    _ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry
  ) -> Tensor {
    let shape = ConvolutionShape(geometry, image: x.shape, weight: weight.shape)
    let (kx, kw) = (x.detached, ConvolutionWeight(weight))
    return record("convolution", shape.convolveTiles(kx, kw), from: x, weight) { dy, _ in
      (shape.tilesToInput(dy, kw), shape.tileSums(kx, dy))
    }
  }

  // Sums of up to 288 terms, in another order than PyTorch's.
  @Test(arguments: ReferenceCase.named("convolution-in-tiles").filter { $0.dtype == .float32 })
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let geometry = try #require(reference.attributes.geometry)
    reference.check(tolerance: 1e-6) { convolutionInTiles($0[0], $0[1], geometry) }
  }

  private func drawn(_ shape: Shape, _ random: inout Philox) -> Tensor {
    Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
  }

  /// Tiles that reach over the edge, paddings of any width on any side, more tiles than are worked on at once, channels
  /// that fill no panel, so many that a weight is transformed panel by panel or the sums are shared out by outputs.
  private static let lengths: [([Int], Int, Padding)] = [
    ([1, 1, 1, 16], 16, 1), ([1, 4, 4, 16], 32, 1), ([2, 5, 7, 48], 80, 1), ([1, 3, 5, 16], 16, 0),
    ([3, 6, 6, 32], 16, 2), ([1, 4, 5, 16], 16, 3),
    ([2, 5, 4, 16], 48, Padding(top: 0, left: 1, bottom: 2, right: 0)),
    ([7, 8, 8, 32], 32, 1), ([2, 31, 30, 16], 16, 1), ([1, 4, 4, 32], 144, 1),
    ([1, 4, 4, 208], 16, 1),
  ]

  @Test(arguments: lengths)
  func agreesWithPatchesInFloat64(image: [Int], outputs: Int, padding: Padding) {
    let shape = ConvolutionShape(
      .init(padding: padding), image: Shape(image), weight: [outputs, 3, 3, image[3]])
    var random = Philox(seed: 5)
    let (x, w) = (drawn(shape.input, &random), drawn(shape.weight, &random))
    let dy = drawn(shape.output, &random)
    func exact(_ tensor: Tensor) -> Tensor { tensor.converted(to: .float64) }
    let weight = ConvolutionWeight(exact(w))
    let right = [
      shape.convolve(exact(x), weight, nil), shape.toInput(exact(dy), weight),
      shape.toWeight(exact(x), exact(dy), withBias: false, .float64).weight,
    ]
    for threads in [1, 2, 3] {
      let before = Threads.count
      Threads.use(threads)
      defer { Threads.use(before) }
      let found = [
        shape.convolveTiles(x, ConvolutionWeight(w)), shape.tilesToInput(dy, ConvolutionWeight(w)),
        shape.tileSums(x, dy),
      ]
      for (found, right) in zip(found, right) {
        // Each result adds up sums of n products, of which the roundings, at random, make √n, as large as they are.
        let scale = right.doubles.map(abs).max() ?? 0
        for (a, b) in zip(found.doubles, right.doubles) {
          #expect(abs(a - b) <= 0x1p-20 * scale)
        }
      }
    }
  }

  /// A weight that is trained is transformed panel by panel, one that stays as it is at once, and by every number of
  /// threads other tiles are worked on together.
  @Test(arguments: [([1, 4, 4, 32], 144), ([5, 9, 8, 32], 48)])
  func givesTheSameBitsHoweverItIsCut(image: [Int], outputs: Int) throws {
    let shape = ConvolutionShape(
      .init(padding: 1), image: Shape(image), weight: [outputs, 3, 3, image[3]])
    var random = Philox(seed: 6)
    let (x, w) = (drawn(shape.input, &random), Parameter(drawn(shape.weight, &random)))
    let dy = drawn(shape.output, &random)
    func run() -> [[Float]] {
      let weight = ConvolutionWeight(w.value)
      return [shape.convolveTiles(x, weight).floats, shape.tilesToInput(dy, weight).floats]
    }
    let kept = run()
    for threads in [1, 2, 3] {
      let before = Threads.count
      Threads.use(threads)
      defer { Threads.use(before) }
      let isSame = run() == kept
      #expect(isSame)
      var isSameInTraining = false
      _ = valueWithGradient(of: [w]) {
        isSameInTraining = run() == kept
        return sum(w.value)
      }
      #expect(isSameInTraining)
    }
  }

  /// An infinite pixel reaches the outputs whose window it is in, and no others.
  @Test func keepsInfinitiesApart() {
    let (side, at) = (7, (row: 2, column: 3))
    let shape = ConvolutionShape(
      .init(padding: 1), image: [1, side, side, 16], weight: [16, 3, 3, 16])
    let x = Tensor(shape: shape.input) { values in
      for index in values.indices { values[index] = 1 }
      values[(at.row * side + at.column) * 16] = .infinity
    }
    let y = shape.convolveTiles(x, ConvolutionWeight(.ones(shape.weight))).floats
    for row in 0..<side {
      for column in 0..<side {
        let isNear = abs(row - at.row) <= 1 && abs(column - at.column) <= 1
        #expect(y[(row * side + column) * 16].isFinite == !isNear)
      }
    }
  }

  /// Where it is chosen: for windows of 3×3 with a stride of 1, and enough channels and tiles.
  @Test func isChosenWhereItIsFast() {
    func isChosen(
      _ image: Shape, _ outputs: Int, window: Int = 3,
      _ geometry: ConvolutionGeometry = .init(padding: 1), _ dtype: DType = .float32
    ) -> Bool {
      ConvolutionShape(
        geometry, image: image, weight: [outputs, window, window, image[3] / geometry.groups]
      ).isFastInTiles(dtype)
    }
    #expect(isChosen([8, 8, 8, 64], 64))
    #expect(isChosen([1, 14, 14, 256], 256))
    #expect(!isChosen([8, 8, 8, 64], 64, .init(padding: 1), .float64))
    #expect(!isChosen([8, 8, 8, 64], 64, .init(padding: 1), .bfloat16))
    #expect(!isChosen([8, 8, 8, 64], 64, .init(stride: 2, padding: 1)))
    #expect(!isChosen([8, 8, 8, 64], 64, .init(padding: 2, dilation: 2)))
    #expect(!isChosen([8, 8, 8, 64], 64, .init(padding: 1, groups: 2)))
    #expect(!isChosen([8, 8, 8, 64], 64, window: 5, .init(padding: 2)))
    #expect(!isChosen([8, 8, 8, 16], 64))
    #expect(!isChosen([8, 8, 8, 64], 72))
    #expect(!isChosen([1, 8, 8, 64], 64))
    // In rows of one pixel half of each tile would be for nothing.
    #expect(!isChosen([64, 1, 8, 64], 64))
  }
}
