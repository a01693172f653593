import Testing

@testable import Tensors

/// A layer that is no more than its name.
private func inLayer<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
  try inLayer(name, named: { "\($0)" }, body)
}

@Suite struct FiniteWatchTests {
  @Test func namesTheOperationAndTheLayer() {
    let x = Parameter(Tensor([1, -1, 0, 4] as [Float], shape: [2, 2]), name: "x")
    let error = #expect(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: [x]) {
        let y = inLayer("first (Linear)") { x.value * 2 }
        let z = inLayer("second (Root)") { sqrt(y) }
        // Later ones are not finite either, but not the first.
        return sum(inLayer("third (Scale)") { z * 3 })
      }
    }
    #expect(
      error
        == NonFiniteError(
          layer: "second (Root)", operation: "sqrt", isBackward: false, shape: [2, 2], count: 1,
          range: 0...8.0.squareRoot().asFloat))
    #expect(
      error?.description
        == "operation sqrt in layer second (Root) made 1 of 4 elements of a tensor of shape [2, 2] NaN or "
        + "infinite; the others lie between 0.0 and 2.8284270763397217")
  }

  @Test func saysWhereInTraining() {
    var error = NonFiniteError(
      layer: "fc1 (Linear)", operation: "linear", isBackward: true, shape: [3], count: 3, range: nil
    )
    error.place = "step 7 (epoch 1, batch 7)"
    #expect(
      error.description
        == "step 7 (epoch 1, batch 7): the gradient through operation linear in layer fc1 (Linear) made 3 of 3 "
        + "elements of a tensor of shape [3] NaN or infinite; there are no others")
  }

  /// The square root is finite at zero, its slope is not.
  @Test func looksAtTheWayBackToo() {
    let x = Parameter(Tensor([0, 4, 16] as [Float], shape: [3]), name: "x")
    let error = #expect(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: [x]) {
        let y = inLayer("outer (Residual)") { inLayer("root (Root)") { sqrt(x.value) } }
        return sum(y)
      }
    }
    #expect(
      error?.description
        == "the gradient through operation sqrt in layer root (Root) made 1 of 3 elements of a tensor of "
        + "shape [3] NaN or infinite; the others lie between 0.125 and 0.25")
  }

  @Test func outsideLayersAndWithNothingFinite() {
    let x = Parameter(Tensor([-1, -2], shape: [2], dtype: .float64), name: "x")
    let error = #expect(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: [x]) { sum(log(x.value)) }
    }
    #expect(
      error?.description
        == "operation log made 2 of 2 elements of a tensor of shape [2] NaN or infinite; there are no "
        + "others")
    #expect(error?.layer == nil)
    #expect(error?.range == nil)
  }

  /// A layer's operations after an inner layer has ended are its own again.
  @Test func layersEnd() {
    let x = Parameter(Tensor(scalar: -1), name: "x")
    let error = #expect(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: [x]) {
        inLayer("outer") { log(inLayer("inner") { x.value * 2 }) }
      }
    }
    #expect(error?.layer == "outer")
    #expect(error?.operation == "log")
  }

  @Test(arguments: DType.full)
  func finiteValuesComeThrough(dtype: DType) throws {
    let x = Parameter(Tensor([1, 2], shape: [2], dtype: dtype), name: "x")
    let (value, gradients) = try finiteValueWithGradient(of: [x]) { sum(x.value * x.value) }
    #expect(value.item == 5)
    #expect(gradients[x]?.doubles == [2, 4])
    let plain = inLayer("not watched") { 3 }
    #expect(plain == 3)
  }

  /// A failed look closes the tape: the next one begins anew.
  @Test func closesTheTape() throws {
    let x = Parameter(Tensor(scalar: -1), name: "x")
    #expect(throws: NonFiniteError.self) { try finiteValueWithGradient(of: [x]) { log(x.value) } }
    #expect((x.value * 2).node.tape == 0)
    #expect(valueWithGradient(of: [x]) { x.value * 3 }.gradients[x]?.item == 3)
  }

  /// At every position of vectors and tails.
  @Test(arguments: [1, 7, 16, 17, 33], DType.allCases)
  func isFinite(count: Int, dtype: DType) {
    for bad in [Double.nan, .infinity, -.infinity] {
      for position in 0..<count {
        var values = [Double](repeating: 2, count: count)
        #expect(Tensor(values, shape: [count], dtype: dtype).isFinite)
        values[position] = bad
        #expect(!Tensor(values, shape: [count], dtype: dtype).isFinite)
      }
    }
    #expect(Tensor.zeros([0], dtype: dtype).isFinite)
    #expect(Tensor.full([3], dtype == .float64 ? 1e308 : 3e38, dtype: dtype).isFinite)
  }
}

extension Double {
  fileprivate var asFloat: Double { Double(Float(self)) }
}
