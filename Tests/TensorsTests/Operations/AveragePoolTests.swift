import TestSupport
import Testing

@testable import Tensors

@Suite struct AveragePoolTests {
  @Test(arguments: ReferenceCase.named("average-pool-1d"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      averagePool1D(
        inputs[0], window: reference.attributes.window ?? 0,
        stride: reference.attributes.stride ?? 0, axis: reference.attributes.axis ?? .max)
    }
  }

  /// As torch.nn.functional.avg_pool1d: windows beside one another.
  @Test func theStrideIsTheWindowWhereNothingIsSaid() {
    let x = Tensor([1, 3, 5, 7, 100], shape: [1, 5], dtype: .float64)
    #expect(averagePool1D(x, window: 2).doubles == [2, 6])
  }

  @Test(arguments: [(0, 1), (6, 1), (2, 0)])
  func stopsWithWords(window: Int, stride: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [window, stride] in
      _ = averagePool1D(.ones([2, 5]), window: window, stride: stride)
    }
    expectStop(
      result, "averagePool1D: window \(window) and stride \(stride) along axis 1 of shape [2, 5]")
  }
}
