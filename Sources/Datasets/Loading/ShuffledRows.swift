import Tensors

/// The rows of batch after batch, shuffled anew for each epoch: for data that are not images.
///
/// Epoch e is the permutation that Philox makes of (seed, stream e), as with ``Loader``; its last batch may be smaller.
public struct ShuffledRows: Sendable {
  private let count: Int
  private let batchSize: Int
  private let seed: UInt64
  /// The place before the next batch.
  public private(set) var position = LoaderPosition()
  /// The order of the epoch at ``position``; nil before its first batch.
  private var order: [Int32]?

  /// - Parameters:
  ///   - count: rows in an epoch; at least one.
  ///   - batchSize: rows in a batch; positive.
  ///   - seed: what the orders are drawn from.
  public init(count: Int, batchSize: Int, seed: UInt64) {
    require(
      count > 0 && batchSize > 0,
      "ShuffledRows: \(count) rows in batches of \(batchSize); both must be positive")
    self.count = count
    self.batchSize = batchSize
    self.seed = seed
  }

  /// Batches in an epoch.
  public var batchesPerEpoch: Int { (count + batchSize - 1) / batchSize }

  /// Goes on from a place that a checkpoint holds; throws bad data where there is none such.
  public mutating func seek(to place: LoaderPosition) throws {
    try place.check(batchesPerEpoch: batchesPerEpoch)
    move(to: place)
  }

  private mutating func move(to place: LoaderPosition) {
    if place.epoch != position.epoch { order = nil }
    position = place
  }

  /// The rows of the batch at ``position``, which moves on.
  public mutating func next() -> ArraySlice<Int32> {
    let order = self.order ?? shuffled()
    self.order = order
    let first = position.batch * batchSize
    let rows = order[first..<min(first + batchSize, count)]
    move(
      to: position.batch + 1 == batchesPerEpoch
        ? .init(epoch: position.epoch + 1)
        : .init(epoch: position.epoch, batch: position.batch + 1))
    return rows
  }

  private func shuffled() -> [Int32] {
    var random = Philox(seed: seed, stream: UInt64(position.epoch))
    return random.permutation(count)
  }
}
