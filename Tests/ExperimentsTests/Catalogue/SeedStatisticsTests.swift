import Testing
import Training

@testable import Experiments

/// Figures worked out by hand.
@Suite struct SeedStatisticsTests {
  @Test func meansSpreadsAndDifferences() {
    let full = SeedStatistics(values: [0.90, 0.92, 0.94])
    let other = SeedStatistics(values: [0.88, 0.90])
    #expect(abs(full.mean - 0.92) < 1e-12 && abs((full.deviation ?? 0) - 0.02) < 1e-12)
    #expect(abs((other.deviation ?? 0) - 0.014_142_135_623_73) < 1e-12)
    let (value, error) = other.difference(from: full)
    // √(0.0004 ∕ 3 + 0.0002 ∕ 2) = √(7 ∕ 30000)
    #expect(abs(value + 0.03) < 1e-12 && abs((error ?? 0) - 0.015_275_252_316_52) < 1e-12)
    #expect(full.text(digits: 2, scale: 100) == "92.00 ± 2.00")
    #expect(other.text(ofDifferenceFrom: full, digits: 2, scale: 100) == "−3.00 ± 1.53")
    #expect(full.text(ofDifferenceFrom: other, digits: 3) == "+0.030 ± 0.015")
    let single = SeedStatistics(values: [0.5])
    #expect(single.deviation == nil && single.difference(from: full).error == nil)
    #expect(single.text(digits: 1, scale: 100) == "50.0")
    #expect(single.text(ofDifferenceFrom: full, digits: 2) == "−0.42")
    for near in [0.5, 0.500_04, 0.499_96] {
      let other = SeedStatistics(values: [near])
      #expect(single.text(ofDifferenceFrom: other, digits: 2, scale: 100) == "0.00", "\(near)")
    }
    let (one, two) = (SeedStatistics(values: [0.49, 0.51]), SeedStatistics(values: [0.48, 0.52]))
    // √(0.0002 ∕ 2 + 0.0008 ∕ 2)
    #expect(one.text(ofDifferenceFrom: two, digits: 3) == "0.000 ± 0.022")
  }

  /// A run that was shorter, or measured something else, counts where it has a figure.
  @Test func curvesOfMeans() throws {
    let runs = try [[0.5, 0.25, 1], [0.25], []].map { try ImageComparisonTests.history($0) }
    let curve = SeedStatistics.curve(of: "validation_accuracy", in: runs)
    #expect(curve.map(\.epoch) == [1, 2, 3] && curve.map(\.mean) == [0.375, 0.25, 1])
    #expect(SeedStatistics.curve(of: "test_accuracy", in: runs).isEmpty)
  }
}
