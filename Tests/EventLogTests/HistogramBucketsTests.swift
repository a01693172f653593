import Testing

@testable import EventLog

@Suite struct HistogramBucketsTests {
  @Test func equalWidths() {
    let buckets = HistogramBuckets([0, 1, 2, 3, 4, 5, 6, 7, 8], buckets: 4)
    #expect(buckets.limits == [2, 4, 6, 8])
    // A value on an edge belongs to the bucket on its right; the maximum to the last.
    #expect(buckets.counts == [2, 2, 2, 3])
    #expect(buckets.sum == 36)
    #expect(buckets.sumOfSquares == 204)
  }

  @Test func equalValuesShareOneBucket() {
    let buckets = HistogramBuckets([3, 3, 3], buckets: 30)
    #expect(buckets.limits == [3.5])
    #expect(buckets.counts == [3])
  }

  @Test func valuesThatAreNotFiniteHaveNoBucket() {
    let buckets = HistogramBuckets([.nan, 1, .infinity, 2, -.infinity], buckets: 2)
    #expect(buckets == HistogramBuckets([1, 2], buckets: 2))
    #expect(buckets.count == 2)
  }

  @Test(arguments: [[], [Float.nan]]) func nothingToCount(values: [Float]) {
    let buckets = HistogramBuckets(values, buckets: 30)
    #expect(buckets.count == 0)
    #expect(buckets.limits.isEmpty)
  }

  @Test(arguments: [1, 2, 3, 7, 30, 1000]) func everyValueIsCounted(count: Int) {
    let values = (0..<997).map { Float($0) / 996 }
    let buckets = HistogramBuckets(values, buckets: count)
    #expect(buckets.counts.reduce(0, +) == 997)
    #expect(buckets.limits.count == count)
    #expect(buckets.limits.last == 1)
  }

  @Test func extremesDoNotOverflow() {
    let buckets = HistogramBuckets(
      [-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude], buckets: 3)
    #expect(buckets.counts == [1, 1, 1])
    #expect(buckets.sumOfSquares.isFinite)
  }
}
