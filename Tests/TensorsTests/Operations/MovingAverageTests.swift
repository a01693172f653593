import TestSupport
import Testing

@testable import Tensors

@Suite struct MovingAverageTests {
  @Test(arguments: ReferenceCase.named("moving-average"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      movingAverage(inputs[0], window: reference.attributes.window ?? 0)
    }
  }

  @Test(arguments: DType.full)
  func endsAreRepeated(dtype: DType) {
    let x = Tensor([3, 0, 6, 9], shape: [4], dtype: dtype)
    #expect(movingAverage(x, window: 1).doubles == [3, 0, 6, 9])
    let y = movingAverage(x, window: 3).doubles
    // float32 multiplies by a third, which is rounded; float64 divides by three.
    #expect(firstFar(y, from: [2, 3, 5, 8], within: dtype == .float32 ? 1e-6 : 2e-15) == nil)
  }

  @Test(arguments: [(9, 3), (17, 7), (6, 25)])
  func isTheAveragePoolOfTheRepeatedEnds(length: Int, window: Int) {
    var random = Philox(seed: 3)
    let values = (0..<2 * length).map { _ in random.normal() }
    let x = Tensor(values, shape: [2, length], dtype: .float64)
    let padded = pad(x, axis: 1, before: window / 2, after: window / 2, mode: .edge)
    let pooled = averagePool1D(padded, window: window, stride: 1, axis: 1)
    #expect(
      firstFar(movingAverage(x, window: window).doubles, from: pooled.doubles, within: 1e-14) == nil
    )
  }

  /// However rows are shared out over threads, each is what it is alone.
  @Test func rowsDoNotTouch() {
    var random = Philox(seed: 2)
    let values = (0..<600 * 97).map { _ in Float(random.normal()) }
    let all = movingAverage(Tensor(values, shape: [600, 97]), window: 25).floats
    for row in [0, 1, 299, 300, 599] {
      let part = row * 97..<(row + 1) * 97
      let alone = movingAverage(Tensor(Array(values[part]), shape: [97]), window: 25)
      #expect(alone.floats == Array(all[part]))
    }
  }

  static let mistakes = [
    Mistake("movingAverage: window 4; it has to be odd and positive") {
      _ = movingAverage(.ones([2, 5]), window: 4)
    },
    Mistake("movingAverage: window -1; it has to be odd and positive") {
      _ = movingAverage(.ones([2, 5]), window: -1)
    },
    Mistake("movingAverage: shape [2, 0]; its last axis has to have an element") {
      _ = movingAverage(.ones([2, 0]), window: 3)
    },
    Mistake("movingAverage: shape []; its last axis has to have an element") {
      _ = movingAverage(.ones([]), window: 3)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in MovingAverageTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
