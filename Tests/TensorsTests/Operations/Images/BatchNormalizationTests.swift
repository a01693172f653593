import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct BatchNormalizationTests {
  private static let names = [
    "batch-normalization", "batch-normalization-relu", "batch-normalization-add",
    "batch-normalization-add-relu",
  ]

  @Test(arguments: names.flatMap { ReferenceCase.named($0) }, [false, true])
  func agreesWithPyTorch(reference: ReferenceCase, isComposed: Bool) {
    let activation: Activation = reference.name.hasSuffix("relu") ? .relu : .identity
    // Two values for a channel make a variance that is small by chance: digits are lost in both.
    reference.check(tolerance: 2e-6) { inputs in
      let residual = inputs.count == 4 ? inputs[3] : nil
      return isComposed
        ? composedBatchNormalization(
          inputs[0], inputs[1], inputs[2], adding: residual, activation: activation)
        : batchNormalization(
          inputs[0], inputs[1], inputs[2], adding: residual, activation: activation
        ).output
    }
  }

  @Test(
    arguments: ReferenceCase.named(
      "batch-normalization-by-given-statistics", "batch-normalization-by-given-statistics-add"))
  func givenStatisticsAgreeWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      let channels = inputs[1].count
      return batchNormalization(
        inputs[0], inputs[1], inputs[2],
        mean: Tensor(
          (0..<channels).map { Double($0 % 5 - 2) / 4 }, shape: [channels], dtype: reference.dtype),
        variance: Tensor(
          (0..<channels).map { Double($0 % 3 + 1) / 2 }, shape: [channels], dtype: reference.dtype),
        adding: inputs.count == 4 ? inputs[3] : nil, activation: .relu)
    }
  }

  /// Mean and variance against their definition in double, over several blocks of rows; also far from zero, where
  /// Σ x² − m μ² would have no right digit.
  @Test(arguments: [0, 5000] as [Float], [(3, 5), (1000, 1), (517, 33), (130, 200)])
  func statistics(offset: Float, lengths: (Int, Int)) {
    let (rows, channels) = lengths
    var random = SplitMix(state: 1)
    let x = random.tensor([rows, channels], in: (offset - 1)...(offset + 1))
    let (_, mean, variance) = batchNormalization(x, nil, nil)
    let values = x.doubles
    for c in 0..<channels {
      let own = stride(from: c, to: values.count, by: channels).map { values[$0] }
      let right = own.reduce(0, +) / Double(rows)
      let spread = own.reduce(0) { $0 + ($1 - right) * ($1 - right) } / Double(rows)
      #expect(abs(mean.doubles[c] - right) <= 3e-7 * Double(offset + 1))
      #expect(abs(variance.doubles[c] - spread) <= 2e-6 * spread)
    }
  }

  /// The bits do not hang on the number of threads.
  @Test(arguments: [DType.float32, .bfloat16])
  func threadsDoNotMatter(dtype: DType) {
    var random = SplitMix(state: 2)
    let x = random.tensor([8, 15, 14, 67]).converted(to: dtype)
    let residual = random.tensor([8, 15, 14, 67]).converted(to: dtype)
    let dy = random.tensor([8, 15, 14, 67]).converted(to: dtype)
    let gamma = random.tensor([67])
    let before = Threads.count
    defer { Threads.use(before) }
    let runs = [1, 2, 3].map { threads -> [[Double]] in
      Threads.use(threads)
      let (y, mean, variance) = batchNormalization(
        x, gamma, nil, adding: residual, activation: .relu)
      let pulled = batchNormalizationPullback(
        dy, x, gamma: gamma, mean: mean, variance: variance, output: y)
      return [y, mean, variance, pulled.input, pulled.gamma, pulled.beta, pulled.residual]
        .map(\.doubles)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
  }

  /// In bfloat16 every result is that of float32 on the same numbers, rounded once: 2⁻⁹ of its magnitude. Where
  /// dz is rounded before it is read again, dx is off by a little more.
  @Test(
    arguments: [[6, 3], [2, 3, 5, 16], [3, 4, 3, 17], [2, 9, 8, 40]] as [Shape],
    [(false, .identity), (false, .relu), (true, .identity), (true, .relu)]
      as [(Bool, Activation)])
  func bfloat16(shape: Shape, form: (adds: Bool, activation: Activation)) {
    var random = SplitMix(state: UInt64(shape.count))
    let channels = shape[shape.rank - 1]
    let images = (0..<3).map { _ in random.tensor(shape).converted(to: .bfloat16) }
    let (gamma, beta) = (random.tensor([channels]), random.tensor([channels]))
    func run(_ dtype: DType) -> [Tensor] {
      let inputs = [
        images[0].converted(to: dtype), gamma, beta, images[1].converted(to: dtype),
      ]
      var results: [Tensor] = []
      let gradients = valueWithGradient(at: inputs) { inputs in
        let (y, mean, variance) = batchNormalization(
          inputs[0], inputs[1], inputs[2], adding: form.adds ? inputs[3] : nil,
          activation: form.activation)
        results = [y.detached, mean, variance]
        // The rectifier cuts the same elements in both types.
        let weighted: Tensor = y * images[2].converted(to: dtype)
        return sum(weighted.converted(to: .float32))
      }.gradients
      return results + gradients.compactMap(\.self)
    }
    let (rounded, exact) = (run(.bfloat16), run(.float32))
    #expect(rounded.count == (form.adds ? 7 : 6))
    let wide: [Tensor] = rounded.filter { $0.dtype == .float32 }
    #expect(wide.count == 4)
    for (index, (a, b)) in zip(rounded, exact).enumerated() {
      let tolerance: Double = 0x1p-7 * b.doubles.reduce(0) { max($0, abs($1)) }
      // One by one: the largest of errors with a NaN among them need not be one.
      let errors: [Double] = zip(a.doubles, b.doubles).map { abs($0 - $1) }
      #expect(errors.allSatisfy { $0 <= tolerance }, "result \(index): \(errors)")
    }
  }

  /// A NaN stays in its channel and is not cut off by the rectifier.
  @Test(arguments: [DType.float32, .float64, .bfloat16])
  func keepsNaN(dtype: DType) {
    let x = Tensor([.nan, 1, 2, 3, .infinity, 2], shape: [2, 3], dtype: dtype)
    let (y, mean, variance) = batchNormalization(x, nil, nil, activation: .relu)
    #expect(y.doubles[0].isNaN && y.doubles[3].isNaN && y.doubles[4].isNaN)
    #expect(y.doubles[2] == 0 && y.doubles[5] == 0)
    #expect(mean.doubles[0].isNaN && mean.doubles[1] == .infinity && mean.doubles[2] == 2)
    #expect(variance.doubles[0].isNaN && variance.doubles[1].isNaN && variance.doubles[2] == 0)
  }

  /// A channel without variance: only ε keeps the root from zero.
  @Test func aConstantChannel() {
    let (y, _, variance) = batchNormalization(.full([300, 2], 0.1), nil, .ones([2]))
    #expect(variance.floats == [0, 0])
    #expect(y.floats.allSatisfy { $0 == 1 })
  }

  /// What nobody asks for is not computed, and the rest does not change.
  @Test func frozenParametersGetNoGradient() {
    var random = SplitMix(state: 3)
    let (x, residual) = (random.tensor([4, 3, 3, 5]), random.tensor([4, 3, 3, 5]))
    let (gamma, beta) = (random.tensor([5]), random.tensor([5]))
    func loss(_ x: Tensor, _ gamma: Tensor, _ beta: Tensor, _ residual: Tensor) -> Tensor {
      let y = batchNormalization(x, gamma, beta, adding: residual, activation: .relu).output
      return sum(y * y)
    }
    let all = valueWithGradient(at: [x, gamma, beta, residual]) { loss($0[0], $0[1], $0[2], $0[3]) }
      .gradients
    let onlyInput = valueWithGradient(at: [x]) { loss($0[0], gamma, beta, residual) }.gradients
    let onlyBeta = valueWithGradient(at: [beta]) { loss(x, gamma, $0[0], residual) }.gradients
    let onlyResidual = valueWithGradient(at: [residual]) { loss(x, gamma, beta, $0[0]) }.gradients
    #expect(onlyInput[0]?.floats == all[0]?.floats)
    #expect(onlyBeta[0]?.floats == all[2]?.floats)
    #expect(onlyResidual[0]?.floats == all[3]?.floats)
  }

  static let mistakes = [
    Mistake(
      "batchNormalization: input of shape [3]; it has to be [batch, …, channels] and not empty"
    ) { _ = batchNormalization(.ones([3]), nil, nil) },
    Mistake(
      "batchNormalization: input of shape [0, 3]; it has to be [batch, …, channels] and not empty"
    ) { _ = batchNormalization(.ones([0, 3]), nil, nil) },
    Mistake(
      "batchNormalization: input of shape [1, 1, 1, 3] has one value for each channel, whose variance is 0; "
        + "training needs a larger batch or image, inference given statistics"
    ) { _ = batchNormalization(.ones([1, 1, 1, 3]), nil, nil) },
    Mistake(
      "batchNormalization: gamma of shape [2] float32 for input of shape [4, 3] float32; it has to be [3] "
        + "float32"
    ) { _ = batchNormalization(.ones([4, 3]), .ones([2]), nil) },
    Mistake(
      "batchNormalization: beta of shape [3] bfloat16 for input of shape [4, 3] bfloat16; it has to be [3] "
        + "float32"
    ) {
      _ = batchNormalization(
        .ones([4, 3], dtype: .bfloat16), nil, .ones([3], dtype: .bfloat16))
    },
    Mistake(
      "batchNormalization: variance of shape [3, 1] float32 for input of shape [4, 3] float32; it has to be "
        + "[3] float32"
    ) {
      _ = batchNormalization(.ones([4, 3]), nil, nil, mean: .ones([3]), variance: .ones([3, 1]))
    },
    Mistake(
      "batchNormalization: shapes [4, 1] and [4, 3] differ; nothing is broadcast silently: use "
        + "broadcast(_:to:) if that is meant"
    ) { _ = batchNormalization(.ones([4, 3]), nil, nil, adding: .ones([4, 1])) },
    Mistake("batchNormalization: epsilon is 0.0; it has to be a positive number") {
      _ = batchNormalization(.ones([4, 3]), nil, nil, epsilon: 0)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in BatchNormalizationTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
