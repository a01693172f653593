import Foundation
import Testing

@testable import Figures

@Suite struct FigureStyleTests {
  /// WCAG 2.1's contrast of each series colour with its ground: graphics need 3, and the lightest may not fall far
  /// below.
  @Test(arguments: [
    (FigureStyle.seriesColors, "#ffffff"), (FigureStyle.seriesColorsOnDark, "#161b22"),
  ])
  func seriesStandOutFromTheGround(colors: [String], ground: String) {
    for color in colors {
      let pair = [luminance(color), luminance(ground)].sorted()
      #expect((pair[1] + 0.05) / (pair[0] + 0.05) > 2.4, "\(color) on \(ground)")
    }
  }

  @Test func everyColorHasASiblingOnDark() {
    #expect(FigureStyle.seriesColors.count == FigureStyle.seriesColorsOnDark.count)
    #expect(Set(FigureStyle.seriesColors).count == FigureStyle.seriesColors.count)
  }

  @Test func colorsRepeatWithOtherDashes() {
    let count = FigureStyle.seriesColors.count
    #expect(FigureStyle.stroke(count) == FigureStyle.stroke(0))
    #expect(FigureStyle.dashes(0) == nil)
    #expect(FigureStyle.dashes(count) != nil)
  }

  private func luminance(_ color: String) -> Double {
    let channels = bytes(hex: String(color.dropFirst())).map { byte -> Double in
      let value = Double(byte) / 255
      return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
  }
}
