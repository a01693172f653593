import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct PlanarDistributionTests {
  private func points(
    _ distribution: PlanarDistribution, _ count: Int = 20_000
  ) -> [(x: Double, y: Double)] {
    let values = distribution.draw(count, seed: 3, stream: 1).doubles
    return (0..<count).map { (values[2 * $0], values[2 * $0 + 1]) }
  }

  @Test(arguments: PlanarDistribution.allCases)
  func isAFunctionOfSeedAndStream(distribution: PlanarDistribution) {
    let one = distribution.draw(50, seed: 1, stream: 2)
    #expect(one.shape == [50, 2] && one.dtype == .float32)
    #expect(distribution.draw(50, seed: 1, stream: 2).floats == one.floats)
    #expect(distribution.draw(20, seed: 1, stream: 2).floats == Array(one.floats.prefix(40)))
    #expect(distribution.draw(50, seed: 2, stream: 2).floats != one.floats)
    #expect(distribution.draw(50, seed: 1, stream: 3).floats != one.floats)
  }

  @Test(arguments: PlanarDistribution.allCases)
  func isCentredAndOfUnitWidth(distribution: PlanarDistribution) {
    let points = points(distribution)
    for axis in [points.map(\.x), points.map(\.y)] {
      let mean = axis.reduce(0, +) / Double(axis.count)
      let variance = axis.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(axis.count)
      #expect(abs(mean) < 0.08, "mean \(mean)")
      #expect((0.8...1.25).contains(variance.squareRoot()), "deviation \(variance.squareRoot())")
    }
  }

  /// Every point lies around one of eight places at a distance of 1.4, 1/8 of them around each.
  @Test func ring() {
    var counts = [Int](repeating: 0, count: 8)
    for point in points(.ring) {
      let part = (Int((atan2(point.y, point.x) / (.pi / 4)).rounded()) + 8) % 8
      counts[part] += 1
      let angle = Double(part) * .pi / 4
      let distance = hypot(point.x - 1.4 * cos(angle), point.y - 1.4 * sin(angle))
      #expect(distance < 0.6)
    }
    #expect(counts.allSatisfy { abs($0 - 2500) < 5 * 47 })
  }

  /// Turned by a fifth of a turn a pinwheel looks the same: its fifth harmonic alone has a mean.
  @Test func pinwheel() {
    let points = points(.pinwheel)
    func harmonic(_ order: Double) -> Double {
      let angles = points.map { atan2($0.y, $0.x) * order }
      let (c, s) = (angles.map { cos($0) }.reduce(0, +), angles.map { sin($0) }.reduce(0, +))
      return hypot(c, s) / Double(points.count)
    }
    #expect(harmonic(5) > 0.2)
    for order in [1.0, 2, 3, 4] { #expect(harmonic(order) < 0.03) }
  }

  /// Undone its scale, a moon's points are at distance 1 ± 0.1 from the middle of their circle.
  @Test func moons() {
    let near = points(.moons).filter { point in
      let (x, y) = (point.x / 1.25 + 0.5, point.y / 1.6 + 0.25)
      return min(abs(hypot(x, y) - 1), abs(hypot(x - 1, y - 0.5) - 1)) < 0.4
    }
    #expect(near.count > 19_950)
  }

  /// The distance from the middle grows with the angle, a turn apart.
  @Test func swissRoll() {
    let near = points(.swissRoll).filter { point in
      let (x, y) = (point.x / 0.14 + 2, point.y / 0.14 + 2 / (3 * Double.pi))
      let (radius, angle) = (hypot(x, y), atan2(y, x))
      let turns = (radius - angle) / (2 * .pi)
      return abs(turns - turns.rounded()) * 2 * .pi < 2
    }
    #expect(near.count > 19_900)
  }

  /// Eight squares of four by four, those of one colour.
  @Test func checkerboard() {
    var counts: [Int: Int] = [:]
    for point in points(.checkerboard) {
      let (column, row) = (
        Int((point.x / 0.85 + 2).rounded(.down)), Int((point.y / 0.85 + 2).rounded(.down))
      )
      #expect((0..<4).contains(column) && (0..<4).contains(row) && (column + row) % 2 == 0)
      counts[4 * row + column, default: 0] += 1
    }
    #expect(counts.count == 8 && counts.values.allSatisfy { abs($0 - 2500) < 5 * 47 })
  }

  /// The small round part in the middle has a tenth of the points.
  @Test func mixture() {
    let middle = points(.mixture).filter { hypot($0.x - 0.1, $0.y) < 0.3 }.count
    #expect(abs(middle - 1950) < 150, "\(middle)")
  }
}
