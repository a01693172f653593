import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct PhiloxTests {
  /// The known answers of Random123's `kat_vectors` for philox4x32 with ten rounds.
  @Test(arguments: [
    (
      SIMD2<UInt32>(0, 0), SIMD4<UInt32>(0, 0, 0, 0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD2<UInt32>(repeating: .max), SIMD4<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(key: SIMD2<UInt32>, counter: SIMD4<UInt32>, expected: SIMD4<UInt32>) {
    #expect(Philox.block(key: key, counter: counter) == expected)
  }

  @Test func drawsAreTheBlocksInOrder() {
    var generator = Philox(seed: 0x1122_3344_5566_7788, stream: 0x99AA_BBCC_DDEE_FF00)
    for index in 0..<5 {
      let block = Philox.block(
        key: SIMD2(0x5566_7788, 0x1122_3344),
        counter: SIMD4(UInt32(index), 0, 0xDDEE_FF00, 0x99AA_BBCC))
      #expect(generator.next() == UInt64(block[0]) | UInt64(block[1]) << 32)
      #expect(generator.next() == UInt64(block[2]) | UInt64(block[3]) << 32)
    }
    #expect(generator.position == 10)
  }

  @Test(arguments: [0, 1, 2, 3, 7, 8, 1001] as [UInt64])
  func skippingEqualsDrawing(count: UInt64) {
    for start in 0..<3 {
      var drawn = Philox(seed: 5, stream: 6)
      for _ in 0..<start { _ = drawn.next() }
      var skipped = drawn
      for _ in 0..<count { _ = drawn.next() }
      skipped.skip(count)
      #expect(drawn.position == skipped.position)
      #expect((0..<5).map { _ in drawn.next() } == (0..<5).map { _ in skipped.next() })
    }
  }

  @Test func seedsAndStreamsDiffer() {
    let firsts = (0..<32 as Range<UInt64>).flatMap { seed in
      (0..<32 as Range<UInt64>).map { stream -> UInt64 in
        var generator = Philox(seed: seed, stream: stream)
        return generator.next()
      }
    }
    #expect(Set(firsts).count == 1024)
  }

  @Test func uniformNumbersFillTheUnitInterval() {
    var generator = Philox(seed: 11)
    let count = 100_000
    let doubles = (0..<count).map { _ in generator.uniform() }
    let floats = (0..<count).map { _ in Double(generator.uniformFloat()) }
    for numbers in [doubles, floats] {
      #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
      // Five standard errors of the mean (√(1/12n)) and of the second moment (√(4/45n)).
      let mean = numbers.reduce(0, +) / Double(count)
      let second = numbers.reduce(0) { $0 + $1 * $1 } / Double(count)
      #expect(abs(mean - 0.5) < 5 * (1 / 12 / Double(count)).squareRoot())
      #expect(abs(second - 1 / 3) < 5 * (4 / 45 / Double(count)).squareRoot())
    }
  }

  @Test func normalNumbersHaveTheMomentsOfTheNormalDistribution() {
    var generator = Philox(seed: 12)
    let count = 200_000
    let numbers = (0..<count).map { _ in generator.normal() }
    // Moments 1 to 4 are 0, 1, 0, 3; their sampling variances are 1, 2, 15, 96 over n.
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
      let moment = numbers.reduce(0) { $0 + pow($1, Double(power)) } / Double(count)
      #expect(abs(moment - expected) < 5 * (variance / Double(count)).squareRoot())
    }
    let neighbours = zip(numbers, numbers.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(neighbours / Double(count)) < 5 / Double(count).squareRoot())
    #expect(generator.position == UInt64(count))
  }

  @Test(arguments: [1, 2, 3, 7, 10, 1000])
  func integersAreUniform(bound: Int) {
    var generator = Philox(seed: 13, stream: UInt64(bound))
    let draws = 1000 * bound
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<draws { counts[generator.integer(below: bound)] += 1 }
    let statistic = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    // Chi-square with bound − 1 degrees of freedom: mean bound − 1, variance 2 (bound − 1).
    let freedom = Double(bound - 1)
    #expect(statistic <= freedom + 5 * (2 * freedom).squareRoot())
  }

  @Test func integersBelowAHugeBoundAreUnbiased() {
    // 2⁶⁴ / (3 · 2⁶¹) = 8/3: without rejection the remainders modulo 3 would come 3, 3, 2 times in 8.
    var generator = Philox(seed: 14)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[generator.integer(below: 3 << 61) % 3] += 1 }
    let statistic = counts.reduce(0.0) { $0 + pow(Double($1) - 10_000, 2) / 10_000 }
    #expect(statistic < 2 + 5 * 4.0.squareRoot())
    #expect(generator.position > 30_000)
  }

  @Test func permutationsHoldEveryNumberOnce() {
    for count in [0, 1, 2, 3, 10, 1001] {
      var generator = Philox(seed: 15)
      let order = generator.permutation(count)
      #expect(order.sorted() == (0..<Int32(count)).map { $0 })
    }
  }

  @Test func everyOrderOfFourIsEquallyLikely() {
    var generator = Philox(seed: 16)
    var counts: [[Int32]: Int] = [:]
    for _ in 0..<24_000 { counts[generator.permutation(4), default: 0] += 1 }
    #expect(counts.count == 24)
    let statistic = counts.values.reduce(0.0) { $0 + pow(Double($1) - 1000, 2) / 1000 }
    #expect(statistic < 23 + 5 * 46.0.squareRoot())
  }

  @Test(arguments: [(0, 0), (1, 0), (2, 1), (5, 3)])
  func stateSurvivesACheckpoint(draws: Int, normals: Int) throws {
    var generator = Philox(seed: .max, stream: .max - 1)
    for _ in 0..<draws { _ = generator.next() }
    for _ in 0..<normals { _ = generator.normal() }
    var restored = try JSONDecoder().decode(
      Philox.self, from: JSONEncoder().encode(generator))
    #expect(restored == generator)
    for _ in 0..<3 {
      #expect(restored.normal().bitPattern == generator.normal().bitPattern)
      #expect(restored.next() == generator.next())
    }
  }

  @Test func theCachedNormalIsPartOfTheState() {
    var one = Philox(seed: 17)
    _ = one.normal()
    var other = Philox(seed: 17)
    other.skip(2)
    #expect(one.position == other.position)
    #expect(one != other)
  }

  @Test func aBoundOfZeroStopsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var generator = Philox(seed: 1)
      _ = generator.integer(below: 0)
    }
    expectStop(result, "Philox.integer(below: 0): the bound must be positive")
  }
}
