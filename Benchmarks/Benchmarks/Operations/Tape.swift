import Adjoint
import Benchmark

/// What the tape itself costs, and whole training steps on it.
func tapeBenchmarks() {
  // One iteration is one operation with its record, forward and back; the arithmetic is one addition.
  Benchmark("tape, one record") { benchmark in
    let parameter = Parameter(Tensor.ones([1]), name: "x")
    let records = benchmark.scaledIterations.count
    let (value, _) = valueWithGradient(of: [parameter]) {
      var x = parameter.value
      for _ in 0..<records { x = x + 1.0 }
      return x
    }
    blackHole(value)
  }

  for (name, batch, inputs, hidden, classes) in [
    ("mnist-mlp", 16, 784, 50, 10), ("tiny", 5, 4, 10, 3),
  ] {
    let x = normal([batch, inputs])
    let labels = IndexTensor((0..<batch).map { Int32($0 % classes) })
    let w1 = Parameter(normal([hidden, inputs], seed: 1) * 0.01, name: "w1")
    let b1 = Parameter(.zeros([hidden]), name: "b1")
    let w2 = Parameter(normal([classes, hidden], seed: 2) * 0.1, name: "w2")
    let b2 = Parameter(.zeros([classes]), name: "b2")
    let parameters = [w1, b1, w2, b2]
    Benchmark("training step, \(name)") { benchmark in
      for _ in benchmark.scaledIterations {
        let (_, gradients) = valueWithGradient(of: parameters) {
          let h = linear(x, w1.value, b1.value, activation: .relu)
          return softmaxCrossEntropy(linear(h, w2.value, b2.value), labels: labels)
        }
        for (parameter, gradient) in zip(parameters, gradients.values) {
          guard let gradient else { continue }
          parameter.update { OptimizerStep.sgd(&$0, gradient, .none, rate: 0.01, decay: 0) }
        }
      }
    }
  }
}
