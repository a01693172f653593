import Adjoint
import Benchmark

/// Matrix products and affine maps of the sizes that the workloads have, and of a large one.
func productBenchmarks() {
  let sizes = [
    (16, 784, 50), (16, 50, 10), (200, 3072, 100), (200, 3072, 96), (5, 4, 10), (512, 512, 512),
  ]
  for (rows, inner, columns) in sizes {
    // A thousand of the large ones would take longer than anyone waits.
    let isLarge = rows * inner * columns > 1_000_000
    let configuration = Benchmark.Configuration(
      metrics: [.wallClock], warmupIterations: 3, scalingFactor: isLarge ? .one : .kilo,
      maxDuration: .seconds(1), maxIterations: 1_000)
    let name = "\(rows)×\(inner)×\(columns)"

    for dtype in [DType.float32, .float64] {
      let a = normal([rows, inner], dtype: dtype)
      let b = normal([inner, columns], dtype: dtype, seed: 1)
      Benchmark("matmul \(name) \(dtype)", configuration: configuration) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(matmul(a, b)) }
      }
    }

    let x = normal([rows, inner])
    let weight = normal([columns, inner], seed: 1)
    let bias = normal([columns], seed: 2)
    let cotangent = normal([rows, columns], seed: 3)
    Benchmark("weight gradient \(name)", configuration: configuration) { benchmark in
      for _ in benchmark.scaledIterations { blackHole(matmul(cotangent, x, transposeA: true)) }
    }
    Benchmark("linear + ReLU \(name)", configuration: configuration) { benchmark in
      for _ in benchmark.scaledIterations {
        blackHole(linear(x, weight, bias, activation: .relu))
      }
    }
  }
}
