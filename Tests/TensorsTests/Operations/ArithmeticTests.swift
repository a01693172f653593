import TestSupport
import Testing

@testable import Tensors

@Suite struct ArithmeticTests {
  @Test(arguments: ReferenceCase.named("add", "subtract", "multiply", "divide"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      let (a, b) = (inputs[0], inputs[1])
      return switch reference.name {
      case "add": a + b
      case "subtract": a - b
      case "multiply": a * b
      default: a / b
      }
    }
  }

  @Test(arguments: ReferenceCase.named("negate", "add-scalar", "multiply-scalar"))
  func agreesWithPyTorchWithANumber(reference: ReferenceCase) throws {
    let number = reference.attributes.scalar ?? 0
    reference.check { inputs in
      switch reference.name {
      case "negate": -inputs[0]
      case "add-scalar": inputs[0] + number
      default: inputs[0] * number
      }
    }
  }

  @Test(arguments: DType.full)
  func numbersOnEitherSide(dtype: DType) {
    let x = Tensor([1, -2, 4], shape: [3], dtype: dtype)
    #expect((x + 0.5).doubles == [1.5, -1.5, 4.5])
    #expect((0.5 + x).doubles == [1.5, -1.5, 4.5])
    #expect((x - 0.5).doubles == [0.5, -2.5, 3.5])
    #expect((0.5 - x).doubles == [-0.5, 2.5, -3.5])
    #expect((x * 3).doubles == [3, -6, 12])
    #expect((3 * x).doubles == [3, -6, 12])
    #expect((x / 4).doubles == [0.25, -0.5, 1])
    #expect((8 / x).doubles == [8, -4, 2])
    #expect((-x).doubles == [-1, 2, -4])
  }

  @Test(arguments: DType.full)
  func tensorsWithoutAxesGoWithEveryElement(dtype: DType) {
    let x = Tensor([1, -2, 4], shape: [3], dtype: dtype)
    let two = Tensor(scalar: 2, dtype: dtype)
    #expect((x - two).doubles == [-1, -4, 2])
    #expect((two - x).doubles == [1, 4, -2])
    #expect((x / two).shape == [3])
    #expect((two * two).shape == [])
  }

  /// Sums and products of two floats are rounded once, also where they overflow or are not numbers.
  @Test func specialValues() {
    let values: [Float] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNormalMagnitude,
      3e-30,
    ]
    let left = values.flatMap { value in values.map { _ in value } }
    let right = values.flatMap { _ in values }
    let (a, b) = (Tensor(left, shape: [left.count]), Tensor(right, shape: [right.count]))
    let expected: [(Tensor, (Float, Float) -> Float)] = [
      (a + b, { $0 + $1 }), (a - b, { $0 - $1 }), (a * b, { $0 * $1 }), (a / b, { $0 / $1 }),
    ]
    for (which, (found, rule)) in expected.enumerated() {
      for (index, value) in found.floats.enumerated() {
        let right = rule(left[index], right[index])
        let isFlushed = abs(right) < .leastNormalMagnitude && value == 0
        #expect(
          value == right || (value.isNaN && right.isNaN) || isFlushed,
          "operation \(which) of \(left[index]) and \(b.floats[index]): \(value)")
        if right == 0 { #expect(value.sign == right.sign) }
      }
    }
  }

  static let mistakes = [
    Mistake(
      "+: shapes [2, 3] and [3, 2] differ; nothing is broadcast silently: use broadcast(_:to:) if that "
        + "is meant"
    ) { _ = Tensor.ones([2, 3]) + Tensor.ones([3, 2]) },
    Mistake(
      "*: shapes [3] and [1] differ; nothing is broadcast silently: use broadcast(_:to:) if that is meant"
    ) { _ = Tensor.ones([3]) * Tensor.ones([1]) },
    Mistake("-: types float32 and float64 differ; use converted(to:) on one of them") {
      _ = Tensor.ones([3]) - Tensor.ones([3], dtype: .float64)
    },
    Mistake("/: types float64 and float32 differ; use converted(to:) on one of them") {
      _ = Tensor.ones([3], dtype: .float64) / Tensor(scalar: 2)
    },
    Mistake("+: types float32 and float64 differ; use converted(to:) on one of them") {
      _ = Tensor(scalar: 2) + Tensor.ones([3], dtype: .float64)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in ArithmeticTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
