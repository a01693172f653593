import Foundation
import Optimizers
import Tensors
import TestSupport
import Testing

struct ScheduleTests {
  static let cases = ScheduleReference.stored.cases.filter { $0.name != "reduce-on-plateau" }

  @Test(arguments: cases)
  func followsPyTorch(_ reference: ScheduleReference.Case) throws {
    let schedule = try #require(make(reference))
    for (index, expected) in reference.rates.enumerated() {
      let rate = schedule.rate(base: reference.base, at: index)
      // PyTorch multiplies or adds from step to step, and so rounds thirty times where this rounds once.
      // Near the end of a cosine two numbers cancel: what is left is rounded in units of the base.
      let scale = max(expected, reference.name.hasSuffix("e") ? reference.base : 0)
      #expect(abs(rate - expected) <= 1e-14 * scale, "index \(index): \(rate), \(expected)")
    }
    #expect(reference.rates.count == 30)
  }

  @Test func theReferenceHasEverySchedule() {
    #expect(
      Set(Self.cases.map(\.name))
        == [
          "step", "multi-step", "exponential", "cosine", "warmup-cosine", "linear", "one-cycle",
        ])
  }

  private func make(_ reference: ScheduleReference.Case) -> Schedule? {
    let settings = reference.attributes
    let factor = settings[number: "factor"]
    switch reference.name {
    case "step": return .step(size: Int(settings[number: "every"]), factor: factor)
    case "multi-step":
      return .multiStep(milestones: settings["milestones"]?.numbers ?? [], factor: factor)
    case "exponential": return .exponential(factor: factor)
    case "cosine":
      return .cosine(
        total: Int(settings[number: "steps"]), minimum: settings[number: "minimum"])
    case "warmup-cosine":
      return .warmupCosine(
        warmup: Int(settings[number: "warmup"]), total: Int(settings[number: "steps"]),
        startFactor: settings[number: "startFactor"], minimum: settings[number: "minimum"])
    case "linear":
      return .linear(
        startFactor: settings[number: "startFactor"], endFactor: settings[number: "endFactor"],
        steps: Int(settings[number: "steps"]))
    case "one-cycle":
      return .oneCycle(
        total: Int(settings[number: "steps"]), maximum: settings[number: "maximum"],
        risingFraction: settings[number: "risingFraction"],
        initialDivisor: settings[number: "initialDivisor"],
        finalDivisor: settings[number: "finalDivisor"])
    default: return nil
    }
  }

  @Test func aWarmupHandsOverToAnotherScheduleFromItsBeginning() {
    let then = Schedule.step(size: 3, factor: 0.5)
    let schedule = Schedule.linearWarmup(steps: 4, startFactor: 0.2, then: then)
    let rates = (0..<12).map { schedule.rate(base: 10, at: $0) }
    let expected: [Double] = [2, 4, 6, 8, 10, 10, 10, 5, 5, 5, 2.5, 2.5]
    for (rate, expected) in zip(rates, expected) { #expect(abs(rate - expected) < 1e-14) }
    #expect(Schedule.constant.rate(base: 0.3, at: 1_000_000) == 0.3)
  }

  @Test func aWarmupOfNothingLeavesTheCosine() throws {
    #expect(
      Schedule.warmupCosine(warmup: 0, total: 9, minimum: 0.1) == .cosine(total: 9, minimum: 0.1))
    #expect(throws: AdjointError(.usage, "schedule cosine: total is 0; it has to be at least 1")) {
      try Schedule.warmupCosine(warmup: 9, total: 9).validate()
    }
    #expect(
      throws: AdjointError(.usage, "schedule linearWarmup: steps is -1; it has to be at least 1")
    ) { try Schedule.warmupCosine(warmup: -1, total: 9).validate() }
  }

  @Test func pastTheEndTheLastRateStays() {
    let cosine = Schedule.cosine(total: 10, minimum: 0.1)
    let cycle = Schedule.oneCycle(total: 10)
    let linear = Schedule.linear(startFactor: 1, endFactor: 0, steps: 10)
    for index in [10, 11, 19, 20, 1000] {
      #expect(cosine.rate(base: 1, at: index) == 0.1)
      #expect(abs(cycle.rate(base: 1, at: index) - 1 / 25e4) < 1e-15)
      #expect(linear.rate(base: 1, at: index) == 0)
    }
  }

  /// As PyTorch's OneCycleLR with pct_start=1: the last step has the highest rate.
  @Test func aCycleThatOnlyRises() {
    let cycle = Schedule.oneCycle(total: 10, risingFraction: 1)
    #expect(cycle.rate(base: 1, at: 9) == 1)
    #expect(abs(cycle.rate(base: 1, at: 0) - 0.04) < 1e-15)
  }

  @Test func aCycleOfAnyLengthStaysBetweenItsEnds() {
    for total in 1...12 {
      for fraction in [0, 0.1, 0.3, 0.5, 1] {
        let cycle = Schedule.oneCycle(total: total, risingFraction: fraction)
        for index in 0..<(total + 2) {
          let rate = cycle.rate(base: 1, at: index)
          #expect(rate >= 3.9e-6 && rate <= 1, "total \(total), fraction \(fraction), at \(index)")
        }
      }
    }
  }

  @Test(arguments: [
    Schedule.constant, .step(size: 20, factor: 0.1), .multiStep(milestones: [3, 5], factor: 0.5),
    .exponential(factor: 0.9), .cosine(total: 7), .oneCycle(total: 9, maximum: 0.25),
    .linearWarmup(steps: 5, startFactor: 0.1, then: .cosine(total: 20, minimum: 1e-5)),
  ])
  func comesBackFromJSON(_ schedule: Schedule) throws {
    let data = try JSONEncoder().encode(schedule)
    let read = try JSONDecoder().decode(Schedule.self, from: data)
    #expect(read == schedule)
    try read.validate()
  }

  @Test(arguments: [
    (Schedule.step(size: 0, factor: 0.1), "step: size is 0; it has to be at least 1"),
    (
      .multiStep(milestones: [4, -2], factor: 0.1),
      "multiStep: a milestone is -2; it has to be at least 0"
    ),
    (
      .exponential(factor: .nan), "exponential: factor is nan; it has to be a finite number from 0"
    ),
    (.cosine(total: -3), "cosine: total is -3; it has to be at least 1"),
    (
      .linear(startFactor: 1, endFactor: -1, steps: 2),
      "linear: endFactor is -1.0; it has to be a finite number from 0"
    ),
    (
      .linearWarmup(steps: 1, startFactor: 0, then: .step(size: 5, factor: -1)),
      "step: factor is -1.0; it has to be a finite number from 0"
    ),
    (
      .oneCycle(total: 5, risingFraction: 1.5),
      "oneCycle: risingFraction is 1.5; it has to be in 0 ... 1"
    ),
    (
      .oneCycle(total: 5, initialDivisor: 0),
      "oneCycle: initialDivisor is 0.0; it has to be a finite number above 0"
    ),
  ])
  func saysWhatIsWrongWithASchedule(_ schedule: Schedule, _ problem: String) {
    #expect(throws: AdjointError(.usage, "schedule \(problem)")) { try schedule.validate() }
  }

  @Test func stopsWhereAWrongScheduleIsUsed() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Schedule.step(size: 0, factor: 0.1).rate(base: 1, at: 0) }
    expectStop(result, "Schedule.step: size is 0; it has to be at least 1")
    let negative = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Schedule.constant.rate(base: 1, at: -1) }
    expectStop(negative, "Schedule.rate: index -1 is negative")
  }
}
