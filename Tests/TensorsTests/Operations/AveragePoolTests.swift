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
