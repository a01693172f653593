import Testing

@testable import Figures

@Suite struct SmoothingTests {
  /// By hand, weight ½: ½·1 ∕ ½, (¼·1 + ½·3) ∕ ¾, (⅛·1 + ¼·3 + ½·5) ∕ ⅞.
  @Test func closedForm() {
    let smooth = Smoothing.movingAverage([1, 3, 5], weight: 0.5)
    for (value, expected) in zip(smooth, [1, 7.0 / 3, 27.0 / 7]) {
      #expect(abs(value - expected) < 1e-15)
    }
  }

  @Test func constantsStay() {
    for value in Smoothing.movingAverage([4, 4, 4, 4], weight: 0.9) {
      #expect(abs(value - 4) < 1e-14)
    }
  }

  @Test func gapsStayAndCountForNothing() {
    let smooth = Smoothing.movingAverage([1, .nan, 3], weight: 0.5)
    #expect(smooth[1].isNaN)
    #expect(abs(smooth[2] - 7.0 / 3) < 1e-15)
  }
}
