import TestSupport
import Testing

@testable import Tensors

@Suite struct GradientsTests {
  @Test func frozenParametersAreConstants() {
    let x = Parameter(Tensor(scalar: 3), name: "x")
    let frozen = Parameter(Tensor(scalar: 5), name: "frozen")
    frozen.isFrozen = true
    let unused = Parameter(Tensor(scalar: 7), name: "unused")
    unused.isFrozen = true
    let (value, gradients) = valueWithGradient(of: [frozen, x, unused]) { x.value * frozen.value }
    #expect(value.item == 15)
    #expect(gradients[x]?.item == 5)
    #expect(gradients[frozen] == nil)
    #expect(gradients[unused] == nil)
    #expect(gradients.values.count == 3)
    #expect(gradients[Parameter(.ones([1]))] == nil)
  }

  /// The loss may be a parameter itself, or have axes as long as it is one number.
  @Test(arguments: DType.full)
  func lossesOfOneElement(dtype: DType) {
    let x = Parameter(Tensor([3], shape: [1, 1], dtype: dtype), name: "x")
    #expect(valueWithGradient(of: [x]) { x.value }.gradients[x]?.doubles == [1])
    let (value, gradients) = valueWithGradient(of: [x]) { x.value * x.value }
    #expect(value.shape == [1, 1])
    #expect(gradients[x]?.shape == [1, 1])
    #expect(gradients[x]?.doubles == [6])
  }

  @Test func gradientsAtTensors() {
    let (a, b) = (Tensor([1, 2] as [Float], shape: [2]), Tensor([5, 7] as [Float], shape: [2]))
    let (value, gradients) = valueWithGradient(at: [a, b, a]) { inputs in
      sum(inputs[0] * inputs[0] * b)
    }
    #expect(value.item == 33)
    #expect(gradients[0]?.floats == [10, 28])
    #expect(gradients[1] == nil)
    #expect(gradients[2] == nil)
  }

  /// What does not depend on any parameter is a mistake only where there is one to depend on.
  @Test func noParameters() {
    let (value, gradients) = valueWithGradient(of: []) { Tensor(scalar: 4) }
    #expect(value.item == 4)
    #expect(gradients.values.isEmpty)
  }

  @Test func byHand() {
    let x = Parameter(.ones([2]), name: "x")
    let y = Parameter(.ones([3]), name: "y")
    let gradients = Gradients(of: [x, y], [.ones([2]), nil])
    #expect(gradients[x]?.floats == [1, 1])
    #expect(gradients[y] == nil)
  }

  /// The mean of the gradients of two halves is that of the whole batch.
  @Test func addUpOverPartsOfABatch() {
    let w = Parameter(Tensor([1, -2, 3], shape: [1, 3], dtype: .float64), name: "w")
    let frozen = Parameter(.ones([1], dtype: .float64), name: "frozen")
    frozen.isFrozen = true
    let x = Tensor((0..<12).map { Double($0 * $0 % 7) }, shape: [4, 3], dtype: .float64)
    func gradients(_ rows: Range<Int>) -> Gradients {
      let part = slice(x, axis: 0, from: rows.lowerBound, count: rows.count)
      return valueWithGradient(of: [w, frozen]) {
        let y = linear(part, w.value)
        return mean(y * y) * sum(frozen.value)
      }.gradients
    }
    let parts = (gradients(0..<2) + gradients(2..<4)) * 0.5
    let whole = gradients(0..<4)
    #expect(firstFar(parts[w]!.doubles, from: whole[w]!.doubles, within: 1e-12) == nil)
    #expect(parts[frozen] == nil && parts.parameters.count == 2)
    #expect((0.5 * whole)[w]!.doubles == whole[w]!.doubles.map { $0 / 2 })
  }

  /// What is missing on one side counts as 0.
  @Test func missingGradients() {
    let (x, y) = (Parameter(.ones([2]), name: "x"), Parameter(.ones([3]), name: "y"))
    let sum =
      Gradients(of: [x, y], [.full([2], 3), nil]) + Gradients(of: [x, y], [nil, .full([3], 4)])
    #expect(sum[x]?.floats == [3, 3] && sum[y]?.floats == [4, 4, 4])
    let none = Gradients(of: [x], [nil])
    #expect((none + none)[x] == nil && (none * 2)[x] == nil)
  }

