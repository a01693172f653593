import TestSupport
import Testing

@testable import Tensors

@Suite struct ExtremaTests {
  @Test(arguments: ReferenceCase.named("maximum", "minimum"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check {
      reference.name == "maximum" ? maximum($0[0], $0[1]) : minimum($0[0], $0[1])
    }
  }

  @Test(arguments: ReferenceCase.named("clamp"))
  func clampAgreesWithPyTorch(reference: ReferenceCase) {
    let attributes = reference.attributes
    reference.check {
      clamp(
        $0[0], min: attributes.minimum ?? -.infinity, max: attributes.maximum ?? .infinity)
    }
  }

  @Test func everyFloat() {
    UnaryCase("clamp", ulps: 0) {
      clamp($0, min: -0.5, max: 1000)
    } exact: {
      $0 < -0.5 ? -0.5 : $0 > 1000 ? 1000 : $0
    }.check()
  }

  /// A NaN on either side stays; infinities are numbers like others.
  @Test(arguments: DType.allCases)
  func specialValues(dtype: DType) {
    let a = Tensor(
      [.nan, 1, .nan, .infinity, -.infinity, 2, -3], shape: [7], dtype: dtype)
    let b = Tensor([1, .nan, .nan, 5, 5, .infinity, -.infinity], shape: [7], dtype: dtype)
    let (high, low) = (maximum(a, b).doubles, minimum(a, b).doubles)
    #expect((high[..<3] + low[..<3]).allSatisfy { $0.isNaN })
    #expect(high[3...] == [.infinity, 5, .infinity, -3])
    #expect(low[3...] == [5, -.infinity, 2, -.infinity])
  }

  /// Equal numbers get half of the cotangent each, also where both are one tensor.
  @Test(arguments: DType.allCases)
  func equalNumbersShare(dtype: DType) {
    let a = Tensor([1, 2, 3], shape: [3], dtype: dtype)
    let b = Tensor([2, 2, 2], shape: [3], dtype: dtype)
    let dy = Tensor([10, 20, 40], shape: [3], dtype: dtype)
    func slopes(_ body: @escaping ([Tensor]) -> Tensor) -> [[Double]?] {
      valueWithGradient(at: [a, b]) { sum((body($0) * dy).converted(to: .float64)) }.gradients
        .map { $0?.doubles }
    }
    #expect(slopes { maximum($0[0], $0[1]) } == [[0, 10, 40], [10, 10, 0]])
    #expect(slopes { minimum($0[0], $0[1]) } == [[10, 10, 0], [0, 10, 40]])
    #expect(slopes { maximum($0[0], $0[0]) } == [[10, 20, 40], nil])
    #expect(slopes { maximum($0[0], 2) } == [[0, 10, 40], nil])
    #expect(slopes { minimum($0[0], 2) } == [[10, 10, 0], nil])
  }

  @Test(arguments: DType.allCases)
  func tensorsWithoutAxesGoWithEveryElement(dtype: DType) {
    let x = Tensor([1, -2, 4], shape: [3], dtype: dtype)
    let two = Tensor(scalar: 2, dtype: dtype)
    #expect(maximum(x, two).doubles == [2, 2, 4] && maximum(two, x).doubles == [2, 2, 4])
    #expect(minimum(x, two).doubles == [1, -2, 2] && minimum(two, x).doubles == [1, -2, 2])
    #expect(maximum(x, 2).doubles == [2, 2, 4] && minimum(x, 2).doubles == [1, -2, 2])
  }

  /// The gradient stops at the bounds, as PyTorch 2.15 has it; a NaN stays one.
  @Test(arguments: DType.allCases)
  func clampAtItsBounds(dtype: DType) {
    let x = Tensor([-2, -1, 0.5, 2, 3], shape: [5], dtype: dtype)
    let dy = Tensor([1, 2, 3, 4, 5], shape: [5], dtype: dtype)
    func slopes(_ body: @escaping (Tensor) -> Tensor) -> [Double]? {
      valueWithGradient(at: [x]) {
        sum((body($0[0]) * dy).converted(to: .float64))
      }.gradients[0]?.doubles
    }
    #expect(clamp(x, min: -1, max: 2).doubles == [-1, -1, 0.5, 2, 2])
    #expect(slopes { clamp($0, min: -1, max: 2) } == [0, 0, 3, 0, 0])
    #expect(slopes { clamp($0, min: -1) } == [0, 0, 3, 4, 5])
    #expect(slopes { clamp($0, max: 2) } == [1, 2, 3, 0, 0])
    #expect(clamp(x, min: 1, max: 1).doubles == [1, 1, 1, 1, 1])
    #expect(clamp(Tensor([.nan], shape: [1], dtype: dtype), min: 0, max: 1).doubles[0].isNaN)
  }

  static let mistakes = [
    Mistake(
      "maximum: shapes [2] and [3] differ; nothing is broadcast silently: use broadcast(_:to:) if that is meant"
    ) { _ = maximum(Tensor.ones([2]), Tensor.ones([3])) },
    Mistake("minimum: types float32 and float64 differ; use converted(to:) on one of them") {
      _ = minimum(Tensor.ones([2]), Tensor.ones([2], dtype: .float64))
    },
    Mistake("clamp: bounds 2.0 and 1.0; the lower one has to be at most the upper one") {
      _ = clamp(.ones([2]), min: 2, max: 1)
    },
    Mistake("clamp: bounds nan and inf; the lower one has to be at most the upper one") {
      _ = clamp(.ones([2]), min: .nan)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in ExtremaTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
