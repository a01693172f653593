import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Tensors

@Suite struct TapeTests {
  /// A million records run forward and back without a recursion, and leave nothing behind.
  @Test func aMillionRecords() async {
    await #expect(processExitsWith: .success) {
      let x = Parameter(Tensor([1, 2, 3] as [Float], shape: [3]), name: "x")
      withTensorLeakChecking {
        let (value, gradients) = valueWithGradient(of: [x]) {
          var y = x.value
          for _ in 0..<500_000 { y = -(y + 0) }
          return sum(y)
        }
        #expect(value.item == 6)
        #expect(gradients[x]?.floats == [1, 1, 1])
      }
      // And without a way back, when the closure throws.
      struct Stop: Error {}
      withTensorLeakChecking {
        #expect(throws: Stop.self) {
          try valueWithGradient(of: [x]) {
            var y = x.value
            for _ in 0..<500_000 { y = -(y + 0) }
            throw Stop()
          }
        }
      }
    }
  }

  /// Pullbacks give up what they kept as they are called: memory falls on the way back.
  @Test func memoryFallsOnTheWayBack() async {
    await #expect(processExitsWith: .success) {
      let seen = Mutex<[Int]>([])
      let x = Parameter(.ones([1000]), name: "x")
      let before = Memory.counters
      _ = valueWithGradient(of: [x]) {
        var y = x.value
        for _ in 0..<20 {
          let kept = Tensor.ones([100_000])
          y = record("keep", y + 1, from: y) { dy in
            seen.withLock { $0.append(Memory.counters.liveBytes) }
            return dy * Double(kept.floats[0])
          }
        }
        Memory.resetPeak()
        return sum(y)
      }
      let bytes = seen.withLock { $0 }
      #expect(bytes.count == 20)
      for (earlier, later) in zip(bytes, bytes.dropFirst()) { #expect(later < earlier - 300_000) }
      #expect(Memory.counters.peakBytes < bytes[0] + 100_000)
      #expect(Memory.counters.liveBytes == before.liveBytes)
      #expect(Memory.counters.liveTensors == before.liveTensors)
    }
  }

  /// What needs no gradient is not computed.
  @Test func pullbacksRunOnlyWhereNeeded() {
    let calls = Mutex<[String]>([])
    func watched(_ name: String, _ a: Tensor, _ b: Tensor) -> Tensor {
      record("watched", a + b, from: a, b) { dy, needs in
        calls.withLock { $0.append("\(name) \(needs.first) \(needs.second)") }
        return (needs.first ? dy : nil, needs.second ? dy : nil)
      }
    }
    let x = Parameter(.ones([2]), name: "x")
    let frozen = Parameter(.ones([2]), name: "frozen")
    frozen.isFrozen = true
    let constant = Tensor.ones([2])
    _ = valueWithGradient(of: [x, frozen]) {
      _ = watched("constants", constant, frozen.value)
      _ = watched("unused", x.value, constant)
      return sum(watched("left", x.value, frozen.value) * watched("right", constant, x.value))
    }
    #expect(calls.withLock { $0 } == ["right false true", "left true false"])
  }

  /// The pullbacks of any number of inputs are told which are needed.
  @Test func manyInputs() {
    let calls = Mutex<[[Bool]]>([])
    let (x, y) = (Parameter(.ones([1]), name: "x"), Parameter(.ones([1]), name: "y"))
    let (_, gradients) = valueWithGradient(of: [x, y]) {
      let inputs = [x.value, .ones([1]), y.value, x.value]
      return record("many", inputs[0] + inputs[2], from: inputs) { dy, needs in
        calls.withLock { $0.append(needs) }
        return [dy * 2, nil, dy * 3, dy * 4]
      }
    }
    #expect(calls.withLock { $0 } == [[true, false, true, true]])
    #expect(gradients[x]?.item == 6)
    #expect(gradients[y]?.item == 3)
  }

  /// An operation of three inputs with a repeated one: all cotangents arrive.
  @Test func repeatedInputs() {
    let x = Parameter(Tensor(scalar: 3), name: "x")
    let (value, gradients) = valueWithGradient(of: [x]) {
      let y = x.value * x.value * x.value + x.value
      return y + y
    }
    #expect(value.item == 60)
    #expect(gradients[x]?.item == 56)
  }

  /// Cotangents that pullbacks hand on unchanged are shared; adding to one must not change the other.
  @Test func cotangentsDoNotAlias() {
    let (a, b) = (Parameter(.ones([3]), name: "a"), Parameter(.ones([3]), name: "b"))
    let (_, gradients) = valueWithGradient(of: [a, b]) {
      // dy goes to both terms as one tensor; then a receives more.
      let shared = a.value + b.value
      return sum(shared * 1) + sum(a.value * 10)
    }
    #expect(gradients[a]?.floats == [11, 11, 11])
    #expect(gradients[b]?.floats == [1, 1, 1])
  }

  @Test func gradientsAreCopiedOnWrite() throws {
    let (a, b) = (Parameter(.ones([3]), name: "a"), Parameter(.ones([3]), name: "b"))
    let (_, gradients) = valueWithGradient(of: [a, b]) { sum(a.value + b.value) }
    let held = Parameter(try #require(gradients[a]))
    held.update { OptimizerStep.sgd(&$0, .ones([3]), .none, rate: 0.25, decay: 0) }
    #expect(held.value.floats == [0.75, 0.75, 0.75])
    #expect(gradients[a]?.floats == [1, 1, 1])
    #expect(gradients[b]?.floats == [1, 1, 1])
    // Neither do the values that a closed tape kept follow the parameter.
    let before = a.value
    a.update { OptimizerStep.sgd(&$0, .ones([3]), .none, rate: 0.5, decay: 0) }
    #expect(before.floats == [1, 1, 1])
    #expect(a.value.floats == [0.5, 0.5, 0.5])
  }

  // MARK: - Pullbacks that are wrong

  static let mistakes = [
    // The input is a result: what came before it on the tape would read beyond its cotangent.
    Mistake(
      "the pullback of mine returned a cotangent of shape [3] float32 for an input of shape [2, 3] float32"
    ) {
      let x = Parameter(.ones([2, 3]), name: "x")
      _ = valueWithGradient(of: [x]) {
        let y = exp(x.value)
        return sum(record("mine", sum(y.detached, axis: 0), from: y) { dy in dy })
      }
    },
    // As many elements in another order.
    Mistake(
      "the pullback of mine returned a cotangent of shape [3, 2] float32 for an input of shape [2, 3] "
        + "float32"
    ) {
      let x = Parameter(.ones([2, 3]), name: "x")
      _ = valueWithGradient(of: [x]) {
        sum(record("mine", x.value.detached.transposed(), from: exp(x.value)) { dy in dy })
      }
    },
    Mistake(
      "the pullback of mine returned a cotangent of shape [2] float64 for an input of shape [2] float32"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) {
        sum(record("mine", x.value * 1, from: exp(x.value)) { dy in dy.converted(to: .float64) })
      }
    },
    // A leaf that is reached again afterwards, by an operation that is not to blame.
    Mistake(
      "the pullback of mine returned a cotangent of shape [] float32 for an input of shape [2] float32"
    ) {
      let x = Parameter(.ones([2]), name: "x")
      _ = valueWithGradient(of: [x]) {
        let right = sum(x.value)
        return record("mine", right.detached, from: x.value) { dy in dy } + right
      }
    },
    Mistake(
      "the pullback of mine returned a cotangent of shape [] float32 for an input of shape [2] float32"
    ) {
      _ = valueWithGradient(at: [.ones([3]), .ones([2])]) { inputs in
        record("mine", sum(inputs[0]), from: inputs) { dy, _ in [Tensor.ones([3]), dy] }
      }
    },
    // What is missing would be taken for zero.
    Mistake(
      "the pullback of mine returned 1 cotangents for 2 inputs; it has to return one for each, or nil where none "
        + "is needed"
    ) {
      _ = valueWithGradient(at: [.ones([]), .ones([])]) { inputs in
        record("mine", inputs[0] + inputs[1], from: inputs) { dy, _ in [dy] } + inputs[1]
      }
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in TapeTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }

  // MARK: - Nesting, other threads, and no tape at all

  /// What the inner tape returns is constant to the outer one: ∂/∂p of p + Σ 2xp at p = 2 is 1, and not 1 + 2x.
  @Test func whatAnInnerTapeReturnsIsConstant() {
    let p = Parameter(Tensor([2], shape: [], dtype: .float64))
    let x = Parameter(Tensor([3], shape: [1], dtype: .float64))
    let (value, gradients) = valueWithGradient(of: [p]) {
      let inner = valueWithGradient(of: [x]) { sum(x.value * x.value) * p.value }
      return p.value + sum(inner.gradients[x]!)
    }
    #expect(value.item == 2 + 2 * 3 * 2)
    #expect(gradients[p]?.item == 1)
  }

  /// ∂/∂p of p + p² at p = 2 is 1 where the square is another thread's, and not 5.
  @Test func whatAnotherThreadComputesIsConstant() {
    let p = Parameter(Tensor([2], shape: [], dtype: .float64))
    let (value, gradients) = valueWithGradient(of: [p]) {
      let square = Mutex<Tensor?>(nil)
      let done = DispatchSemaphore(value: 0)
      Thread {
        square.withLock { $0 = p.value * p.value }
        done.signal()
      }.start()
      done.wait()
      return p.value + square.withLock { $0! }
    }
    #expect(value.item == 6)
    #expect(gradients[p]?.item == 1)
  }

  @Test func withoutATapeNothingIsRecorded() {
    let x = Parameter(.ones([3]), name: "x")
    #expect(x.value.node.tape == 0)
    #expect((x.value * 2).node.tape == 0)
  }

  /// A result of a closed tape is a constant to a later one, however it was computed.
  @Test func resultsOfAClosedTapeAreConstants() {
    let x = Parameter(Tensor(scalar: 3), name: "x")
    var escaped: Tensor?
    _ = valueWithGradient(of: [x]) {
      escaped = x.value * x.value
      return escaped!
    }
    let (value, gradients) = valueWithGradient(of: [x]) { x.value * escaped! }
    #expect(value.item == 27)
    #expect(gradients[x]?.item == 9)
    #expect(value.node.tape == 0)
    #expect(gradients[x]?.node.tape == 0)
  }

  /// To an inner tape the outer one's parameters are constants; when it has closed, the outer one goes
  /// on where it was, also with a parameter that both watch.
  @Test func nestedTapes() {
    let x = Parameter(Tensor(scalar: 3), name: "x")
    let y = Parameter(Tensor(scalar: 5), name: "y")
    var inner: Gradients?
    let (value, outer) = valueWithGradient(of: [x, y]) {
      let before = x.value * y.value
      let (product, gradients) = valueWithGradient(of: [x]) { x.value * x.value * before }
      inner = gradients
      // The inner value and gradient are constants here: 135 and 90.
      return x.value * product + y.value * gradients[x]! + before
    }
    #expect(inner?[x]?.item == 90)
    #expect(value.item == 870)
    #expect(outer[x]?.item == 140)
    #expect(outer[y]?.item == 93)
  }

  /// An inner tape that throws closes too.
  @Test func nestedTapesThatThrow() {
    struct Stop: Error {}
    let x = Parameter(Tensor(scalar: 3), name: "x")
    let (_, outer) = valueWithGradient(of: [x]) {
      try? _ = valueWithGradient(of: [x]) { throw Stop() }
      return x.value * x.value
    }
    #expect(outer[x]?.item == 6)
    #expect((x.value * 2).node.tape == 0)
  }

  /// Tapes of different threads do not see one another.
  @Test func tapesOnSeveralThreads() async {
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          let x = Parameter(Tensor(scalar: Double(task)), name: "x")
          return (0..<200).allSatisfy { _ in
            let (_, gradients) = valueWithGradient(of: [x]) { x.value * x.value * 2 }
            return gradients[x]?.item == 4 * Double(task)
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  // MARK: - The steady state

  /// After it has warmed up, a training step asks the system for nothing.
  @Test(arguments: [1, 2])
  func steadyState(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      Threads.use(threads)
      var random = SplitMix(state: 7)
      let w1 = Parameter(random.tensor([50, 784], in: -0.05...0.05), name: "w1")
      let b1 = Parameter(.zeros([50]), name: "b1")
      let w2 = Parameter(random.tensor([10, 50], in: -0.1...0.1), name: "w2")
      let b2 = Parameter(.zeros([10]), name: "b2")
      let images = random.tensor([16, 784], in: 0...1)
      let labels = IndexTensor((0..<16).map { Int32($0 % 10) })
      let parameters = [w1, b1, w2, b2]
      func step() -> Double {
        let (loss, gradients) = valueWithGradient(of: parameters) {
          let hidden = linear(images, w1.value, b1.value, activation: .relu)
          return softmaxCrossEntropy(linear(hidden, w2.value, b2.value), labels: labels)
        }
        for (parameter, gradient) in zip(parameters, gradients.values) {
          parameter.update { OptimizerStep.sgd(&$0, gradient!, .none, rate: 0.1, decay: 0) }
        }
        return loss.item
      }
      let first = step()
      for _ in 0..<10 { _ = step() }
      let before = Memory.counters
      Memory.resetPeak()
      for _ in 0..<1000 { _ = step() }
      #expect(Memory.counters.systemRequests == before.systemRequests)
      #expect(Memory.counters.liveTensors == before.liveTensors)
      #expect(Memory.counters.liveBytes == before.liveBytes)
      #expect(Memory.counters.peakBytes - before.liveBytes < 1_000_000)
      #expect(step() < 0.05 * first)
    }
  }
}
