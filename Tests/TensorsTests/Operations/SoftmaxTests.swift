import TestSupport
import Testing

@testable import Tensors

@Suite struct SoftmaxTests {
  @Test(arguments: ReferenceCase.named("softmax", "log-softmax"))
  func agreesWithPyTorch(reference: ReferenceCase) throws {
    let axis = try #require(reference.attributes.axis)
    reference.check { inputs in
      reference.name == "softmax"
        ? softmax(inputs[0], axis: axis) : logSoftmax(inputs[0], axis: axis)
    }
  }

  /// Logits may be anywhere: what counts is their distance from the largest, and digits of that are not
  /// lost to the logits' own magnitude.
  @Test(arguments: [0, 1000, -1000, 1e6, -1e6, 1e30] as [Double], DType.full)
  func farFromZero(offset: Double, dtype: DType) {
    let x = Tensor([offset, offset, offset], shape: [1, 3], dtype: dtype)
    let allowed = dtype == .float32 ? 1e-7 : 2e-16
    for value in softmax(x).doubles { #expect(abs(value - 1.0 / 3) <= allowed) }
    for value in logSoftmax(x).doubles {
      #expect(abs(value + 1.0986122886681098) <= 3 * allowed, "\(value)")
    }
  }

  /// −∞ is a probability of zero, at every position of vectors and tails; a line of nothing but −∞, a
  /// NaN and +∞ have no softmax, as in PyTorch.
  @Test(arguments: [1, 2, 3, 15, 16, 17, 33], DType.full)
  func specialValues(count: Int, dtype: DType) {
    func softmaxes(_ values: [Double]) -> [[Double]] {
      let row = Tensor(values, shape: [1, count], dtype: dtype)
      let column = Tensor(values, shape: [count, 1], dtype: dtype)
      return [softmax(row).doubles, softmax(column, axis: 0).doubles]
    }
    // The quotient of one and a whole number, which float32 forms by way of the reciprocal of a sum.
    let allowed = dtype == .float32 ? 1e-7 : 2e-16
    for position in 0..<count {
      var values = [Double](repeating: 2, count: count)
      values[position] = -.infinity
      for found in softmaxes(values) {
        for (index, value) in found.enumerated() {
          let right = index == position ? 0 : 1 / Double(count - 1)
          #expect(count == 1 ? value.isNaN : abs(value - right) <= allowed)
        }
      }
      for bad in [Double.nan, .infinity] {
        values[position] = bad
        #expect(softmaxes(values).allSatisfy { $0.contains { $0.isNaN } })
      }
    }
    let nothing = softmaxes([Double](repeating: -.infinity, count: count))
    #expect(nothing.allSatisfy { $0.allSatisfy { $0.isNaN } })
  }

  /// Lines of nothing but equal logits, long enough that a naive float32 sum would lose digits.
  @Test(arguments: [0, 1])
  func longLines(axis: Int) {
    let count = 400_000
    let x = Tensor.full(axis == 1 ? [1, count] : [count, 1], 3)
    #expect(abs(sum(softmax(x, axis: axis)).item - 1) <= 1e-5)
    let logarithm = logSoftmax(x, axis: axis).doubles[7]
    #expect(abs(logarithm + 12.899219826090119) <= 1e-5, "\(logarithm)")
  }

  /// As many terms as a float cannot count: ln 2²⁵ = 17.328679513998633, which float32 holds to 2e-6.
  @Test func moreTermsThanAFloatCounts() {
    let x = Tensor.zeros([1, 1 << 25])
    #expect(abs(Double(logSoftmax(x).floats[5]) + 17.328679513998633) <= 2e-6)
  }

  /// What the tape does, called by hand.
  @Test(arguments: [0, 1, -1], DType.full)
  func pullbackIsThatOfTheTape(axis: Int, dtype: DType) {
    let x = Tensor((0..<15).map { Double($0 * 7 % 11) / 4 }, shape: [3, 5], dtype: dtype)
    let dy = Tensor((0..<15).map { Double($0 * 5 % 13) / 8 }, shape: [3, 5], dtype: dtype)
    let tape = valueWithGradient(at: [x]) { sum(softmax($0[0], axis: axis) * dy) }.gradients[0]
    #expect(softmaxPullback(dy, softmax(x, axis: axis), axis: axis).doubles == tape?.doubles)
  }

  static let mistakes = [
    Mistake(
      "softmaxPullback: shapes [2] and [3] differ; nothing is broadcast silently: use "
        + "broadcast(_:to:) if that is meant"
    ) { _ = softmaxPullback(.ones([2]), .ones([3])) },
    Mistake("softmax: axis 2 of a tensor of shape [2, 3], which has 2 axes") {
      _ = softmax(.ones([2, 3]), axis: 2)
    },
    Mistake("logSoftmax: axis 1 of shape [2, 0] is empty") { _ = logSoftmax(.ones([2, 0])) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in SoftmaxTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
