import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite(.timeLimit(.minutes(1))) struct LoaderTests {
  /// Six bytes for each of `count` rows; the first is the row, the others follow from it.
  private static func pixels(_ count: Int) -> [UInt8] {
    (0..<(6 * count)).map { (place: Int) -> UInt8 in UInt8((place / 6 + 37 * (place % 6)) % 256) }
  }

  /// `count` images of 1 × 2 × 3.
  static func numbered(_ count: Int) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: pixels(count),
      height: 1, width: 2, channels: 3, labels: (0..<count).map { Int32($0 % 7) },
      classNames: (0..<7).map(String.init), description: "numbered")
  }

  /// The rows of a batch, read back from its inputs.
  static func rows(_ batch: Batch) -> [Int] {
    let features = batch.inputs.count / batch.count
    return (0..<batch.count).map { Int((batch.inputs.floats[$0 * features] * 255).rounded()) }
  }

  static func epoch(_ loader: Loader) -> [Batch] {
    (0..<loader.batchesPerEpoch).map { _ in loader.next() }
  }

  /// Everything of a batch that can be compared.
  struct Content: Equatable {
    let shape: [Int]
    let inputs: [UInt32]
    let labels: [Int32]
    let position: LoaderPosition
    let isLast: Bool

    init(_ batch: Batch) {
      shape = batch.inputs.shape.lengths
      inputs = batch.inputs.floats.map(\.bitPattern)
      labels = batch.labels.values
      position = batch.position
      isLast = batch.isLastOfEpoch
    }
  }

  @Test(arguments: [1, 3, 4, 20, 25], [LastBatch.keep, .drop])
  func anEpochHoldsEachImageOnce(batchSize: Int, lastBatch: LastBatch) throws {
    guard lastBatch == .keep || batchSize <= 20 else { return }
    let loader = Loader(
      try Self.numbered(20), batchSize: batchSize, order: .shuffled(seed: 1), lastBatch: lastBatch)
    for number in 0..<3 {
      let batches = Self.epoch(loader)
      let rows = batches.flatMap(Self.rows)
      let expected = lastBatch == .keep ? 20 : 20 / batchSize * batchSize
      #expect(rows.count == expected)
      #expect(Set(rows).count == expected)
      #expect(batches.dropLast().allSatisfy { $0.count == batchSize && !$0.isLastOfEpoch })
      #expect(batches.last?.count == (expected % batchSize == 0 ? batchSize : expected % batchSize))
      #expect(batches.last?.isLastOfEpoch == true)
      #expect(batches.map(\.position.batch) == Array(0..<batches.count))
      #expect(batches.allSatisfy { $0.position.epoch == number })
      #expect(
        batches.allSatisfy { zip(Self.rows($0), $0.labels.values).allSatisfy { $0 % 7 == $1 } })
    }
    #expect(loader.position == LoaderPosition(epoch: 3, batch: 0))
  }

  @Test(arguments: [0, 1, 5] as [UInt64])
  func theOrderIsThePermutationOfSeedAndEpoch(seed: UInt64) throws {
    let loader = Loader(try Self.numbered(50), batchSize: 7, order: .shuffled(seed: seed))
    var orders: [[Int]] = []
    for epoch in 0..<3 as Range<UInt64> {
      var random = Philox(seed: seed, stream: epoch)
      let expected = random.permutation(50).map(Int.init)
      orders.append(Self.epoch(loader).flatMap(Self.rows))
      #expect(orders.last == expected)
    }
    #expect(Set(orders).count == 3)
  }

  @Test func theSequentialOrder() throws {
    let loader = Loader(try Self.numbered(10), batchSize: 4, order: .sequential)
    for _ in 0..<2 {
      #expect(Self.epoch(loader).map(Self.rows) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    }
  }

  @Test func inputsAreTheBytesOver255() throws {
    let loader = Loader(try Self.numbered(256), batchSize: 256, order: .sequential)
    let inputs = loader.next().inputs
    #expect(inputs.shape == [256, 6])
    let expected = Self.pixels(256).map { Float(Double($0) / 255) }
    #expect(inputs.floats == expected)
  }

  /// Images enough for each thread of the team to make some, with none changed, centred and normalised bytes.
  @Test(arguments: [1, 2, 3, 7])
  func theTeamMakesTheSameBatches(threads: Int) throws {
    let before = Threads.count
    Threads.use(threads)
    defer { Threads.use(before) }
    let set = DrawnDigits.set(count: 101, seed: 3)
    for transform in [
      PixelTransform.unit, .normalized(mean: [0.1], deviation: [0.3]),
      .centred(mean: (0..<784).map(Float.init), deviation: (1...784).map(Float.init)),
    ] {
      func batches(_ threads: Int?) -> [[Float]] {
        let loader = Loader(
          set, batchSize: 50, order: .shuffled(seed: 2), transform: transform, threads: threads)
        return Self.epoch(loader).map(\.inputs.floats)
      }
      #expect(batches(nil) == batches(1))
    }
  }

  @Test func imagesKeepTheirShape() throws {
    let set = try Self.numbered(5)
    let rows = Loader(set, batchSize: 5, order: .sequential).next()
    let images = Loader(set, batchSize: 5, order: .sequential, layout: .images).next()
    #expect(images.inputs.shape == [5, 1, 2, 3])
    #expect(images.inputs.floats == rows.inputs.floats)
  }

  /// Expected values: torchvision's formula in double precision.
  @Test func normalisedInputs() throws {
    let (mean, deviation) = ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
    let transform = PixelTransform.normalized(
      mean: mean.map { Float($0) }, deviation: deviation.map { Float($0) })
    let loader = Loader(
      try Self.numbered(256), batchSize: 256, order: .sequential, transform: transform)
    for (place, value) in loader.next().inputs.floats.enumerated() {
      let (row, feature) = (place / 6, place % 6)
      let unit = Double((row + 37 * feature) % 256) / 255
      let expected = (unit - mean[feature % 3]) / deviation[feature % 3]
      #expect(abs(Double(value) - expected) < 1e-6, "row \(row), feature \(feature)")
    }
  }

  /// By its own statistics each channel has mean 0 and deviation 1; one that never changes is but shifted.
  @Test func normalisedByTheSet() throws {
    let pixels: [UInt8] = [0, 7, 4, 7, 2, 7, 6, 7]
    let set = try ClassificationSet(
      pixels: pixels, height: 1, width: 2, channels: 2, labels: [0, 0], classNames: ["a"],
      description: "s")
    let loader = Loader(set, batchSize: 2, order: .sequential, transform: .normalized(by: set))
    let values = loader.next().inputs.floats
    let deviation = 5.0.squareRoot()
    for (place, value) in values.enumerated() {
      let expected = place % 2 == 0 ? (Double(pixels[place]) - 3) / deviation : 0
      #expect(abs(Double(value) - expected) < 1e-6)
    }
  }

  @Test func stopsAtStatisticsOfBytes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelTransform.normalized(mean: [33.3], deviation: [78.6]) }
    expectStop(
      result,
      "PixelTransform.normalized: mean [33.3] and deviation [78.6] must be of pixels between 0 and 1; those of "
        + "bytes, as channelStatistics() has them, belong in normalized(by:)")
  }

  @Test func aTransformOfOnesOwn() throws {
    let transform = PixelTransform(channels: 3) { Float($0) * 2 + Float($1) }
    let loader = Loader(
      try Self.numbered(3), batchSize: 3, order: .sequential, transform: transform)
    #expect(loader.next().inputs.floats.prefix(6) == [0, 75, 150, 222, 297, 372])
  }

  @Test func centredPixels() throws {
    let set = try Self.numbered(2)
    let bytes = set.image(1).map { Float($0) }
    let mean = (0..<set.featureCount).map { Float($0) * 2 }
    let deviation = (0..<set.featureCount).map { Float($0 % 3 + 1) }
    func inputs(_ transform: PixelTransform) -> [Float] {
      let loader = Loader(set, batchSize: 2, order: .sequential, transform: transform)
      return Array(loader.next().inputs.floats.suffix(set.featureCount))
    }
    #expect(inputs(.centred(mean: mean)) == zip(bytes, mean).map { $0 - $1 })
    #expect(
      inputs(.centred(mean: mean, deviation: deviation))
        == bytes.indices.map { (bytes[$0] - mean[$0]) / deviation[$0] })
  }

  @Test(arguments: [1, 2, 4], [LastBatch.keep, .drop])
  func prefetchingChangesNoBit(depth: Int, lastBatch: LastBatch) throws {
    let digits = DrawnDigits.set(count: 1000, seed: 9)
    for (set, batchSize) in [(try Self.numbered(100), 16), (digits, 16), (digits, 600)] {
      let plain = Loader(
        set, batchSize: batchSize, order: .shuffled(seed: 2), lastBatch: lastBatch)
      let ahead = Loader(
        set, batchSize: batchSize, order: .shuffled(seed: 2), lastBatch: lastBatch, prefetch: depth)
      for _ in 0..<3 * plain.batchesPerEpoch + 1 {
        #expect(Content(plain.next()) == Content(ahead.next()))
        #expect(plain.position == ahead.position)
      }
    }
  }

  @Test(arguments: [0, 2])
  func goesOnFromACheckpoint(prefetch: Int) throws {
    let set = try Self.numbered(100)
    func loader() -> Loader {
      Loader(set, batchSize: 16, order: .shuffled(seed: 3), prefetch: prefetch)
    }
    for taken in [0, 1, 6, 7, 8, 20] {
      let whole = loader()
      for _ in 0..<taken { _ = whole.next() }
      let stored = try JSONEncoder().encode(whole.position)
      let resumed = loader()
      // A batch before seeking: what the second thread made for the old place must not come after.
      _ = resumed.next()
      try resumed.seek(to: JSONDecoder().decode(LoaderPosition.self, from: stored))
      #expect(resumed.position == whole.position)
      for _ in 0..<15 { #expect(Content(resumed.next()) == Content(whole.next())) }
    }
  }

  @Test(arguments: [(0, 7), (0, -1), (-1, 0)])
  func placesThatAreNotThereAreRefused(epoch: Int, batch: Int) throws {
    let loader = Loader(try Self.numbered(100), batchSize: 16, order: .sequential)
    _ = loader.next()
    expectError(
      .badData,
      """
      position of the loader: expected an epoch from 0 and a batch in 0 ..< 7, found epoch \
      \(epoch), batch \(batch)
      """
    ) { try loader.seek(to: LoaderPosition(epoch: epoch, batch: batch)) }
    #expect(loader.position == LoaderPosition(epoch: 0, batch: 1))
  }

  @Test func theSecondThreadEndsWithTheLoader() throws {
    let set = DrawnDigits.set(count: 500, seed: 10)
    for round in 0..<200 {
      weak var shared: Prefetcher?
      do {
        let loader = Loader(set, batchSize: 16, order: .shuffled(seed: 4), prefetch: 2)
        for _ in 0...round % 40 { _ = loader.next() }
        shared = loader.prefetcher
        #expect(shared != nil)
      }
      // The thread has left its loop; its last reference goes a moment later.
      let patience = Date(timeIntervalSinceNow: 10)
      while shared != nil && Date() < patience { usleep(50) }
      #expect(shared == nil, "round \(round)")
    }
  }

  @Test func anUnusedLoaderStartsNoThread() throws {
    let loader = Loader(try Self.numbered(10), batchSize: 2, order: .sequential, prefetch: 2)
    #expect(loader.prefetcher == nil)
  }

  @Test func aBatchThatCannotBeFilledStopsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Loader(try LoaderTests.numbered(10), batchSize: 16, order: .sequential, lastBatch: .drop)
    }
    expectStop(result, "Loader: 10 images make no whole batch of 16")
  }

  @Test func transformsOfOtherImagesStopTheProgram() async {
    let channels = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Loader(
        try LoaderTests.numbered(10), batchSize: 2, order: .sequential,
        transform: .normalized(mean: [0.1], deviation: [0.3]))
    }
    expectStop(channels, "Loader: a transform of 1 channels for images of 3")
    let features = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Loader(
        try LoaderTests.numbered(10), batchSize: 2, order: .sequential,
        transform: .centred(mean: [1, 2, 3, 4]))
    }
    expectStop(features, "Loader: a transform of 4 features for images of 6")
  }
}
