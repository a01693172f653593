import Testing

@testable import Figures

@Suite struct TicksTests {
  @Test(
    arguments: [
      (1, 10, 0.1), (1, 9, 0.2), (1, 5, 0.2), (1, 4, 0.5), (1, 1, 1), (60, 6, 10), (60, 5, 20),
      (200_000, 9, 50_000), (3e-7, 5, 1e-7), (7, 2, 5), (11, 2, 10), (21, 2, 20),
    ] as [(Double, Int, Double)])
  func step(width: Double, count: Int, expected: Double) {
    #expect(Ticks.step(width: width, count: count) == expected)
  }

  @Test func multiplesAreExact() {
    #expect(
      Ticks.multiples(of: 0.1, from: 0, to: 1) == [
        0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
      ])
    #expect(Ticks.multiples(of: 5, from: -7, to: 11) == [-5, 0, 5, 10])
    #expect(Ticks.multiples(of: 10, from: 1, to: 9).isEmpty)
  }

  @Test(arguments: [
    (-3.0, 1.0, 10, [-3, -2, -1, 0, 1]), (-3.5, 0.5, 10, [-3, -2, -1, 0]),
    (-10, 2, 5, [-9, -6, -3, 0]), (0.2, 0.8, 5, []), (-10, 2, 12, Array(-10...2)),
    (-10, 2, 11, [-10, -8, -6, -4, -2, 0, 2]), (-2, -1, 1, [-2, -1]), (0, 3, 0, [0, 3]),
  ])
  func decades(lower: Double, upper: Double, count: Int, expected: [Int]) {
    #expect(Ticks.decades(from: lower, to: upper, count: count) == expected)
  }

  @Test(arguments: [
    (-2.8, -1.2, 5, [0.002, 0.005, 0.01, 0.02, 0.05]), (-2.8, -1.2, 3, [0.003, 0.01, 0.03]),
    (0.0, 1.0, 3, [1, 2, 5, 10]), (0.7, 1.7, 9, [10, 20, 50]),
  ])
  func withinDecades(lower: Double, upper: Double, count: Int, expected: [Double]) {
    #expect(Ticks.withinDecades(from: lower, to: upper, count: count) == expected)
  }

  @Test(
    arguments: [
      ([0, 0.5, 1], 0.5, ["0.0", "0.5", "1.0"]),
      ([-0.02, 0, 0.02], 0.02, ["−0.02", "0.00", "0.02"]),
      ([0, 50_000, 100_000], 50_000, ["0", "50,000", "100,000"]),
      ([0, 1000], 1000, ["0", "1,000"]),
      ([0, 5e6, 1e7], 5e6, ["0", "0.5×10⁷", "1.0×10⁷"]),
      ([0, 2e-6], 2e-6, ["0", "2×10⁻⁶"]),
    ] as [([Double], Double, [String])])
  func labels(values: [Double], step: Double, expected: [String]) {
    #expect(Ticks.labels(values, step: step) == expected)
  }

  @Test(
    arguments: [
      (0, "0"), (0.024, "0.024"), (1, "1"), (97.81, "97.8"), (1234, "1,234"), (999, "999"),
      (12_345, "12,345"),
      (1e9, "1×10⁹"), (-0.5, "−0.5"), (.nan, "NaN"), (.infinity, "∞"), (-.infinity, "−∞"),
      (10, "10"), (100, "100"), (1e-300, "1×10⁻³⁰⁰"), (9e-301, "0"), (-1e-306, "0"), (1e-307, "0"),
    ] as [(Double, String)])
  func short(value: Double, expected: String) {
    #expect(Ticks.short(value) == expected)
    #expect(Axis.words(for: value) == expected)
  }

  /// The thread that draws may flush denormal numbers to zero, and zero has no logarithm.
  @Test func numbersNearTheSmallest() {
    for value in [3e-306, 1e-307, 3e-308, 0] {
      #expect(Ticks.labels([-value, value], step: value / 10) == ["0", "0"])
      #expect(Ticks.step(width: value, count: 5) >= 1e-300)
    }
  }
}
