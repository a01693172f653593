import Tensors
import Testing

@testable import Datasets

@Suite struct PixelStatisticsTests {
  /// Two channels of a 1 × 2 image.
  private func set(_ pixels: [UInt8]) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: pixels, height: 1, width: 2, channels: 2,
      labels: [Int32](repeating: 0, count: pixels.count / 4), classNames: ["a"], description: "s")
  }

  @Test func meansAndDeviations() throws {
    let set = try set([0, 10, 4, 20, 2, 30, 6, 255])
    #expect(set.meanImage() == [1, 20, 5, 137.5])
    let (mean, deviation) = set.channelStatistics()
    #expect(mean == [3, 78.75])
    // By Python's statistics.pstdev.
    #expect(abs(deviation[0] - 2.236_068) < 1e-6)
    #expect(abs(deviation[1] - 102.003_37) < 1e-4)
  }

  /// More rows than portions, and fewer.
  @Test(arguments: [1, 7, 8, 9, 1000])
  func anyNumberOfRows(count: Int) throws {
    let pixels = (0..<count * 4).map { UInt8(truncatingIfNeeded: $0 &* 97) }
    let expected = (0..<4).map { feature in
      let sum = (0..<count).reduce(0) { $0 + Int(pixels[$1 * 4 + feature]) }
      return Float(Double(sum) / Double(count))
    }
    #expect(try set(pixels).meanImage() == expected)
  }

  @Test func noRows() throws {
    #expect(try set([]).meanImage() == [0, 0, 0, 0])
    #expect(try set([]).channelStatistics().deviation == [0, 0])
  }
}
