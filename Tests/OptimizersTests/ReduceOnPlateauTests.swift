import Foundation
import Optimizers
import TestSupport
import Testing

struct ReduceOnPlateauTests {
  static let cases = ScheduleReference.stored.cases.filter { $0.name == "reduce-on-plateau" }

  @Test(arguments: cases)
  func followsPyTorch(_ reference: ScheduleReference.Case) throws {
    let settings = reference.attributes
    var plateau = ReduceOnPlateau(
      factor: settings[number: "factor"], patience: Int(settings[number: "patience"]),
      threshold: settings[number: "threshold"], cooldown: Int(settings[number: "cooldown"]),
      minimum: settings[number: "minimum"])
    var rate = reference.base
    let losses = try #require(reference.losses)
    for (index, expected) in reference.rates.enumerated() {
      #expect(abs(rate - expected) <= 1e-14 * expected, "index \(index)")
      rate = plateau.rate(after: losses[index], current: rate)
      // What a checkpoint keeps is all there is.
      let data = try JSONEncoder().encode(plateau)
      plateau = try JSONDecoder().decode(ReduceOnPlateau.self, from: data)
    }
    #expect(Set(reference.rates).count > 1)
  }

  @Test func theReferenceHasCases() { #expect(Self.cases.count == 3) }

  @Test func anAccuracyImprovesUpwardsAndNaNNever() {
    var plateau = ReduceOnPlateau(goal: .maximum, factor: 0.5, patience: 1)
    let metrics = [0.5, 0.6, 0.6, .nan, 0.7, 0.6, 0.5, 0.4]
    var rate = 1.0
    let rates = metrics.map { metric in
      rate = plateau.rate(after: metric, current: rate)
      return rate
    }
    #expect(rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25])
    #expect(plateau.best == 0.7)
  }

  /// Nothing infinite is ever the best, so that what comes after it can be, and a checkpoint can keep it.
  @Test(arguments: [[Double.infinity, 1, 2, 3], [1, .infinity, 2, 3]])
  func nothingInfiniteIsBest(metrics: [Double]) throws {
    var plateau = ReduceOnPlateau(goal: .maximum, factor: 0.5, patience: 0)
    let rates = metrics.map { plateau.rate(after: $0, current: 1) }
    #expect(rates == metrics.map { $0.isFinite ? 1 : 0.5 })
    #expect(plateau.best == 3)
    #expect(try !JSONEncoder().encode(plateau).isEmpty)
  }

  /// PyTorch leaves a rate alone that would fall by 1e-8 or less.
  @Test(arguments: [(2e-8, 2e-8), (4e-8, 2e-8), (1e-9, 1e-9)])
  func leavesTinyRatesAlone(rate: Double, lowered: Double) {
    var plateau = ReduceOnPlateau(factor: 0.5, patience: 0)
    #expect(plateau.rate(after: 1, current: rate) == rate)
    #expect(plateau.rate(after: 1, current: rate) == lowered)
  }

  @Test func stopsAtAFactorThatDoesNotReduce() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ReduceOnPlateau(factor: 1) }
    expectStop(result, "ReduceOnPlateau: factor is 1.0; it has to be in 0 ..< 1")
  }
}
