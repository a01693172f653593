import Layers
import Tensors
import TestSupport
import Testing

struct WeightNormalizedLinearTests {
  private func layer(
    _ inputs: Int, _ outputs: Int, activation: Activation = .identity, dtype: DType = .float32,
    seed: UInt64 = 3
  ) -> WeightNormalizedLinear {
    var random = Philox(seed: seed)
    let layer = WeightNormalizedLinear(
      inputs, outputs, activation: activation, weightInitializer: .heNormal(),
      biasInitializer: .constant(0.25), random: &random)
    convert(layer, to: dtype)
    return layer
  }

  /// Rows of lengths 5 and 13 that are asked to be 10 and 1.
  @Test(arguments: DType.full)
  func mapsRows(dtype: DType) {
    let layer = layer(2, 2, dtype: dtype)
    layer.weightV.value = Tensor([3, 4, -5, 12], shape: [2, 2], dtype: dtype)
    layer.weightG.value = Tensor([10, 1], shape: [2], dtype: dtype)
    layer.bias?.value = Tensor([0.5, -1], shape: [2], dtype: dtype)
    let x = Tensor([1, 0, 0, 2], shape: [2, 2], dtype: dtype)
    let y = layer(x, .inference)
    #expect(y.shape == [2, 2] && y.dtype == dtype)
    let expected: [Double] = [6.5, -5.0 / 13 - 1, 16.5, 24.0 / 13 - 1]
    // A few roundings of numbers up to 16.
    let tolerance = dtype == .float32 ? 4e-6 : 8e-15
    for (found, right) in zip(y.doubles, expected) {
      #expect(abs(found - right) <= tolerance)
    }
  }

  @Test func stateHasPyTorchsNames() {
    let layer = layer(5, 3)
    let state = stateDictionary(of: layer)
    #expect(state.keys.sorted() == ["bias", "weight_g", "weight_v"])
    #expect(state["weight_g"]?.shape == [3, 1])
    #expect(state["weight_v"]?.shape == [3, 5])
    #expect(state["bias"]?.shape == [3])
    #expect(parameters(of: layer).map(\.name) == ["weight_g", "weight_v", "bias"])
  }

  /// PyTorch has a column, what this library wrote at first a row.
  @Test(arguments: [[3, 1], [3]] as [Shape])
  func loadsLengthsAsColumnOrRow(shape: Shape) throws {
    let layer = layer(5, 3)
    var state = stateDictionary(of: layer)
    state["weight_g"] = Tensor([1, 2, 4], shape: shape)
    try load(state, into: layer)
    #expect(layer.weightG.value.shape == [3] && layer.weightG.value.floats == [1, 2, 4])
    state["weight_g"] = Tensor([1, 2, 4], shape: [1, 3])
    expectError(
      .badData,
      "the state does not fit the model\n  wrong shape: weight_g is [1, 3], expected [3, 1]"
    ) {
      try load(state, into: layer)
    }
  }

  /// g is rounded, 1 / ‖v‖ before it, their quotient and the product: four roundings, each of half a unit in the
  /// last place of a number that may be half as large.
  @Test(arguments: [1, 3, 17, 400])
  func beginsWithTheWeightThatWasDrawn(inputs: Int) {
    var random = Philox(seed: 3)
    let plain = Linear(inputs, 40, weightInitializer: .heNormal(), random: &random)
    let layer = layer(inputs, 40)
    #expect(layer.weightV.value.floats == plain.weight.value.floats)
    for (found, drawn) in zip(layer.weight.floats, plain.weight.value.floats) {
      #expect(abs(found - drawn) <= 2 * drawn.ulp)
    }
    for row in 0..<40 {
      let squares = (0..<inputs).map { Double(plain.weight.value.floats[row * inputs + $0]) }
      let length = squares.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(Double(layer.weightG.value.floats[row]) - length) <= 4e-7 * length)
    }
    #expect(layer.bias?.value.floats == [Float](repeating: 0.25, count: 40))
  }

  /// The lengths of the rows alone say how long they are.
  @Test func lengthsAreThoseAskedFor() {
    let layer = layer(6, 4, dtype: .float64)
    let lengths = [0.5, 2, 1, 7]
    layer.weightG.value = Tensor(lengths, shape: [4], dtype: .float64)
    for scale in [1.0, 1e3] {
      layer.weightV.value = layer.weightV.value * scale
      for (found, right) in zip(rowLengths(layer.weight).doubles, lengths) {
        #expect(abs(found - right) <= 4 * right.ulp)
      }
    }
  }

  /// The one pass and the two: the same products summed in another order.
  @Test(arguments: DType.full, [Activation.identity, .relu])
  func isLinearOfTheNormalizedWeight(dtype: DType, activation: Activation) {
    let layer = layer(33, 20, activation: activation, dtype: dtype)
    let lengths = (0..<20).map { Double($0 - 9) / 8 }
    layer.weightG.value = Tensor(lengths, shape: [20], dtype: dtype)
    let inputs = (0..<231).map { (i: Int) -> Double in Double(i * 5 % 13 - 6) / 4 }
    let x = Tensor(inputs, shape: [7, 33], dtype: dtype)
    let y = layer(x, .training(seed: 1))
    let weight = weightNormalization(layer.weightV.value, layer.weightG.value)
    let expected = linear(x, weight, layer.bias?.value, activation: activation)
    #expect(y.shape == [7, 20] && y.dtype == dtype)
    let tolerance = dtype == .float32 ? 2e-6 : 4e-15
    for (found, right) in zip(y.doubles, expected.doubles) {
      #expect(abs(found - right) <= tolerance)
    }
    #expect(y.doubles.contains(0) == (activation == .relu))
    #expect(layer(x, .inference).doubles == y.doubles)
  }

  @Test func theSeedDeterminesTheWeights() {
    #expect(layer(5, 4).weight.floats == layer(5, 4).weight.floats)
    #expect(layer(5, 4).weight.floats != layer(5, 4, seed: 4).weight.floats)
  }

  @Test func stopsAtLengthsOfZero() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = Philox(seed: 1)
      _ = WeightNormalizedLinear(4, 0, random: &random)
    }
    expectStop(result, "Linear(4, 0): both lengths have to be at least 1")
  }
}
