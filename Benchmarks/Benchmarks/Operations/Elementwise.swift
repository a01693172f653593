import Adjoint
import Benchmark

/// Elementwise operations and reductions, once within the first-level cache and once beyond the second.
func elementwiseBenchmarks() {
  let operations: [(name: String, run: @Sendable (Tensor) -> Tensor)] = [
    ("add", { $0 + $0 }),
    ("relu", { relu($0) }),
    ("tanh", { tanh($0) }),
    ("sin", { sin($0) }),
    ("exp", { exp($0) }),
    ("gelu", { gelu($0) }),
    ("sum", { sum($0) }),
  ]
  for count in [1_000, 1_000_000] {
    let x = normal([count])
    let configuration = Benchmark.Configuration(
      metrics: [.wallClock], warmupIterations: 3, scalingFactor: count > 10_000 ? .one : .kilo,
      maxDuration: .seconds(1), maxIterations: 1_000)
    for (name, run) in operations {
      Benchmark("\(name) of \(count)", configuration: configuration) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(run(x)) }
      }
    }
  }
}
