import Tensors
import Testing

@testable import Datasets

@Suite struct PixelBoxTests {
  private static func boxes(_ draw: (inout Philox) -> PixelBox) -> [PixelBox] {
    var random = Philox(seed: 3)
    return (0..<4000).map { _ in draw(&random) }
  }

  private static func area(_ box: PixelBox) -> Double {
    Double(box.rows.count * box.columns.count)
  }

  /// Shares of the area that are uniform, proportions within their limits, places all over.
  @Test func parts() {
    let boxes = Self.boxes { .part(of: (64, 64), area: 0.25...0.5, ratio: 4.0 / 3, from: &$0) }
    let shares = boxes.map { Self.area($0) / 4096 }
    #expect(shares.allSatisfy { $0 > 0.24 && $0 < 0.515 })
    let mean = shares.reduce(0, +) / 4000
    // Five times 0.25 / √12 / √4000, and what rounding the sides does.
    #expect(abs(mean - 0.375) < 0.0067)
    for box in boxes {
      #expect(box.rows.lowerBound >= 0 && box.rows.upperBound <= 64)
      #expect(box.columns.lowerBound >= 0 && box.columns.upperBound <= 64)
      let proportion = Double(box.columns.count) / Double(box.rows.count)
      #expect(proportion > 0.72 && proportion < 1.39)
    }
    #expect(
      boxes.contains { $0.rows.lowerBound == 0 } && boxes.contains { $0.rows.upperBound == 64 })
    #expect(
      boxes.contains { $0.columns.count > $0.rows.count + 8 }
        && boxes.contains { $0.rows.count > $0.columns.count + 8 })
  }

  /// Where no proportion fits, the largest part in the middle that is allowed.
  @Test func partsOfLongImages() {
    for _ in 0..<3 {
      let wide = Self.boxes { .part(of: (4, 40), area: 1...1, ratio: 2, from: &$0) }
      #expect(Set(wide.map { "\($0)" }).count == 1)
      #expect(wide[0] == PixelBox(rows: 0..<4, columns: 16..<24))
      let tall = Self.boxes { .part(of: (40, 4), area: 1...1, ratio: 2, from: &$0) }
      #expect(tall[0] == PixelBox(rows: 16..<24, columns: 0..<4))
      let square = Self.boxes { .part(of: (1, 1), area: 0.01...0.02, ratio: 1, from: &$0) }
      #expect(square[0] == PixelBox(rows: 0..<1, columns: 0..<1))
    }
  }

  @Test func erased() {
    let boxes = Self.boxes { .erased(in: (32, 48), area: 0.1...0.3, ratio: 3, from: &$0) }
    for box in boxes {
      #expect(box.rows.count < 32 && box.rows.upperBound <= 32)
      #expect(box.columns.count < 48 && box.columns.upperBound <= 48)
      let share = Self.area(box) / 1536
      #expect(share > 0.085 && share < 0.32)
    }
    #expect(Set(boxes.map(\.rows.count)).count > 15)
    let all = Self.boxes { .erased(in: (32, 48), area: 1...1, ratio: 1, from: &$0) }
    #expect(all.allSatisfy { $0 == .empty })
  }

  /// Around each pixel alike: one in the corner leaves a quarter.
  @Test func squares() {
    let boxes = Self.boxes { .square(4, in: (8, 8), from: &$0) }
    #expect(boxes.contains(PixelBox(rows: 0..<2, columns: 0..<2)))
    #expect(boxes.contains(PixelBox(rows: 2..<6, columns: 3..<7)))
    #expect(boxes.contains(PixelBox(rows: 5..<8, columns: 5..<8)))
    let full = boxes.count { Self.area($0) == 16 }
    // 5 of 8 places in each direction.
    #expect(abs(full - 4000 * 25 / 64) < 5 * 31)
    let odd = Self.boxes { .square(3, in: (1, 9), from: &$0) }
    #expect(odd.contains(PixelBox(rows: 0..<1, columns: 3..<6)))
    #expect(odd.allSatisfy { $0.rows == 0..<1 })
  }
}
