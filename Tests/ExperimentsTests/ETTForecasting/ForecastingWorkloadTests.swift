import Tensors
import Testing

@testable import Experiments

@Suite struct ForecastingWorkloadTests {
  /// The same step written with PyTorch 2.15: pad, average-pool, two perceptrons, back to [batch, horizon,
  /// variates], mean squared error, SGD.
  @Test(arguments: [
    (Workload.Mode.tape, DType.float64, 1e-12), (.byHand, .float64, 1e-12),
    (.tape, .float32, 1e-6), (.byHand, .float32, 1e-6),
  ])
  func doesWhatThePeersDo(mode: Workload.Mode, dtype: DType, tolerance: Double) throws {
    let measured = try Workload.named("etth1").measure(mode: mode, dtype: dtype, seconds: 0.01)
    #expect(abs(try #require(measured.initialLoss) - 1.4693092822372014) <= tolerance)
    #expect(abs(try #require(measured.lossAfter10) - 1.4382560820050092) <= tolerance)
  }
}
