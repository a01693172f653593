import Foundation
import Testing

@testable import Figures

@Suite struct AxisLayoutTests {
  private func layout(
    _ axis: Axis, _ values: [Double], count: Int = 5, roundedOut: Bool = true
  ) -> AxisLayout {
    AxisLayout(axis, values: values, count: count, roundedOut: roundedOut)
  }

  @Test func linearAxisGoesOnToTheNextTick() {
    let axis = layout(Axis("x"), [0.3, 9.1])
    #expect(axis.ticks.map(\.label) == ["0", "2", "4", "6", "8", "10"])
    #expect(axis.position(0) == 0)
    #expect(axis.position(5) == 0.5)
    #expect(axis.position(10) == 1)
  }

  @Test func tightAxisEndsWithItsData() {
    let axis = layout(Axis("x"), [1, 60], count: 4, roundedOut: false)
    #expect(axis.position(1) == 0)
    #expect(axis.position(60) == 1)
    #expect(axis.ticks.map(\.label) == ["20", "40", "60"])
  }

  /// Nothing is marked between two epochs, nor far from the only one.
  @Test func wholeNumbers() {
    func labels(_ values: [Double]) -> [String] {
      layout(Axis(counting: "epoch"), values, roundedOut: false).ticks.map(\.label)
    }
    #expect(labels([1, 2, 3]) == ["1", "2", "3"])
    #expect(labels([1]) == ["0", "1", "2"])
    #expect(labels([1, 60]) == ["20", "40", "60"])
  }

  @Test func givenRangeIsKept() {
    let axis = layout(Axis("x", range: 0...1), [-5, 7])
    #expect(axis.position(0.25) == 0.25)
    #expect(axis.position(2) == 2)
  }

  @Test func logarithmicAxis() throws {
    let axis = layout(Axis("x", scale: .logarithmic, range: 0.001...10), [])
    #expect(axis.ticks.map(\.label) == ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"])
    #expect(abs(try #require(axis.position(0.1)) - 0.5) < 1e-12)
    #expect(axis.position(0) == nil)
    #expect(axis.position(-1) == nil)
  }

  @Test func logarithmicAxisGoesOutToOneTwoOrFive() {
    let axis = layout(Axis("x", scale: .logarithmic), [0.03, 3])
    #expect(abs((axis.position(0.02) ?? 1) - 0) < 1e-12)
    #expect(abs((axis.position(5) ?? 0) - 1) < 1e-12)
  }

  @Test func logarithmicAxisWithinADecadeIsMarkedAtRoundValues() {
    let axis = layout(Axis("x", scale: .logarithmic), [2, 6])
    #expect(axis.ticks.map(\.label) == ["2", "3", "4", "5", "6"])
  }

  /// One power of ten between the ends does not tell the scale.
  @Test func logarithmicAxisHasMoreThanOneMark() throws {
    let wide = layout(Axis("x", scale: .logarithmic, range: 0.0017...0.05), [])
    #expect(wide.ticks.map(\.label) == ["0.002", "0.005", "0.01", "0.02", "0.05"])
    let place = try #require(wide.ticks.dropFirst(2).first).position
    #expect(abs(place - log10(0.01 / 0.0017) / log10(0.05 / 0.0017)) < 1e-12)
    let narrow = AxisLayout(
      Axis("x", scale: .logarithmic, range: 1.7...3.2), values: [], count: 1, roundedOut: false)
    #expect(narrow.ticks.map(\.label) == ["2", "3"])
  }

  @Test(arguments: [Axis.Scale.linear, .logarithmic])
  func valuesWithoutAPlace(scale: Axis.Scale) {
    let axis = layout(Axis("x", scale: scale), [.nan, 1, .infinity, 10, -.infinity])
    #expect(axis.position(.nan) == nil)
    #expect(axis.position(.infinity) == nil)
    #expect(axis.position(1e200) == nil)
    #expect(axis.position(10) == 1)
  }

  /// Nothing, one value, nearly equal values, extremes: always a usable axis.
  @Test(
    arguments: [Axis.Scale.linear, .logarithmic],
    [
      [], [.nan], [0], [5], [-3, -3], [1e-300, 2e-300], [1, 1 + 1e-15], [-1e149, 1e149],
      [1e16, 1e16 + 2], [-.greatestFiniteMagnitude, 1], [1e-307, 1],
    ] as [[Double]])
  func degenerateData(scale: Axis.Scale, values: [Double]) {
    for roundedOut in [true, false] {
      let axis = layout(Axis("x", scale: scale), values, roundedOut: roundedOut)
      #expect(axis.ticks.count < 20)
      for tick in axis.ticks { #expect((-0.001...1.001).contains(tick.position)) }
      for value in values {
        if let position = axis.position(value) { #expect((-0.001...1.001).contains(position)) }
      }
    }
  }
}
