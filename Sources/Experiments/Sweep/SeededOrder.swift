import Tensors

/// The numbers 0 ..< `count` in an order drawn from a seed. What stands at a place is worked out for that place alone,
/// so that an order of 2⁶² costs no more memory than one of three.
///
/// A shuffle of cards in rounds: in each the cards x and k − x (mod count) change places or stay, as a coin that is
/// tossed for the two of them says. Resuming a sweep rests on it: it must not change.
///
/// Source: V. T. Hoang, B. Morris and P. Rogaway, "An enciphering scheme based on a card shuffle", CRYPTO 2012.
struct SeededOrder {
  private let count: UInt64
  private let seed: UInt64
  /// The k of each round.
  private let turns: [UInt64]

  /// - Parameters:
  ///   - count: how many numbers, at least one.
  ///   - seed: what the order is drawn from.
  init(count: Int, seed: UInt64) {
    require(count >= 1, "SeededOrder: an order of \(count) numbers; it takes at least one")
    self.count = UInt64(count)
    self.seed = seed
    var random = Philox(seed: seed, stream: .max)
    turns = (0..<Self.rounds(count)).map { _ in UInt64(random.integer(below: count)) }
  }

  /// Six for each bit are as good as fair by the paper's bound; the rest is for small orders.
  static func rounds(_ count: Int) -> Int { 6 * (Int.bitWidth - count.leadingZeroBitCount) + 40 }

  /// The number at a place from 0.
  subscript(place: Int) -> Int {
    var card = UInt64(place) % count
    for (round, turn) in turns.enumerated() {
      let other = turn >= card ? turn - card : turn + (count - card)
      if coin(round, of: max(card, other)) { card = other }
    }
    return Int(card)
  }

  private func coin(_ round: Int, of card: UInt64) -> Bool {
    var random = Philox(seed: seed, stream: card)
    random.skip(UInt64(round))
    return random.next() & 1 == 1
  }
}
