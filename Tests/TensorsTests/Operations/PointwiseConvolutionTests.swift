import TestSupport
import Testing

@testable import Tensors

@Suite struct PointwiseConvolutionTests {
  @Test(
    arguments: ReferenceCase.named(
      "pointwise-convolution", "pointwise-convolution-relu", "pointwise-convolution-without-bias"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      pointwiseConvolution(
        inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil,
        activation: reference.name == "pointwise-convolution-relu" ? .relu : .identity)
    }
  }

  /// It is the linear map of the transpose, over lengths around blocks of four and eight rows and widths of vectors.
  @Test(arguments: [Activation.identity, .relu])
  func isTheLinearMapOfTheTranspose(activation: Activation) {
    var random = SplitMix(state: 5)
    for (batch, outputs, inputs, length) in [
      (1, 1, 1, 1), (3, 4, 5, 16), (2, 7, 8, 31), (9, 9, 3, 33), (20, 16, 16, 32), (2, 13, 17, 65),
      (33, 3, 2, 64), (150, 5, 3, 4),
    ] {
      let x = random.tensor([batch, inputs, length], in: -1...1)
      let weight = Parameter(random.tensor([outputs, inputs], in: -1...1))
      let bias = Parameter(random.tensor([outputs], in: -1...1))
      let cotangent = random.tensor([batch, outputs, length], in: -1...1)
      let input = Parameter(x)
      let here = valueWithGradient(of: [input, weight, bias]) {
        sum(
          pointwiseConvolution(input.value, weight.value, bias.value, activation: activation)
            * cotangent)
      }
      let there = valueWithGradient(of: [input, weight, bias]) {
        let rows = input.value.transposed().reshaped(to: [batch * length, inputs])
        let y = linear(rows, weight.value, bias.value, activation: activation)
        return sum(y.reshaped(to: [batch, length, outputs]).transposed() * cotangent)
      }
      // Sums of at most batch · length terms of at most 1, taken in another order.
      let allowed = Double(batch * length + inputs) * 0x1p-22
      for (a, b) in zip(here.gradients.values, there.gradients.values) {
        for (found, right) in zip(a?.doubles ?? [.nan], b?.doubles ?? []) {
          #expect(abs(found - right) <= allowed, "\(batch)×\(outputs)×\(inputs)×\(length)")
        }
      }
    }
  }

  /// Of what is constant no gradient is made, and those of the others are the same bits: an image that needs none is
  /// the ordinary case, and a frozen weight another.
  @Test(arguments: [Activation.identity, .relu], DType.full)
  func constantsChangeNothing(activation: Activation, dtype: DType) {
    var random = SplitMix(state: 7)
    let (x, weight, bias) = (
      Parameter(random.tensor([70, 5, 19], in: -1...1).converted(to: dtype)),
      Parameter(random.tensor([6, 5], in: -1...1).converted(to: dtype)),
      Parameter(random.tensor([6], in: -1...1).converted(to: dtype))
    )
    let cotangent = random.tensor([70, 6, 19], in: -1...1).converted(to: dtype)
    func gradients(of parameters: [Parameter]) -> [[Double]] {
      valueWithGradient(of: parameters) {
        sum(
          pointwiseConvolution(x.value, weight.value, bias.value, activation: activation)
            * cotangent)
      }.gradients.values.map { $0?.doubles ?? [] }
    }
    let all = gradients(of: [x, weight, bias])
    #expect(all.map(\.count) == [70 * 5 * 19, 30, 6])
    #expect(gradients(of: [weight, bias]) == [all[1], all[2]])
    #expect(gradients(of: [x]) == [all[0]])
    #expect(gradients(of: [bias]) == [all[2]])
    #expect(gradients(of: [x, weight]) == [all[0], all[1]])
  }

  /// The fused rectifier keeps a NaN, forward and back.
  @Test(arguments: DType.full)
  func rectifierKeepsNaN(dtype: DType) {
    var values = [Double](repeating: 1, count: 2 * 3 * 17)
    values[3 * 17 + 16] = .nan
    let x = Parameter(Tensor(values, shape: [2, 3, 17], dtype: dtype))
    let weight = Tensor.ones([5, 3], dtype: dtype)
    let y = pointwiseConvolution(x.value, weight, activation: .relu).doubles
    for (index, value) in y.enumerated() {
      let isBad = index / (5 * 17) == 1 && index % 17 == 16
      #expect(isBad ? value.isNaN : value == 3)
    }
    let (_, gradients) = valueWithGradient(of: [x]) {
      sum(pointwiseConvolution(x.value, weight, activation: .relu))
    }
    #expect(gradients.values[0]?.doubles.allSatisfy { $0 == 5 } == true)
  }

  @Test(arguments: DType.full)
  func emptyBatchesAndInputs(dtype: DType) {
    func zeros(_ shape: Shape) -> Tensor { .zeros(shape, dtype: dtype) }
    let bias = Tensor([1, -2], shape: [2], dtype: dtype)
    #expect(pointwiseConvolution(zeros([0, 3, 4]), zeros([2, 3]), bias).shape == [0, 2, 4])
    let onlyBias = pointwiseConvolution(
      zeros([1, 0, 3]), zeros([2, 0]), bias, activation: .relu)
    #expect(onlyBias.doubles == [1, 1, 1, 0, 0, 0])
  }

  static let mistakes = [
    Mistake(
      "pointwiseConvolution: input of shape [2, 3] and weight of shape [5, 3]; they have to be "
        + "[batch, inputs, length] and [outputs, inputs]"
    ) { _ = pointwiseConvolution(.ones([2, 3]), .ones([5, 3])) },
    Mistake(
      "pointwiseConvolution: input of shape [2, 3, 4] and weight of shape [5, 4]; they have to be "
        + "[batch, inputs, length] and [outputs, inputs]"
    ) { _ = pointwiseConvolution(.ones([2, 3, 4]), .ones([5, 4])) },
    Mistake(
      "pointwiseConvolution: bias of shape [3] for weight of shape [5, 3]; it has to be [5]"
    ) { _ = pointwiseConvolution(.ones([2, 3, 4]), .ones([5, 3]), .ones([3])) },
    Mistake(
      "pointwiseConvolution: input float32, weight float64, bias float64: the types have to be the same"
    ) { _ = pointwiseConvolution(.ones([2, 3, 4]), .ones([5, 3], dtype: .float64)) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in PointwiseConvolutionTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
