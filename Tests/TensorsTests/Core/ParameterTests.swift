import TestSupport
import Testing

@testable import Tensors

@Suite struct ParameterTests {
  @Test func properties() {
    let parameter = Parameter(.ones([2, 3], dtype: .float64), name: "layer1.0.weight")
    #expect(parameter.name == "layer1.0.weight")
    #expect(parameter.shape == [2, 3])
    #expect(parameter.count == 6)
    #expect(parameter.dtype == .float64)
    #expect(!parameter.isFrozen)
    parameter.convert(to: .float32)
    #expect(parameter.value.dtype == .float32)
    parameter.value = .zeros([2, 3])
    #expect(parameter.value.floats == [0, 0, 0, 0, 0, 0])
  }

  /// A step in place takes no new memory while nobody else holds the value.
  @Test func updatesInPlace() async {
    await #expect(processExitsWith: .success) {
      let parameter = Parameter(.ones([1000]))
      let gradient = Tensor.ones([1000])
      let before = Memory.counters
      Memory.resetPeak()
      for _ in 0..<10 {
        parameter.update { OptimizerStep.sgd(&$0, gradient, .none, rate: 0.1, decay: 0) }
      }
      #expect(Memory.counters.peakBytes == before.liveBytes)
      let held = parameter.value
      parameter.update { OptimizerStep.sgd(&$0, gradient, .none, rate: 0.1, decay: 0) }
      #expect(Memory.counters.liveTensors == before.liveTensors + 1)
      #expect(held.floats[0] != parameter.value.floats[0])
    }
  }

  @Test func buffersHoldConstants() {
    let x = Parameter(Tensor(scalar: 2))
    let buffer = Buffer(.zeros([]), name: "running_mean")
    _ = valueWithGradient(of: [x]) {
      buffer.value = (x.value * 3).detached
      return x.value * buffer.value
    }
    #expect(buffer.value.item == 6)
    #expect(buffer.name == "running_mean")
  }

  /// What a buffer is given loses its place on the tape.
  @Test func buffersHaveNoHistory() {
    let (x, buffer) = (Parameter(Tensor(scalar: 2)), Buffer(.zeros([])))
    let (_, gradients) = valueWithGradient(of: [x]) {
      buffer.value = x.value * 3
      return x.value * buffer.value
    }
    #expect(gradients.values[0]?.item == 6)
  }

  @Test func statesShape() {
    let layouts: [(StateLayout, Shape)] = [
      (.asInMemory, [2, 3, 5, 7]), (.window, [2, 3, 5, 7]), (.rowLengths(rank: 3), [4]),
      (.flattenedImages(height: 2, width: 3), [4, 12]),
    ]
    for (layout, shape) in layouts {
      let parameter = Parameter(.ones(shape), stateLayout: layout)
      #expect(parameter.stateShape == parameter.stateValue.shape)
    }
  }

  @Test func stopsWithWords() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Parameter(.ones([2, 3]), name: "fc.bias").value = .ones([3], dtype: .float64)
    }
    expectStop(
      result, "Parameter fc.bias: a value of shape [3] float64 for one of [2, 3] float32")
    let buffer = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { Buffer(.ones([2]), name: "running_mean").value = .ones([3]) }
    expectStop(buffer, "Buffer running_mean: a value of shape [3] for one of [2]")
  }
}
