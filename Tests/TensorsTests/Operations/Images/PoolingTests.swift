import TestSupport
import Testing

@testable import Tensors

@Suite struct PoolingTests {
  @Test(
    arguments: ReferenceCase.named(
      "max-pool", "average-pool-2d", "average-pool-2d-without-padding"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    let numbers = reference.attributes
    let (window, stride) = (Extent(numbers.window ?? 0), Extent(numbers.stride ?? 0))
    let padding = Padding(numbers.padding ?? -1)
    // A mean of 289 numbers of either sign: the order of the sum counts.
    reference.check(tolerance: 1e-6) { inputs in
      reference.name == "max-pool"
        ? maxPool(
          inputs[0], window: window, stride: stride, padding: padding,
          dilation: Extent(numbers.dilation ?? 0))
        : averagePool2D(
          inputs[0], window: window, stride: stride, padding: padding,
          countsPadding: reference.name == "average-pool-2d")
    }
  }

  @Test(
    arguments: ReferenceCase.named(
      "adaptive-average-pool", "adaptive-max-pool", "global-average-pool"))
  func adaptiveAgreesWithPyTorch(reference: ReferenceCase) {
    let size = Extent(reference.attributes.count ?? 1)
    reference.check { inputs in
      switch reference.name {
      case "adaptive-average-pool": adaptiveAveragePool(inputs[0], to: size)
      case "adaptive-max-pool": adaptiveMaxPool(inputs[0], to: size)
      default: globalAveragePool(inputs[0])
      }
    }
  }

  private static func gradient(
    of x: Tensor, _ dy: [Double], _ pool: (Tensor) -> Tensor
  ) -> (y: Tensor, dx: [Double]) {
    var y = x
    let dx = valueWithGradient(at: [x]) { inputs in
      let found = pool(inputs[0])
      y = found.detached
      return sum((found * Tensor(dy, shape: y.shape, dtype: x.dtype)).converted(to: .float64))
    }.gradients[0]
    return (y, dx?.doubles ?? [])
  }

  /// Of equal elements the first, of several NaNs the last, as PyTorch; −∞ everywhere is −∞.
  @Test(arguments: DType.allCases)
  func whichElementCounts(dtype: DType) {
    let nan = Double.nan
    func pooled(_ values: [Double]) -> (y: Double, dx: [Double]) {
      let x = Tensor(values, shape: [1, 2, 2, 1], dtype: dtype)
      let (y, dx) = Self.gradient(of: x, [3]) { maxPool($0, window: 2) }
      return (y.item, dx)
    }
    #expect(pooled([1, 2, 2, 2]) == (2, [0, 3, 0, 0]))
    #expect(pooled([-1, -1, -1, -1]) == (-1, [3, 0, 0, 0]))
    let infinite = pooled([-.infinity, -.infinity, -.infinity, -.infinity])
    #expect(infinite == (-.infinity, [3, 0, 0, 0]))
    // The first of those that lie in the image, not in the padding.
    let masked = Self.gradient(
      of: .full([1, 2, 2, 1], -.infinity, dtype: dtype), [3]
    ) { maxPool($0, window: 3, stride: 2, padding: 1) }
    #expect(masked.dx == [3, 0, 0, 0])
    let unordered = pooled([1, nan, 5, nan])
    #expect(unordered.y.isNaN && unordered.dx == [0, 0, 0, 3])
    let first = pooled([nan, 1, 5, .infinity])
    #expect(first.y.isNaN && first.dx == [3, 0, 0, 0])
  }

  /// Padding is not zero for a maximum.
  @Test func paddingIsBelowEverything() {
    let y = maxPool(.full([1, 2, 2, 1], -5), window: 3, stride: 1, padding: 1)
    #expect(y.floats == [-5, -5, -5, -5])
  }

  /// The pullback to float64 shares out over other loops than that of float32: both over shapes of any kind.
  @Test(
    arguments: [
      ([3, 9, 11, 3], 3, 2, 1), ([2, 8, 8, 70], 2, 2, 0), ([1, 33, 31, 16], 3, 2, 1),
      ([2, 20, 21, 2], 18, 2, 4), ([4, 12, 10, 33], 5, 3, 2),
    ] as [(Shape, Int, Int, Int)])
  func everyTypeGivesTheSame(shape: Shape, window: Int, stride: Int, padding: Int) {
    var random = SplitMix(state: 7)
    // Small whole numbers: exact in every type, with many equal ones.
    let values = (0..<shape.count).map { _ in Double.random(in: -9...9, using: &random).rounded() }
    for pool in [
      { maxPool($0, window: Extent(window), stride: Extent(stride), padding: Padding(padding)) },
      {
        averagePool2D($0, window: Extent(window), stride: Extent(stride)) * Double(window * window)
      },
      { adaptiveMaxPool($0, to: Extent(stride)) },
    ] as [(Tensor) -> Tensor] {
      let count = pool(Tensor(values, shape: shape, dtype: .float64)).count
      let dy = (0..<count).map { Double($0 % 5) }
      let found = DType.allCases.map { dtype in
        Self.gradient(of: Tensor(values, shape: shape, dtype: dtype), dy, pool)
      }
      for (dtype, result) in zip(DType.allCases, found) {
        let tolerance = dtype == .bfloat16 ? 0x1p-7 : 1e-6
        let far = firstFar(
          result.y.doubles + result.dx, from: found[1].y.doubles + found[1].dx, within: tolerance,
          relative: tolerance)
        #expect(far == nil, "\(dtype)")
      }
    }
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func threadsDoNotMatter(dtype: DType) {
    var random = SplitMix(state: 8)
    let x = random.tensor([5, 21, 19, 64]).converted(to: dtype)
    let before = Threads.count
    defer { Threads.use(before) }
    let runs = [1, 2, 3].map { threads -> [[Double]] in
      Threads.use(threads)
      return [
        { maxPool($0, window: 3, stride: 2, padding: 1) },
        { averagePool2D($0, window: 3, stride: 2, padding: 1) }, { globalAveragePool($0) },
      ].flatMap { (pool: (Tensor) -> Tensor) in
        let (y, dx) = Self.gradient(of: x, pool(x).doubles, pool)
        return [y.doubles, dx]
      }
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
  }

  static let mistakes = [
    Mistake(
      "maxPool: input of shape [2, 3, 4]; it has to be [batch, height, width, channels] and not empty"
    ) { _ = maxPool(.ones([2, 3, 4]), window: 2) },
    Mistake(
      "globalAveragePool: input of shape [2, 0, 4, 1]; it has to be [batch, height, width, channels] and not "
        + "empty"
    ) { _ = globalAveragePool(.ones([2, 0, 4, 1])) },
    Mistake(
      "maxPool: window 2×2, stride 0×0, padding 0, dilation 1×1; padding has to be at least 0, all else at "
        + "least 1"
    ) { _ = maxPool(.ones([1, 3, 3, 1]), window: 2, stride: 0) },
    Mistake(
      "averagePool2D: padding 2 is more than half of the window, which covers 3×3 pixels"
    ) { _ = averagePool2D(.ones([1, 5, 5, 1]), window: 3, padding: 2) },
    Mistake(
      "maxPool: input of shape [1, 3, 9, 1], window 2×2, padding 0, dilation 3×3: the window is larger than "
        + "the padded image"
    ) { _ = maxPool(.ones([1, 3, 9, 1]), window: 2, dilation: 3) },
    Mistake("adaptiveAveragePool: to 0×2; both lengths have to be at least 1") {
      _ = adaptiveAveragePool(.ones([1, 3, 3, 1]), to: Extent(0, 2))
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in PoolingTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