  /// Gradients are values: a sum leaves its parts as they were, and is constant to a tape around it.
  @Test func sumsAreConstants() {
    let x = Parameter(Tensor(scalar: 2), name: "x")
    let outer = valueWithGradient(of: [x]) {
      let inner = valueWithGradient(of: [x]) { x.value * x.value }.gradients
      let twice = inner + inner
      #expect(inner[x]?.item == 4 && twice[x]?.item == 8)
      return x.value * twice[x]!
    }
    #expect(outer.gradients[x]?.item == 8)
  }

  @Test func errorsAreRethrown() {
    struct Stop: Error, Equatable { let number: Int }
    let x = Parameter(.ones([2]), name: "x")
    #expect(throws: Stop(number: 7)) {
      try valueWithGradient(of: [x]) { throw Stop(number: 7) }
    }
  }

  private static let constant =
    "valueWithGradient: the loss comes from none of the parameters: all that it is computed of is constant here, as is "
    + "what was detached or computed outside the closure, and as gradients are (there are no second derivatives)"

  static let mistakes = [
    Mistake(
      "valueWithGradient: the closure returned a tensor of shape [2]; a gradient is that of one number: "
        + "take its sum or mean"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) { x.value * 2 }
    },
    Mistake(
      "valueWithGradient: the loss does not depend on parameter layer1.weight of shape [2, 3]; freeze it "
        + "(isFrozen = true) if that is meant"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      let y = Parameter(.ones([2, 3]), name: "layer1.weight")
      _ = valueWithGradient(of: [x, y]) { sum(x.value) }
    },
    Mistake(
      "valueWithGradient: the loss does not depend on parameter number 1 of shape [3]; freeze it "
        + "(isFrozen = true) if that is meant"
    ) {
      let x = Parameter(.ones([2]))
      let y = Parameter(.ones([3]))
      _ = valueWithGradient(of: [x, y]) { sum(x.value) }
    },
    Mistake(constant) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) { sum(x.value.detached) }
    },
    Mistake(constant) {
      let x = Parameter(.ones([2]), name: "x")
      var kept = Tensor.ones([])
      _ = valueWithGradient(of: [x]) {
        kept = sum(x.value)
        return kept
      }
      _ = valueWithGradient(of: [x]) { kept * 2 }
    },
    Mistake(constant) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) {
        sum(valueWithGradient(of: [x]) { sum(x.value * x.value) }.gradients.values[0]!)
      }
    },
    Mistake(
      "valueWithGradient: parameter x is differentiated by another thread at the same time; its gradient would be wrong"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) {
        let y = sum(x.value)
        // As another thread does that begins now.
        x.watch(Node(tape: .max, slot: 0))
        return y
      }
    },
    Mistake("Gradients +: gradients of 1 and of 2 parameters") {
      let (x, y) = (Parameter(.ones([2])), Parameter(.ones([2])))
      _ = Gradients(of: [x], [nil]) + Gradients(of: [x, y], [nil, nil])
    },
    Mistake(
      "Gradients +: parameter y here is parameter number 1 there; both have to be of the same parameters in the "
        + "same order"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      let (y, z) = (Parameter(.ones([2]), name: "y"), Parameter(.ones([2])))
      _ = Gradients(of: [x, y], [nil, nil]) + Gradients(of: [x, z], [nil, nil])
    },
    Mistake("Gradients: 1 gradients for 2 parameters") {
      _ = Gradients(of: [Parameter(.ones([2])), Parameter(.ones([2]))], [nil])
    },
    Mistake(
      "Gradients: a gradient of shape [3] float32 for parameter x of shape [2] float32"
    ) { _ = Gradients(of: [Parameter(.ones([2]), name: "x")], [.ones([3])]) },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in GradientsTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
