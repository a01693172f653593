import Adjoint
import Benchmark

let benchmarks: @Sendable () -> Void = {
  // Most operations take less than a tick of the clock resolves: a thousand are timed at once.
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock], warmupIterations: 10, scalingFactor: .kilo,
    maxDuration: .seconds(1), maxIterations: 1_000)
  productBenchmarks()
  elementwiseBenchmarks()
  classifierBenchmarks()
  optimizerBenchmarks()
  tapeBenchmarks()
}

/// Normal numbers, the same in every run.
func normal(_ shape: Shape, dtype: DType = .float32, seed: UInt32 = 0) -> Tensor {
  var random = NumPyRandom(seed: seed)
  return Tensor(random.randn(shape.count), shape: shape, dtype: dtype)
}
