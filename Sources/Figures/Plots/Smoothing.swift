/// The line through a noisy row of values.
enum Smoothing {
  /// The mean of the values around each one, which count the less the farther away they are:
  /// ŷₙ = Σₖ c(n, k) yₖ ∕ Σₖ c(n, k), where c is the product of the links between n and k. A link is the weight, but
  /// 1 − 4∕(i + 3) at most between the values i and i + 1: where a curve begins it is steepest, and a long memory would
  /// lie far from it. Values that are not finite stay, and count for nothing.
  ///
  /// - Parameters:
  ///   - values: the row.
  ///   - weight: what a value counts beside its neighbour, from 0 to below 1.
  static func runningMean(_ values: [Double], weight: Double) -> [Double] {
    let places = values.indices.filter { values[$0].isFinite }
    let kept = places.map { values[$0] }
    func link(_ index: Int) -> Double { min(weight, 1 - 4 / Double(index + 3)) }
    // From the left, then from the right; each value is in both.
    var (sums, counts) = (kept, [Double](repeating: 1, count: kept.count))
    for index in kept.indices.dropFirst() {
      sums[index] += link(index) * sums[index - 1]
      counts[index] += link(index) * counts[index - 1]
    }
    var (sum, count) = (0.0, 0.0)
    var smooth = values
    for index in kept.indices.reversed() {
      smooth[places[index]] = (sums[index] + sum) / (counts[index] + count)
      guard index > 0 else { break }
      (sum, count) = (link(index) * (sum + kept[index]), link(index) * (count + 1))
    }
    return smooth
  }
}
