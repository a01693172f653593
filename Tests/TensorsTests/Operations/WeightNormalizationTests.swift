import TestSupport
import Testing

@testable import Tensors

@Suite struct WeightNormalizationTests {
  @Test(arguments: ReferenceCase.named("weight-normalization"))
  func weightAgreesWithPyTorch(reference: ReferenceCase) {
    reference.check { weightNormalization($0[0], $0[1]) }
  }

  @Test(
    arguments: ReferenceCase.named("weight-normalized-linear", "weight-normalized-linear-relu"))
  func affineMapAgreesWithPyTorch(reference: ReferenceCase) {
    reference.check {
      weightNormalizedLinear(
        $0[0], $0[1], $0[2], $0[3],
        activation: reference.name == "weight-normalized-linear-relu" ? .relu : .identity)
    }
  }

  /// Lengths over which sums are split into blocks, on several threads: 3, 4, 0 … and one long row of ones.
  @Test(arguments: [DType.float32, .float64])
  func rowsHaveTheirLengths(dtype: DType) {
    let v = Tensor([3, 4, 0, 5, 12, 0], shape: [2, 3], dtype: dtype)
    // The sums of squares are whole numbers: what is left are three or four roundings after the root.
    let relative = dtype == .float32 ? 3e-7 : 1e-15
    #expect(firstFar(rowLengths(v).doubles, from: [5, 13], within: 0, relative: relative) == nil)
    let long = Tensor.ones([40, 10_000], dtype: dtype)
    let hundreds = [Double](repeating: 100, count: 40)
    #expect(
      firstFar(rowLengths(long).doubles, from: hundreds, within: 0, relative: relative) == nil)
    let w = weightNormalization(v, Tensor([10, 26], shape: [2], dtype: dtype)).doubles
    #expect(firstFar(w, from: [6, 8, 0, 10, 24, 0], within: 0, relative: relative) == nil)
  }

  /// Nothing flows to what needs nothing, and what flows does not depend on that.
  @Test func inputNeedsNoGradient() {
    let (x, v) = (Tensor([1, 2], shape: [1, 2]), Tensor([3, 4], shape: [1, 2]))
    let g = Tensor([5], shape: [1])
    let (_, all) = valueWithGradient(at: [x, v, g]) {
      sum(weightNormalizedLinear($0[0], $0[1], $0[2]))
    }
    let (_, some) = valueWithGradient(at: [v, g]) {
      sum(weightNormalizedLinear(x, $0[0], $0[1]))
    }
    #expect(all.dropFirst().map { $0?.doubles } == some.map { $0?.doubles })
    // dg = x · v / ‖v‖ = 11 / 5
    #expect(abs((some[1]?.item ?? 0) - 2.2) < 1e-6)
  }

  private static let mistakes = [
    Mistake(
      "weightNormalization: directions of shape [2, 3] float32 and lengths of shape [3] float32; they "
        + "have to be [outputs, inputs] and [outputs] of one type"
    ) { _ = weightNormalization(.zeros([2, 3]), .zeros([3])) },
    Mistake(
      "weightNormalizedLinear: input of shape [1, 2], directions of [2, 3] and bias of []; they have to "
        + "be [batch, inputs], [outputs, inputs] and [outputs]"
    ) { _ = weightNormalizedLinear(.zeros([1, 2]), .ones([2, 3]), .zeros([2])) },
    Mistake(
      "weightNormalizedLinear: input float64, directions float32, bias float32: the types have to be "
        + "the same"
    ) {
      _ = weightNormalizedLinear(.zeros([1, 3], dtype: .float64), .ones([2, 3]), .zeros([2]))
    },
    Mistake("rowLengths: shape [2, 3, 4]; it has to be [outputs, inputs]") {
      _ = rowLengths(.ones([2, 3, 4]))
    },
    Mistake("rowLengths: shape [6]; it has to be [outputs, inputs]") { _ = rowLengths(.ones([6])) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in WeightNormalizationTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
