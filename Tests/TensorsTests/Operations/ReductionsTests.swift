import TestSupport
import Testing

@testable import Tensors

@Suite struct ReductionsTests {
  @Test(arguments: ReferenceCase.named("sum", "mean"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    // Of positive and negative numbers little is left, and less of its digits.
    reference.check(tolerance: 2e-6) { inputs in
      reference.name == "sum" ? sum(inputs[0]) : mean(inputs[0])
    }
  }

  @Test(arguments: ReferenceCase.named("sum-axis", "mean-axis", "max-axis"))
  func agreesWithPyTorchAlongAnAxis(reference: ReferenceCase) throws {
    let axis = try #require(reference.attributes.axis)
    reference.check { inputs in
      switch reference.name {
      case "sum-axis": sum(inputs[0], axis: axis)
      case "mean-axis": mean(inputs[0], axis: axis)
      default: maximum(inputs[0], axis: axis)
      }
    }
  }

  /// The error of a float32 sum does not grow with its length: 0.1 as a float, added up naively, is off
  /// in the third digit after a million terms.
  @Test(arguments: [1, 2, 5, 16, 70])
  func longSums(columns: Int) {
    let rows = 1_000_000 / columns
    let x = Tensor.full([rows, columns], 0.1)
    let exact = Double(Float(0.1)) * Double(rows)
    for value in sum(x, axis: 0).doubles { #expect(abs(value / exact - 1) <= 1e-5) }
    for value in sum(x.transposed(), axis: 1).doubles { #expect(abs(value / exact - 1) <= 1e-5) }
    #expect(abs(sum(x).item / (exact * Double(columns)) - 1) <= 1e-5)
    #expect(abs(sumOfSquares(x) / (exact * Double(columns) * Double(Float(0.1))) - 1) <= 1e-5)
    #expect(abs(mean(x).item / Double(Float(0.1)) - 1) <= 1e-5)
  }

  /// A NaN or an infinity comes through a sum of any length, and only into its own column.
  @Test(arguments: [3, 127, 129, 400], [1, 5, 16, 70])
  func whatIsNotFiniteStaysInItsColumn(rows: Int, columns: Int) {
    for bad in [Float.nan, .infinity, -.infinity] {
      var values = [Float](repeating: 1, count: rows * columns)
      values[(rows / 2) * columns + columns - 1] = bad
      let sums = sum(Tensor(values, shape: [rows, columns]), axis: 0).floats
      #expect(bad.isNaN ? sums[columns - 1].isNaN : sums[columns - 1] == bad)
      #expect(sums.dropLast().allSatisfy { $0 == Float(rows) })
    }
  }

  @Test(arguments: DType.full)
  func emptySums(dtype: DType) {
    let none = Tensor.zeros([0, 3], dtype: dtype)
    #expect(sum(none).item == 0)
    #expect(mean(none).item.isNaN)
    #expect(sum(none, axis: 0).doubles == [0, 0, 0])
    #expect(mean(none, axis: 0).doubles.allSatisfy { $0.isNaN })
    #expect(sum(none, axis: 1).shape == [0])
    #expect(sumOfSquares(none) == 0)
    #expect(maximum(none, axis: 1).shape == [0])
  }

  @Test(arguments: DType.full)
  func firstMaximumCounts(dtype: DType) {
    let x = Tensor(
      [1, 3, 3, -1, .nan, 5, -.infinity, -.infinity, -.infinity], shape: [3, 3], dtype: dtype)
    #expect(argmax(x, axis: 1).values == [1, 1, 0])
    #expect(argmax(x, axis: -1) == argmax(x, axis: 1))
    #expect(argmax(x, axis: 0).values == [0, 1, 1])
    let largest = maximum(x, axis: 1).doubles
    #expect(largest[0] == 3 && largest[1].isNaN && largest[2] == -.infinity)
    let slopes = valueWithGradient(at: [x]) { sum(maximum($0[0], axis: 1)) }.gradients[0]
    #expect(slopes?.doubles == [0, 1, 0, 0, 1, 0, 1, 0, 0])
  }

  static let mistakes = [
    Mistake("sum: axis 2 of a tensor of shape [2, 3], which has 2 axes") {
      _ = sum(.ones([2, 3]), axis: 2)
    },
    Mistake("mean: axis -3 of a tensor of shape [2, 3], which has 2 axes") {
      _ = mean(.ones([2, 3]), axis: -3)
    },
    Mistake("maximum: axis 0 of shape [0, 3] is empty and has no largest element") {
      _ = maximum(.ones([0, 3]), axis: 0)
    },
    Mistake("argmax: axis 0 of a tensor of shape [], which has 0 axes") {
      _ = argmax(.ones([]), axis: 0)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in ReductionsTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
