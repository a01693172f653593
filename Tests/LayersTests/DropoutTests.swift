import Layers
import Tensors
import TestSupport
import Testing

struct DropoutTests {
  private let x = Tensor.ones([100, 100])

  @Test func dropsInTrainingOnly() {
    let layer = Dropout(0.25)
    #expect(layer(x, .inference).floats == x.floats)
    let y = layer(x, .training(seed: 1)).floats
    #expect(Set(y) == [0, 1 / 0.75])
    // 10,000 draws: the share has a standard deviation of 0.0043.
    let share = Double(y.count { $0 == 0 }) / 10_000
    #expect(abs(share - 0.25) < 5 * 0.0043)
  }

  @Test func everyCallOfAStepHasItsOwnMaskAndTheStepRepeatsThem() {
    let model = Sequential([Dropout(0.5), Dropout(0.5)])
    let context = Context.training(seed: 1, step: 7)
    let first = model(x, context).floats
    // Two masks of their own leave a quarter; the same twice would leave a half.
    let share = Double(first.count { $0 == 4 }) / 10_000
    #expect(abs(share - 0.25) < 0.022)
    #expect(model(x, context).floats != first)
    context.begin(step: 8)
    #expect(model(x, context).floats != first)
    #expect(model(x, .training(seed: 1, step: 7)).floats == first)
    #expect(model(x, .training(seed: 2, step: 7)).floats != first)
  }

  @Test func stopsAtAProbabilityOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Dropout(1) }
    expectStop(result, "Dropout: probability 1.0 is not in 0 ..< 1")
  }
}
