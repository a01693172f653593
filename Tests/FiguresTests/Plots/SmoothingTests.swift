import Foundation
import Testing

@testable import Figures

@Suite struct SmoothingTests {
  /// By hand: the links are 0 and ⅕, so 1 stays by itself, and 3 and 5 count a fifth for one another.
  @Test func closedForm() {
    let smooth = Smoothing.runningMean([1, 3, 5], weight: 0.5)
    for (value, expected) in zip(smooth, [1, (3 + 0.2 * 5) / 1.2, (5 + 0.2 * 3) / 1.2]) {
      #expect(abs(value - expected) < 1e-15)
    }
  }

  /// Far from the beginning what lies ahead counts as much as what lies behind: a straight line stays.
  @Test func isCentred() {
    let line = (0..<2000).map(Double.init)
    let smooth = Smoothing.runningMean(line, weight: 0.9)
    #expect(abs(smooth[1000] - 1000) < 1e-6)
    let steps = Smoothing.runningMean(line.map { $0 < 1000 ? 1 : 0 }, weight: 0.9)
    #expect(abs(steps[999] + steps[1000] - 1) < 1e-6)
  }

  /// A loss that falls by half at each of the first steps is followed from the first on.
  @Test func steepBeginningsAreFollowed() {
    let losses = (0..<500).map { 200 + 800 * pow(0.5, Double($0)) }
    let smooth = Smoothing.runningMean(losses, weight: 0.98)
    #expect(abs(smooth[0] - losses[0]) < 1e-9)
    for step in 10..<500 { #expect(abs(smooth[step] - losses[step]) < 20, "step \(step)") }
  }

  @Test func constantsStay() {
    let smooth = Smoothing.runningMean([4, 4, 4, 4], weight: 0.9)
    for value in smooth { #expect(abs(value - 4) < 1e-14) }
  }

  @Test func gapsStayAndCountForNothing() {
    let smooth = Smoothing.runningMean([1, .nan, 3, 5], weight: 0.5)
    #expect(smooth[1].isNaN)
    let without = Smoothing.runningMean([1, 3, 5], weight: 0.5)
    #expect([smooth[0], smooth[2], smooth[3]] == without)
    #expect(Smoothing.runningMean([], weight: 0.5).isEmpty)
  }
}
