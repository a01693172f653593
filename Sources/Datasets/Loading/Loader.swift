import Tensors

/// Hands out the batches of a set, epoch after epoch, without end.
///
/// The batches are a function of the set, the batch size, the order, the augmentation and the position, with
/// and without prefetching and on any number of threads, bit for bit. A loader belongs to one thread. When it
/// goes, its second thread has ended.
public final class Loader {
  private static let bytesPerHandover = 1 << 20
  private let depth: Int
  private var maker: BatchMaker
  private(set) var prefetcher: Prefetcher?
  /// Batches that the second thread has handed over, the next one last.
  private var ready: [Batch] = []

  /// The place before the next batch.
  public private(set) var position = LoaderPosition()
  /// Seconds that ``next()`` has taken so far: what the reader has waited for.
  public private(set) var waiting = 0.0

  /// A loader at the beginning of epoch 0.
  ///
  /// - Parameters:
  ///   - set: the images; at least one, and with `.drop` at least a whole batch.
  ///   - batchSize: images in a batch; positive.
  ///   - order: how an epoch goes through the set.
  ///   - lastBatch: what becomes of the rest of an epoch.
  ///   - layout: the shape of the inputs.
  ///   - transform: how bytes become inputs; of as many channels (or features) as the set has,
  ///     or `.unit`.
  ///   - augmentation: what is done to images at random first; nil for nothing.
  ///   - prefetch: how many portions of batches (a portion is a batch, or as many as fit into a
  ///     mebibyte) a second thread prepares ahead; with 0 a batch is made when it is asked for.
  ///   - threads: how many threads make the images of one batch, positive; nil means the team that computes where a
  ///     batch is made when it is asked for, and one thread where it is made ahead.
  public init(
    _ set: ClassificationSet, batchSize: Int, order: LoadingOrder, lastBatch: LastBatch = .keep,
    layout: InputLayout = .rows, transform: PixelTransform = .unit,
    augmentation: Augmentation? = nil, prefetch: Int = 0, threads: Int? = nil
  ) {
    require(batchSize > 0, "Loader: batch size \(batchSize); it must be positive")
    require(prefetch >= 0, "Loader: prefetch \(prefetch); it must not be negative")
    if let threads {
      require(threads > 0, "Loader: \(threads) threads; there must be at least one")
    }
    require(
      transform.channels == 0 || transform.channels == set.channels,
      "Loader: a transform of \(transform.channels) channels for images of \(set.channels)")
    require(
      transform.mean.isEmpty || transform.mean.count == set.featureCount,
      "Loader: a transform of \(transform.mean.count) features for images of \(set.featureCount)")
    let obstacle = augmentation?.recipe.obstacle(channels: set.channels)
    require(obstacle == nil, "Loader: \(obstacle ?? "")")
    depth = prefetch
    maker = BatchMaker(
      set: set, batchSize: batchSize, order: order, lastBatch: lastBatch, layout: layout,
      transform: transform, augmentation: augmentation, threads: threads ?? (prefetch > 0 ? 1 : nil)
    )
    require(
      maker.batchesPerEpoch > 0,
      "Loader: \(set.count) images make no \(lastBatch == .drop ? "whole " : "")batch of "
        + "\(batchSize)")
  }

  deinit {
    prefetcher?.stop()
  }

  /// How many batches an epoch has.
  public var batchesPerEpoch: Int { maker.batchesPerEpoch }

  /// The batch at ``position``, which moves on.
  public func next() -> Batch {
    let start = ContinuousClock.now
    let batch = depth == 0 ? maker.next() : prefetched()
    waiting += (ContinuousClock.now - start) / .seconds(1)
    position = batch.following
    return batch
  }

  /// Goes on from a place that a checkpoint holds; throws bad data where this set has no such
  /// place.
  public func seek(to place: LoaderPosition) throws {
    try place.check(batchesPerEpoch: batchesPerEpoch)
    prefetcher?.stop()
    prefetcher = nil
    ready = []
    maker.seek(to: place)
    position = place
  }

  private func prefetched() -> Batch {
    if ready.isEmpty {
      let running = prefetcher ?? start()
      ready = running.take().reversed()
    }
    return ready.removeLast()
  }

  private func start() -> Prefetcher {
    let bytesPerBatch = maker.batchSize * maker.set.featureCount * MemoryLayout<Float>.size
    let started = Prefetcher(
      maker, depth: depth, portion: max(1, Self.bytesPerHandover / bytesPerBatch))
    prefetcher = started
    return started
  }
}
