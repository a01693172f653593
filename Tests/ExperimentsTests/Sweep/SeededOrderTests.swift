import Tensors
import Testing

@testable import Experiments

@Suite struct SeededOrderTests {
  private func numbers(_ count: Int, seed: UInt64) -> [Int] {
    let order = SeededOrder(count: count, seed: seed)
    return (0..<count).map { order[$0] }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 60, 1000])
  func everyNumberOnce(count: Int) {
    for seed: UInt64 in [0, 1, .max] {
      #expect(numbers(count, seed: seed).sorted() == Array(0..<count))
    }
  }

  /// The whole deck at once, as the paper has it: cards whose sum is k (mod n) change places where the coin of the
  /// larger one says so.
  @Test(arguments: [2, 7, 12])
  func isTheShuffleByItsDefinition(count: Int) {
    let seed: UInt64 = 11
    var deck = Array(0..<count)
    var random = Philox(seed: seed, stream: .max)
    // Two need two bits, seven three, twelve four.
    let rounds = [2: 52, 7: 58, 12: 64][count] ?? 0
    for round in 0..<rounds {
      let sum = random.integer(below: count)
      for one in 0..<count {
        for other in one..<count where (one + other) % count == sum {
          var coins = Philox(seed: seed, stream: UInt64(other))
          for _ in 0..<round { _ = coins.next() }
          if coins.next() % 2 == 1 {
            for (place, card) in deck.enumerated() where card == one || card == other {
              deck[place] = card == one ? other : one
            }
          }
        }
      }
    }
    #expect(numbers(count, seed: seed) == deck)
  }

  /// Sweeps are gone on with by these numbers, which a program of its own worked out in Python: whoever changes the
  /// order gives it a new name in `SweepDrawing`.
  @Test func staysWhatItIs() {
    #expect(numbers(4, seed: 0) == [2, 3, 0, 1])
    #expect(numbers(6, seed: 5) == [3, 0, 4, 1, 5, 2])
    #expect(numbers(60, seed: 0).prefix(6) == [54, 8, 21, 31, 55, 38])
    let huge = SeededOrder(count: 1 << 62, seed: 3)
    #expect((0..<2).map { huge[$0] } == [2_256_219_971_700_698_895, 3_448_036_799_063_957_160])
  }

  @Test func ordersAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<6000 { counts[numbers(3, seed: UInt64(seed)), default: 0] += 1 }
    #expect(counts.count == 6)
    // 1000 are expected; the deviation of such a count is 29.
    for count in counts.values { #expect(abs(count - 1000) < 150) }
  }

  /// As many numbers as no memory holds.
  @Test func placesOfALongOrder() {
    let order = SeededOrder(count: .max, seed: 0)
    let first = (0..<1000).map { order[$0] }
    #expect(Set(first).count == 1000 && first.allSatisfy { $0 >= 0 })
    // 500 are expected in either half; the deviation is 16.
    #expect(abs(first.count { $0 > .max / 2 } - 500) < 80)
  }
}
