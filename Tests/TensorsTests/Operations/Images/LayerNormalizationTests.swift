import TestSupport
import Testing

@testable import Tensors

@Suite struct LayerNormalizationTests {
  @Test(
    arguments: ReferenceCase.named(
      "layer-normalization", "layer-normalization-without-parameters", "group-normalization",
      "group-normalization-without-parameters"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    let number = reference.attributes.count ?? 0
    reference.check(tolerance: 2e-6) { inputs in
      let (gamma, beta) = inputs.count == 3 ? (inputs[1], inputs[2]) : (nil, nil)
      return reference.name.hasPrefix("layer")
        ? layerNormalization(inputs[0], gamma, beta, axes: number)
        : groupNormalization(inputs[0], gamma, beta, groups: number)
    }
  }

  /// Rows of one number, whatever it is: nothing is left of them, exactly.
  @Test(arguments: [(1000.1, 768), (12345.678, 4096), (300.7, 1024), (-7.3, 5)])
  func constantRows(value: Double, features: Int) {
    let y = layerNormalization(Tensor.full([3, features], value), nil, nil)
    #expect(y.floats.allSatisfy { $0 == 0 })
  }

  /// Value, dx, dγ and dβ of one of the two, in a type.
  private static func run(
    _ x: Tensor, _ dy: Tensor, _ dtype: DType, groups: Int?
  ) -> [[Double]] {
    let channels = x.shape[x.rank - 1]
    var random = SplitMix(state: 11)
    let parameters = [random.tensor([channels]), random.tensor([channels])]
      .map { $0.converted(to: dtype.ofChannels) }
    var value: Tensor?
    let gradients = valueWithGradient(at: [x.converted(to: dtype)] + parameters) { inputs in
      let y =
        groups.map { groupNormalization(inputs[0], inputs[1], inputs[2], groups: $0) }
        ?? layerNormalization(inputs[0], inputs[1], inputs[2])
      value = y.detached
      return sum((y * dy.converted(to: dtype)).converted(to: .float64))
    }.gradients
    #expect(gradients.map { $0?.dtype } == [dtype, dtype.ofChannels, dtype.ofChannels])
    return ([value] + gradients).map { $0?.doubles ?? [] }
  }

  /// Long rows, many rows and many pixels in float32 and bfloat16 against float64, far from zero too.
  @Test(
    arguments: [
      ([3, 5000], nil), ([700, 33], nil), ([2, 20, 20, 48], 4), ([3, 17, 9, 6], 3),
      ([1, 2, 130], 2),
    ] as [(Shape, Int?)], [0, 30] as [Float])
  func everyTypeGivesTheSame(form: (shape: Shape, groups: Int?), offset: Float) {
    var random = SplitMix(state: UInt64(form.shape.count))
    // Numbers that bfloat16 holds.
    let x = random.tensor(form.shape, in: (offset - 1)...(offset + 1))
      .converted(to: .bfloat16).converted(to: .float32)
    let dy = random.tensor(form.shape).converted(to: .bfloat16).converted(to: .float32)
    let exact = Self.run(x, dy, .float64, groups: form.groups)
    for (dtype, tolerance) in [(DType.float32, 2e-5), (.bfloat16, 0x1p-7)] {
      let found = Self.run(x, dy, dtype, groups: form.groups)
      for (index, (a, b)) in zip(found, exact).enumerated() {
        let error = GradientCheck.relativeError(a, b)
        #expect(error <= tolerance, "\(dtype), result \(index): \(error)")
      }
    }
  }

  @Test(arguments: [DType.float32, .bfloat16], [nil, 4] as [Int?])
  func threadsDoNotMatter(dtype: DType, groups: Int?) {
    var random = SplitMix(state: 6)
    let (x, dy) = (random.tensor([5, 15, 14, 68]), random.tensor([5, 15, 14, 68]))
    let before = Threads.count
    defer { Threads.use(before) }
    let runs = [1, 2, 3].map { threads -> [[Double]] in
      Threads.use(threads)
      return Self.run(x, dy, dtype, groups: groups)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
  }

  /// What nobody asks for is not computed, and the rest does not change.
  @Test func frozenParametersGetNoGradient() {
    var random = SplitMix(state: 3)
    let (x, gamma) = (random.tensor([4, 6]), random.tensor([6]))
    for groups in [nil, 2] as [Int?] {
      func loss(_ x: Tensor, _ gamma: Tensor) -> Tensor {
        let y =
          groups.map { groupNormalization(x, gamma, nil, groups: $0) }
          ?? layerNormalization(x, gamma, nil)
        return sum(y * y * y)
      }
      let both = valueWithGradient(at: [x, gamma]) { loss($0[0], $0[1]) }.gradients
      let onlyInput = valueWithGradient(at: [x]) { loss($0[0], gamma) }.gradients
      let onlyGamma = valueWithGradient(at: [gamma]) { loss(x, $0[0]) }.gradients
      #expect(onlyInput[0]?.floats == both[0]?.floats)
      #expect(onlyGamma[0]?.floats == both[1]?.floats)
    }
  }

  static let mistakes = [
    Mistake(
      "layerNormalization: over 3 axes of an input of shape [2, 3]; there has to be at least one, and the "
        + "input must not be empty"
    ) { _ = layerNormalization(.ones([2, 3]), nil, nil, axes: 3) },
    Mistake(
      "layerNormalization: beta of shape [2] float32 for input of shape [2, 3] float32; it has to be [3] "
        + "float32"
    ) { _ = layerNormalization(.ones([2, 3]), nil, .ones([2])) },
    Mistake(
      "groupNormalization: gamma of shape [4] bfloat16 for input of shape [2, 1, 1, 4] bfloat16; it has to be "
        + "[4] float32"
    ) {
      _ = groupNormalization(
        .ones([2, 1, 1, 4], dtype: .bfloat16), .ones([4], dtype: .bfloat16), nil, groups: 2)
    },
    Mistake(
      "groupNormalization: 3 groups of 4 channels; their number has to divide that of the channels"
    ) { _ = groupNormalization(.ones([2, 4]), nil, nil, groups: 3) },
    Mistake(
      "groupNormalization: input of shape [2, 0, 4]; it has to be [batch, …, channels] and not empty"
    ) { _ = groupNormalization(.ones([2, 0, 4]), nil, nil, groups: 2) },
    Mistake("layerNormalization: epsilon is -1.0; it has to be a positive number") {
      _ = layerNormalization(.ones([2, 3]), nil, nil, epsilon: -1)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in LayerNormalizationTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
