import Adjoint
import Benchmark

/// What stands at the end of a classifier.
func classifierBenchmarks() {
  for (batch, classes) in [(16, 10), (200, 10), (128, 1000)] {
    let logits = normal([batch, classes])
    let labels = IndexTensor((0..<batch).map { Int32($0 % classes) })
    let configuration = Benchmark.Configuration(
      metrics: [.wallClock], warmupIterations: 3, scalingFactor: classes > 100 ? .one : .kilo,
      maxDuration: .seconds(1), maxIterations: 1_000)
    Benchmark("softmax \(batch)×\(classes)", configuration: configuration) { benchmark in
      for _ in benchmark.scaledIterations { blackHole(softmax(logits)) }
    }
    Benchmark("softmax cross-entropy \(batch)×\(classes)", configuration: configuration) {
      benchmark in
      for _ in benchmark.scaledIterations { blackHole(softmaxCrossEntropy(logits, labels: labels)) }
    }
  }
}
