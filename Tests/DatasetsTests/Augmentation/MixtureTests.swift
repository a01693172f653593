import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite(.timeLimit(.minutes(1))) struct MixtureTests {
  /// Images of 3 × 4 pixels, each of one byte of its own.
  private static func set(_ count: Int) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: (0..<count * 12).map { UInt8($0 / 12 * 10 + 10) }, height: 3, width: 4, channels: 1,
      labels: (0..<count).map { Int32($0 % 3) }, classNames: ["a", "b", "c"], description: "drawn")
  }

  private static let bytes = PixelTransform(channels: 1) { byte, _ in Float(byte) }

  private static func loader(
    _ count: Int, mixup: Double = 0, cutmix: Double = 0, prefetch: Int = 0, threads: Int? = 1,
    layout: InputLayout = .rows
  ) throws -> Loader {
    Loader(
      try set(count), batchSize: 5, order: .shuffled(seed: 3), layout: layout, transform: bytes,
      augmentation: .init(
        .init([.horizontalFlip, .crop(padding: 1)], mixup: mixup, cutmix: cutmix), seed: 4),
      prefetch: prefetch, threads: threads)
  }

  /// λ a + (1 − λ) b pixel by pixel, and so the classes.
  @Test func mixup() throws {
    let plain = Loader(try Self.set(5), batchSize: 5, order: .sequential, transform: Self.bytes)
    let mixed = Loader(
      try Self.set(5), batchSize: 5, order: .sequential, transform: Self.bytes,
      augmentation: .init(.init([], mixup: 1), seed: 9))
    let augmentation = Augmentation(.init([], mixup: 1), seed: 9)
    for epoch in 0..<4 {
      let (a, b) = (plain.next(), mixed.next())
      let mixture = augmentation.mixture(at: .init(epoch: epoch), height: 3, width: 4)
      guard case .mixup(let share) = try #require(mixture) else { throw Unexpected() }
      let (own, classes) = (a.inputs.floats, a.labels.values)
      let targets = try #require(b.targets)
      for image in 0..<5 {
        for place in 0..<12 {
          let expected =
            share * own[image * 12 + place] + (1 - share) * own[(4 - image) * 12 + place]
          #expect(abs(b.inputs.floats[image * 12 + place] - expected) < 1e-5)
        }
        var shares: [Float] = [0, 0, 0]
        shares[Int(classes[image])] += share
        shares[Int(classes[4 - image])] += 1 - share
        #expect(Array(targets.floats[(image * 3)..<(image * 3 + 3)]) == shares)
        #expect(b.labels.values[image] == classes[share >= 0.5 ? image : 4 - image])
      }
    }
  }

  /// Of two halves the own class is the label.
  @Test(
    arguments: [(0.5, [0, 1, 2]), (0.4999, [2, 1, 0]), (0, [2, 1, 0]), (1, [0, 1, 2])]
      as [(Float, [Int32])])
  func labelOfTheLargerShare(share: Float, expected: [Int32]) {
    let labels = IndexTensor([0, 1, 2])
    #expect(Mixture.mixup(share: share).labels(labels).values == expected)
    #expect(
      Mixture.cutmix(rows: 0..<1, columns: 0..<1, share: share).labels(labels).values == expected)
  }

  private struct Unexpected: Error {}

  /// A rectangle of the other image, whose share of the area is that of its class.
  @Test func cutmix() throws {
    let augmentation = Augmentation(.init([], cutmix: 1), seed: 9)
    let mixed = Loader(
      try Self.set(4), batchSize: 4, order: .sequential, layout: .images, transform: Self.bytes,
      augmentation: augmentation)
    var sizes: Set<Int> = []
    for epoch in 0..<40 {
      let batch = mixed.next()
      let mixture = augmentation.mixture(at: .init(epoch: epoch), height: 3, width: 4)
      guard case .cutmix(let rows, let columns, let share) = try #require(mixture) else {
        throw Unexpected()
      }
      sizes.insert(rows.count * columns.count)
      #expect(abs(share - (1 - Float(rows.count * columns.count) / 12)) < 1e-6)
      let values = batch.inputs.floats
      for image in 0..<4 {
        for place in 0..<12 {
          let isOther = rows.contains(place / 4) && columns.contains(place % 4)
          #expect(values[image * 12 + place] == Float((isOther ? 3 - image : image) * 10 + 10))
        }
      }
      #expect(try #require(batch.targets).floats.prefix(3) == [1, 0, 0])
      #expect(
        try #require(batch.targets).floats[3..<6] == [0, share, 1 - share])
    }
    #expect(sizes.count > 4)
  }

  /// Targets are mixed as images are: a label that one of two has is had by its share.
  @Test func mixesTargets() throws {
    let set = try ClassificationSetTests.multiLabel()
    let augmentation = Augmentation(.init([], mixup: 0.5), seed: 4)
    let loader = Loader(
      set, batchSize: 4, order: .sequential, layout: .images, augmentation: augmentation)
    let mixture = augmentation.mixture(at: .init(), height: 1, width: 2)
    let share = try #require(mixture).share
    let own = try #require(set.targets).map(Float.init)
    let targets = try #require(loader.next().targets)
    #expect(targets.shape == [4, 3] && share > 0 && share < 1)
    for row in 0..<4 {
      for label in 0..<3 {
        let expected = share * own[row * 3 + label] + (1 - share) * own[(3 - row) * 3 + label]
        #expect(targets.floats[row * 3 + label] == expected)
      }
    }
  }

  /// A black and a white image of one size: what is seen on the one of the other tells how they were mixed.
  private static func blackAndWhite(
    _ recipe: AugmentationRecipe, height: Int, width: Int, seed: UInt64
  ) throws -> Loader {
    let pixels = height * width
    let set = try ClassificationSet(
      pixels: (0..<2 * pixels).map { UInt8($0 < pixels ? 0 : 255) }, height: height, width: width,
      channels: 1, labels: [0, 1], classNames: ["black", "white"], description: "drawn")
    return Loader(
      set, batchSize: 2, order: .sequential, augmentation: .init(recipe, seed: seed), threads: 1)
  }

  /// λ ~ Beta(α, α): mean ½, variance 1 / (4 (2α + 1)); the standard error of the variance follows from the fourth
  /// central moment, 3 / (16 (2α + 1) (2α + 3)).
  @Test(arguments: [0.2, 1, 5] as [Double])
  func mixupsShareIsOfTheBetaDistribution(alpha: Double) throws {
    let (seed, count): (UInt64, Int) = (21, 20_000)
    let loader = try Self.blackAndWhite(.init([], mixup: alpha), height: 1, width: 1, seed: seed)
    // What is left of white, which is 1, is its own share.
    let shares = (0..<count).map { _ in Double(loader.next().inputs.floats[1]) }
    let mean = shares.reduce(0.0, +) / Double(count)
    let variance = shares.reduce(0.0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / Double(count)
    let expected = 1 / (4 * (2 * alpha + 1))
    let fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    let errorOfMean = (expected / Double(count)).squareRoot()
    let errorOfVariance = ((fourth - expected * expected) / Double(count)).squareRoot()
    #expect(abs(mean - 0.5) < 5 * errorOfMean, "seed \(seed): \(mean)")
    #expect(abs(variance - expected) < 5 * errorOfVariance, "seed \(seed): \(variance)")
  }

  /// For each place of a side, the share of the centres around which a piece of `cut` pixels covers it.
  private static func coverage(_ length: Int, _ cut: Int) -> [Double] {
    (0..<length).map { place in
      let centres = (0..<length).count { centre in
        let first = centre - cut / 2
        return (first..<first + cut).contains(place)
      }
      return Double(centres) / Double(length)
    }
  }

  /// With α = 1 the cut share 1 − λ is uniform. From (m / pixels)² to ((m + 1) / pixels)² the sides of the
  /// rectangle are the same whole numbers, so that what is to be expected is a sum over m.
  @Test func cutmixCutsWhatTheDirectSumSays() throws {
    let (height, width, count, seed): (Int, Int, Int, UInt64) = (6, 9, 20_000, 22)
    let pixels = height * width
    var expected = [Double](repeating: 0, count: pixels)
    for m in 0..<pixels {
      let probability = Double(2 * m + 1) / Double(pixels * pixels)
      let (down, along) = (Self.coverage(height, m / width), Self.coverage(width, m / height))
      for place in 0..<pixels {
        expected[place] += probability * down[place / width] * along[place % width]
      }
    }

    let loader = try Self.blackAndWhite(
      .init([], cutmix: 1), height: height, width: width, seed: seed)
    var covered = [Int](repeating: 0, count: pixels)
    var areas: [Double] = []
    // Where rectangles of one row and of one column lie that no edge has cut off: those are the centres.
    var rows = [Int](repeating: 0, count: height - 2)
    var columns = [Int](repeating: 0, count: width - 2)
    for _ in 0..<count {
      let values = loader.next().inputs.floats
      let places = (0..<pixels).filter { values[$0] > 0.5 }
      areas.append(Double(places.count))
      for place in places { covered[place] += 1 }
      let (ys, xs) = (Set(places.map { $0 / width }), Set(places.map { $0 % width }))
      if ys.count == 1, let y = ys.first, (1..<height - 1).contains(y) { rows[y - 1] += 1 }
      if xs.count == 1, let x = xs.first, (1..<width - 1).contains(x) { columns[x - 1] += 1 }
    }

    let mean = areas.reduce(0.0, +) / Double(count)
    let variance = areas.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    #expect(
      abs(mean - expected.reduce(0.0, +)) < 5 * (variance / Double(count)).squareRoot(),
      "seed \(seed): \(mean)")
    for (place, share) in expected.enumerated() {
      let found = Double(covered[place]) / Double(count)
      let error = (share * (1 - share) / Double(count)).squareRoot()
      #expect(abs(found - share) < 5 * error, "seed \(seed), pixel \(place): \(found)")
    }
    // χ² of 3 and of 6 degrees of freedom lies beyond these once in a thousand.
    for (counts, bound) in [(rows, 16.27), (columns, 22.46)] {
      let even = Double(counts.reduce(0, +)) / Double(counts.count)
      let squares = counts.reduce(0.0) { $0 + (Double($1) - even) * (Double($1) - even) / even }
      #expect(even > 30 && squares < bound, "seed \(seed): \(counts)")
    }
  }

  /// Where both are asked for, each has about half of the batches.
  @Test func bothByTurns() {
    let augmentation = Augmentation(.init([], mixup: 0.2, cutmix: 1), seed: 1)
    let cuts = (0..<1000).count { number in
      let place = LoaderPosition(epoch: number / 100, batch: number % 100)
      guard case .cutmix = augmentation.mixture(at: place, height: 8, width: 8) else {
        return false
      }
      return true
    }
    #expect(abs(cuts - 500) < 5 * 16)
  }

  @Test(
    arguments: [(0, 1), (2, 1), (0, 3), (1, 2), (0, 16), (0, nil)], [InputLayout.rows, .images])
  func sameBitsWhateverTheThreads(_ ways: (prefetch: Int, threads: Int?), layout: InputLayout)
    throws
  {
    let plain = try Self.loader(17, mixup: 0.4, cutmix: 1)
    let other = try Self.loader(
      17, mixup: 0.4, cutmix: 1, prefetch: ways.prefetch, threads: ways.threads, layout: layout)
    for _ in 0..<9 {
      let (a, b) = (plain.next(), other.next())
      #expect(a.inputs.floats.map(\.bitPattern) == b.inputs.floats.map(\.bitPattern))
      #expect(a.targets?.floats == b.targets?.floats)
      #expect(a.labels.values == b.labels.values)
    }
    // The same after going back.
    try plain.seek(to: .init(epoch: 1, batch: 2))
    try other.seek(to: .init(epoch: 1, batch: 2))
    #expect(plain.next().inputs.floats == other.next().inputs.floats)
  }

  @Test func anotherSeedIsAnotherMixture() {
    func mixtures(_ seed: UInt64, epoch: Int) -> [Mixture?] {
      let augmentation = Augmentation(.init([], mixup: 1), seed: seed)
      return (0..<5).map {
        augmentation.mixture(at: .init(epoch: epoch, batch: $0), height: 2, width: 2)
      }
    }
    #expect(mixtures(1, epoch: 0) == mixtures(1, epoch: 0))
    #expect(mixtures(1, epoch: 0) != mixtures(2, epoch: 0))
    #expect(mixtures(1, epoch: 0) != mixtures(1, epoch: 1))
    #expect(Set(mixtures(1, epoch: 0).map { $0?.share }).count == 5)
  }

  @Test func waitingIsCounted() throws {
    let loader = try Self.loader(17)
    #expect(loader.waiting == 0)
    _ = loader.next()
    let first = loader.waiting
    #expect(first > 0 && first < 30)
    _ = loader.next()
    #expect(loader.waiting > first)
  }

  @Test func noThreadsStopTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = try MixtureTests.loader(17, threads: 0) }
    expectStop(result, "Loader: 0 threads; there must be at least one")
  }
}
