import Tensors

/// Some images of a set with their classes, as a network takes them.
public struct Batch: Sendable {
  /// float32, [count, features], or [count, height, width, channels] where the loader was asked for
  /// images.
  public let inputs: Tensor
  /// The classes, [count]; of an image that was mixed, the one with the larger share; of one with
  /// several labels the first.
  public let labels: IndexTensor
  /// The shares of the classes, float32 [count, classes], where the images were mixed or have several labels; nil
  /// else.
  public let targets: Tensor?
  /// Which batch of which epoch this is.
  public let position: LoaderPosition
  /// Whether the next batch belongs to the next epoch.
  public let isLastOfEpoch: Bool

  /// How many images there are.
  public var count: Int { labels.count }

  /// The place after this batch.
  var following: LoaderPosition {
    isLastOfEpoch
      ? .init(epoch: position.epoch + 1)
      : .init(epoch: position.epoch, batch: position.batch + 1)
  }
}

/// A place in the endless sequence of batches; a checkpoint holds it.
public struct LoaderPosition: Sendable, Codable, Equatable {
  /// Epochs that are over.
  public var epoch: Int
  /// Batches of this epoch that were handed out.
  public var batch: Int

  /// The place before that batch of that epoch, both counted from 0.
  public init(epoch: Int = 0, batch: Int = 0) {
    self.epoch = epoch
    self.batch = batch
  }

  /// Throws bad data where epochs of so many batches have no such place, whatever a checkpoint says.
  func check(batchesPerEpoch: Int) throws {
    guard epoch >= 0, batch >= 0, batch < batchesPerEpoch else {
      throw AdjointError(
        .badData,
        """
        position of the loader: expected an epoch from 0 and a batch in 0 ..< \(batchesPerEpoch), \
        found epoch \(epoch), batch \(batch)
        """)
    }
  }
}

/// What becomes of the images that do not fill the last batch of an epoch.
public enum LastBatch: String, Sendable, Codable {
  /// They make a smaller batch.
  case keep
  /// They are left out of this epoch.
  case drop
}

/// The shape of the inputs.
public enum InputLayout: String, Sendable, Codable {
  /// [count, features]
  case rows
  /// [count, height, width, channels]
  case images
}

/// The order of the images in an epoch.
public enum LoadingOrder: Sendable, Equatable {
  /// That of the set.
  case sequential
  /// Epoch e is the permutation that Philox makes of (seed, stream e).
  case shuffled(seed: UInt64)
}

/// Makes one batch after the other; a value, so that it can move to another thread.
struct BatchMaker: Sendable {
  let set: ClassificationSet
  let batchSize: Int
  let order: LoadingOrder
  let lastBatch: LastBatch
  let layout: InputLayout
  let transform: PixelTransform
  let augmentation: Augmentation?
  /// Nil for the team's.
  let threads: Int?
  /// The place before the next batch.
  private(set) var position = LoaderPosition()
  /// The rows in the order of the epoch at `position`; nil before its first batch.
  private var rows: [Int32]?

  init(
    set: ClassificationSet, batchSize: Int, order: LoadingOrder, lastBatch: LastBatch,
    layout: InputLayout, transform: PixelTransform, augmentation: Augmentation? = nil,
    threads: Int? = 1
  ) {
    self.set = set
    self.batchSize = batchSize
    self.order = order
    self.lastBatch = lastBatch
    self.layout = layout
    self.transform = transform
    self.augmentation = augmentation
    self.threads = threads
  }

  var batchesPerEpoch: Int {
    lastBatch == .keep ? (set.count + batchSize - 1) / batchSize : set.count / batchSize
  }

  mutating func seek(to place: LoaderPosition) {
    if place.epoch != position.epoch { rows = nil }
    position = place
  }

  mutating func next() -> Batch {
    let rows = self.rows ?? rowsOfEpoch()
    self.rows = rows
    let first = position.batch * batchSize
    let chosen = rows[first..<min(first + batchSize, rows.count)]
    let upcoming = rows[chosen.endIndex..<min(chosen.endIndex + batchSize, rows.count)]
    let mixture = augmentation?.mixture(at: position, height: set.height, width: set.width)
    let labels = set.labels(of: chosen)
    let targets = set.targets(of: chosen)
    let batch = Batch(
      inputs: set.inputs(
        of: chosen, before: upcoming, transform, layout, augmentation, mixture,
        epoch: position.epoch,
        threads: threads),
      labels: mixture?.labels(labels) ?? labels,
      targets: mixture.map { mixture in
        targets.map(mixture.mixed(targets:)) ?? mixture.targets(labels, classes: set.classCount)
      } ?? targets,
      position: position, isLastOfEpoch: position.batch + 1 == batchesPerEpoch)
    seek(to: batch.following)
    return batch
  }

  private func rowsOfEpoch() -> [Int32] {
    switch order {
    case .sequential: return (0..<Int32(set.count)).map { $0 }
    case .shuffled(let seed):
      var random = Philox(seed: seed, stream: UInt64(position.epoch))
      return random.permutation(set.count)
    }
  }
}
