import TestSupport
import Testing

@testable import Tensors

@Suite struct LinearTests {
  @Test(arguments: ReferenceCase.named("linear", "linear-relu", "linear-without-bias"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      linear(
        inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil,
        activation: reference.name == "linear-relu" ? .relu : .identity)
    }
  }

  /// With and without bias and rectifier, over 2,744 small shapes and those for the library.
  @Test(arguments: [Activation.identity, .relu], [true, false])
  func everyShape(activation: Activation, hasBias: Bool) {
    var wrong: [String] = []
    for batch in productLengths {
      for outputs in productLengths {
        for inputs in productLengths where wrong.count < 5 {
          wrong += deviation(batch, outputs, inputs, activation, hasBias)
        }
      }
    }
    for (batch, outputs, inputs) in largeProducts {
      wrong += deviation(batch, outputs, inputs, activation, hasBias)
    }
    #expect(wrong == [])
  }

  private func deviation(
    _ m: Int, _ n: Int, _ k: Int, _ activation: Activation, _ hasBias: Bool
  ) -> [String] {
    var random = SplitMix(state: UInt64((m * 4096 + n) * 4096 + k))
    let (x, w, b) = (random.floats(m * k), random.floats(n * k), random.floats(n))
    let exact = naiveProduct(x, transposeA: false, w, transposeB: true, m: m, n: n, k: k)
    let found = linear(
      Tensor(x, shape: [m, k]), Tensor(w, shape: [n, k]), hasBias ? Tensor(b, shape: [n]) : nil,
      activation: activation)
    for (index, value) in found.doubles.enumerated() {
      let bias = hasBias ? Double(b[index % n]) : 0
      let z = exact.value[index] + bias
      let right = activation == .relu ? max(z, 0) : z
      let bound = Double(k + 1) * (exact.magnitude[index] + abs(bias)) * 0x1p-24
      if !(abs(value - right) <= bound) {
        return ["batch \(m) outputs \(n) inputs \(k), element \(index): \(value), not \(right)"]
      }
    }
    return []
  }

  /// The fused rectifier keeps a NaN, in small products and in those of the library.
  @Test(arguments: [(3, 5, 17), (128, 100, 129)], DType.full)
  func rectifierKeepsNaN(shape: (Int, Int, Int), dtype: DType) {
    let (batch, outputs, inputs) = shape
    var values = [Double](repeating: 1, count: batch * inputs)
    values[inputs] = .nan
    let y = linear(
      Tensor(values, shape: [batch, inputs], dtype: dtype), .ones([outputs, inputs], dtype: dtype),
      activation: .relu
    ).doubles
    #expect(y[outputs..<(2 * outputs)].allSatisfy { $0.isNaN })
    #expect((y[..<outputs] + y[(2 * outputs)...]).allSatisfy { $0 == Double(inputs) })
  }

  @Test(arguments: DType.full)
  func emptyBatchesAndInputs(dtype: DType) {
    let bias = Tensor([1, -2], shape: [2], dtype: dtype)
    let none = linear(.zeros([0, 3], dtype: dtype), .zeros([2, 3], dtype: dtype), bias)
    #expect(none.shape == [0, 2])
    let onlyBias = linear(
      .zeros([3, 0], dtype: dtype), .zeros([2, 0], dtype: dtype), bias, activation: .relu)
    #expect(onlyBias.doubles == [1, 0, 1, 0, 1, 0])
  }

  static let mistakes = [
    Mistake(
      "linear: input of shape [2, 3] and weight of shape [5, 4]; they have to be [batch, inputs] and "
        + "[outputs, inputs]"
    ) { _ = linear(.ones([2, 3]), .ones([5, 4])) },
    Mistake(
      "linear: input of shape [3] and weight of shape [5, 3]; they have to be [batch, inputs] and "
        + "[outputs, inputs]"
    ) { _ = linear(.ones([3]), .ones([5, 3])) },
    Mistake("linear: bias of shape [3] for weight of shape [5, 3]; it has to be [5]") {
      _ = linear(.ones([2, 3]), .ones([5, 3]), .ones([3]))
    },
    Mistake(
      "linear: input float32, weight float32, bias float64: the types have to be the same"
    ) { _ = linear(.ones([2, 3]), .ones([5, 3]), .ones([5], dtype: .float64)) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in LinearTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
