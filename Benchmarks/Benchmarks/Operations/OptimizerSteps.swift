import Adjoint
import Benchmark

/// One step for a parameter of the size of a small network's first layer.
func optimizerBenchmarks() {
  let initial = normal([784, 50])
  let gradient = normal([784, 50], seed: 1) * 1e-6
  Benchmark("SGD step of 39200") { benchmark in
    var parameter = initial
    for _ in benchmark.scaledIterations {
      OptimizerStep.sgd(&parameter, gradient, .none, rate: 0.1, decay: 0)
    }
    blackHole(parameter)
  }
  Benchmark("momentum step of 39200") { benchmark in
    var parameter = initial
    var velocity = Tensor.zeros(initial.shape)
    for _ in benchmark.scaledIterations {
      OptimizerStep.momentum(
        &parameter, gradient, &velocity, .none, rate: 0.1, decay: 0, momentum: 0.9, dampening: 0,
        nesterov: false)
    }
    blackHole(parameter)
  }
  Benchmark("Adam step of 39200") { benchmark in
    var parameter = initial
    var first = Tensor.zeros(initial.shape)
    var second = Tensor.zeros(initial.shape)
    for _ in benchmark.scaledIterations {
      OptimizerStep.adam(
        &parameter, gradient, &first, &second, .none, rate: 1e-3, beta1: 0.9,
        beta2: 0.999, epsilon: 1e-8, decay: 0, keep: 1)
    }
    blackHole(parameter)
  }
}
