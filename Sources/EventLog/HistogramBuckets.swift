/// A histogram of equal-width buckets between the smallest and the largest finite value, as TensorBoard draws it.
///
/// Values that are not finite are left out: they have no bucket, and `minimum` and `maximum` would lose their meaning.
/// Where all values are equal there is one bucket of width 1 around them.
struct HistogramBuckets: Equatable {
  var minimum = 0.0
  var maximum = 0.0
  var count = 0
  var sum = 0.0
  var sumOfSquares = 0.0
  /// The right edge of each bucket; the first begins at the minimum.
  var limits: [Double] = []
  var counts: [Double] = []

  init(_ values: [Float], buckets: Int) {
    let finite = values.lazy.filter(\.isFinite).map(Double.init)
    guard let first = finite.first else { return }
    (minimum, maximum) = (first, first)
    for value in finite {
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      count += 1
      sum += value
      sumOfSquares += value * value
    }
    guard minimum < maximum else {
      limits = [maximum + 0.5]
      counts = [Double(count)]
      return
    }
    let width = (maximum - minimum) / Double(buckets)
    // The last edge is the maximum itself: multiplication could land one rounding below it.
    limits = (1..<buckets).map { minimum + Double($0) * width } + [maximum]
    counts = [Double](repeating: 0, count: buckets)
    for value in finite {
      counts[min(Int((value - minimum) / width), buckets - 1)] += 1
    }
  }
}
