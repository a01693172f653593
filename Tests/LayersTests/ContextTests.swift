import Layers
import Tensors
import TestSupport
import Testing

struct ContextTests {
  @Test func aStepRepeatsItsKeysAndNoOtherDoes() {
    let context = Context.training(seed: 9)
    func keys(_ step: Int) -> [DropoutKey] {
      context.begin(step: step)
      return (0..<20).map { _ in context.dropoutKey() }
    }
    let steps = [0, 1, 2, 255, 256, 1 << 20, 1 << 35]
    let all = steps.map(keys)
    #expect(Set(all.joined()).count == steps.count * 20)
    #expect(all.joined().allSatisfy { $0.seed == 9 })
    // Resuming needs the step alone, whatever ran before.
    #expect(keys(256) == all[4])
    let resumed = Context.training(seed: 9, step: 256)
    #expect((0..<20).map { _ in resumed.dropoutKey() } == all[4])
  }

  @Test func streamsKeepClearOfThoseThatOthersCountFromZero() {
    for step in [0, 1, (1 << 36) - 1] {
      #expect(Context.training(seed: 1, step: step).dropoutKey().stream >> 56 == 0xD0)
    }
  }

  @Test func copiesOfAContextShareItsCount() {
    let context = Context.training(seed: 1)
    let copy = context
    #expect(context.dropoutKey() != copy.dropoutKey())
  }

  @Test func theModeIsThatOfTheMaker() {
    #expect(Context.training(seed: 1).mode == .training)
    #expect(Context.inference.mode == .inference)
  }

  @Test func stopsWhereNothingIsDrawn() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Context.inference.dropoutKey() }
    expectStop(result, "Context.dropoutKey: nothing is drawn in inference")
  }

  @Test func stopsAtMoreDrawsThanAStepHas() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let context = Context.training(seed: 1)
      for _ in 0...(1 << 20) { _ = context.dropoutKey() }
    }
    expectStop(
      result, "Context.dropoutKey: more than 2²⁰ draws in one step; call begin(step:) before each")
  }

  @Test func stopsAtAStepOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { Context.training(seed: 1).begin(step: -1) }
    expectStop(result, "Context.begin(step: -1): a step is in 0 ..< 2³⁶")
  }
}
