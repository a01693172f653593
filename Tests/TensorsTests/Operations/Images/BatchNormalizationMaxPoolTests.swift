import TestSupport
import Testing

@testable import Tensors

@Suite struct BatchNormalizationMaxPoolTests {
  @Test(
    arguments: ReferenceCase.named(
      "batch-normalization-max-pool", "batch-normalization-max-pool-relu",
      "batch-normalization-max-pool-by-given-statistics"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    // Two values for a channel make a variance that is small by chance: digits are lost in both.
    reference.check(tolerance: 2e-6) { inputs in
      let channels = inputs[1].count
      guard reference.name.hasSuffix("statistics") else {
        return batchNormalizationMaxPool(
          inputs[0], inputs[1], inputs[2],
          activation: reference.name.hasSuffix("relu") ? .relu : .identity, window: 3, stride: 2,
          padding: 1
        ).output
      }
      return batchNormalizationMaxPool(
        inputs[0], inputs[1], inputs[2],
        mean: Tensor(
          (0..<channels).map { Double($0 % 5 - 2) / 4 }, shape: [channels], dtype: reference.dtype),
        variance: Tensor(
          (0..<channels).map { Double($0 % 3 + 1) / 2 }, shape: [channels], dtype: reference.dtype),
        activation: .relu, window: 3, stride: 2, padding: 1)
    }
  }

  /// y and all cotangents, of the one operation or of the two that it stands for.
  private static func results(
    _ x: Tensor, isOne: Bool, _ activation: Activation, window: Int, stride: Int, padding: Int
  ) -> [Tensor] {
    let channels = x.shape[3]
    let type = x.dtype.ofChannels
    let x = Parameter(x)
    let gamma = Parameter(
      Tensor((0..<channels).map { Double($0 % 4) - 1.5 }, shape: [channels], dtype: type))
    let beta = Parameter(
      Tensor((0..<channels).map { Double($0 % 3) - 1 }, shape: [channels], dtype: type))
    let window = Extent(window)
    let stride = Extent(stride)
    let padding = Padding(padding)
    var y: Tensor?
    let (_, gradients) = valueWithGradient(of: [x, gamma, beta]) {
      let pooled =
        isOne
        ? batchNormalizationMaxPool(
          x.value, gamma.value, beta.value, activation: activation, window: window,
          stride: stride, padding: padding
        ).output
        : maxPool(
          batchNormalization(x.value, gamma.value, beta.value, activation: activation).output,
          window: window, stride: stride, padding: padding)
      y = pooled.detached
      let weights = Tensor(
        (0..<pooled.count).map { Double($0 % 7) - 3 }, shape: pooled.shape, dtype: pooled.dtype)
      return sum((pooled * weights).converted(to: type))
    }
    return [y!] + [x, gamma, beta].map { gradients[$0]! }
  }

  /// Scales of both signs, windows that overlap and that leave pixels out, channels that fill no vector, lines
  /// longer than a block.
  @Test(
    arguments: [
      ([3, 9, 11, 3], 3, 2, 1), ([2, 8, 8, 70], 2, 2, 0), ([1, 33, 150, 16], 3, 2, 1),
      ([2, 20, 21, 2], 18, 2, 4), ([4, 12, 10, 33], 2, 3, 0),
    ] as [(Shape, Int, Int, Int)], [Activation.identity, .relu])
  func agreesWithTheTwo(pool: (Shape, Int, Int, Int), activation: Activation) {
    var random = SplitMix(state: 3)
    let x = random.tensor(pool.0)
    let (one, two) = (
      Self.results(x, isOne: true, activation, window: pool.1, stride: pool.2, padding: pool.3),
      Self.results(x, isOne: false, activation, window: pool.1, stride: pool.2, padding: pool.3)
    )
    // The maxima are the same numbers; the sums behind the cotangents are taken in another order.
    #expect(one[0].floats == two[0].floats)
    for (a, b) in zip(one.dropFirst(), two.dropFirst()) {
      let largest = b.doubles.map(abs).max()!
      #expect(firstFar(a.doubles, from: b.doubles, within: 2e-6 * largest) == nil)
    }
  }

  /// In bfloat16 the maxima are those of unrounded numbers, rounded once.
  @Test func bfloat16IsRoundedOnce() {
    var random = SplitMix(state: 4)
    let x = random.tensor([2, 9, 7, 20]).converted(to: .bfloat16)
    let rounded = Self.results(x, isOne: true, .relu, window: 3, stride: 2, padding: 1)
    let exact = Self.results(
      x.converted(to: .float64), isOne: true, .relu, window: 3, stride: 2, padding: 1)
    for (a, b) in zip(rounded, exact) {
      let largest = b.doubles.map(abs).max()!
      #expect(firstFar(a.doubles, from: b.doubles, within: 0x1p-7 * largest) == nil)
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
      return Self.results(x, isOne: true, .relu, window: 3, stride: 2, padding: 1).map(\.doubles)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
  }

  /// A NaN is the largest of its windows.
  @Test func keepsNaN() {
    let x = Tensor([1, .nan, 2, 3], shape: [1, 2, 2, 1], dtype: .float32)
    let y = batchNormalizationMaxPool(
      x, nil, nil, mean: .zeros([1]), variance: .ones([1]), activation: .relu, window: 2)
    #expect(y.item.isNaN)
  }

  static let mistakes = [
    Mistake(
      "batchNormalizationMaxPool: input of shape [2, 3, 4]; it has to be [batch, height, width, channels] and "
        + "not empty"
    ) { _ = batchNormalizationMaxPool(.ones([2, 3, 4]), nil, nil, window: 2) },
    Mistake(
      "batchNormalization: gamma of shape [3] float32 for input of shape [1, 2, 2, 4] float32; it has to be "
        + "[4] float32"
    ) { _ = batchNormalizationMaxPool(.ones([1, 2, 2, 4]), .ones([3]), nil, window: 2) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in BatchNormalizationMaxPoolTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
