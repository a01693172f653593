import Testing

@testable import Figures

@Suite struct ColorMapTests {
  @Test func ends() {
    #expect(ColorMap.sequential.color(at: 0) == .init(red: 0x44, green: 0x01, blue: 0x54))
    #expect(ColorMap.sequential.color(at: 1) == .init(red: 0xfd, green: 0xe7, blue: 0x25))
    #expect(ColorMap.diverging.color(at: 0.5) == .init(red: 0xf7, green: 0xf7, blue: 0xf7))
    #expect(ColorMap.diverging.color(at: -5) == ColorMap.diverging.color(at: 0))
    #expect(ColorMap.diverging.color(at: 5) == ColorMap.diverging.color(at: 1))
  }

  @Test func betweenStations() {
    // Half way from 2166ac to 67a9cf.
    #expect(ColorMap.diverging.color(at: 1.0 / 12) == .init(red: 0x44, green: 0x88, blue: 0xbe))
  }

  /// In grey and to any eye, more is lighter; and away from the middle is darker on both sides.
  @Test func lightnessIsMonotone() {
    func lightness(_ map: ColorMap, _ fraction: Double) -> Double {
      let color = map.color(at: fraction)
      return 0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
    }
    for step in 0..<100 {
      let (low, high) = (Double(step) / 100, Double(step + 1) / 100)
      #expect(lightness(.sequential, low) <= lightness(.sequential, high))
      #expect(lightness(.diverging, low / 2) <= lightness(.diverging, high / 2))
      #expect(lightness(.diverging, 1 - low / 2) <= lightness(.diverging, 1 - high / 2))
    }
  }

  @Test func ranges() {
    #expect(ColorMap.sequential.range(covering: [3, .nan, -1, .infinity]) == -1...3)
    #expect(ColorMap.diverging.range(covering: [1, -4, .nan]) == -4...4)
    #expect(ColorMap.sequential.range(covering: []) == 0...1)
    #expect(ColorMap.diverging.range(covering: [.nan]) == -1...1)
  }

  @Test func missingValues() {
    #expect(ColorMap.sequential.color(of: .nan, in: 0...1) == ColorMap.missing)
    #expect(ColorMap.diverging.color(of: .infinity, in: 0...1) == ColorMap.missing)
    #expect(ColorMap.diverging.color(of: 3, in: 3...3) == ColorMap.diverging.color(at: 0.5))
  }
}
