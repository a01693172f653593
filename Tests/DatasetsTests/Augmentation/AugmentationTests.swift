import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

extension Augmentation {
  /// What becomes of one image that may be mirrored and is moved.
  struct Draw: Equatable {
    var isMirrored = false
    /// Where in the image, or outside, the upper left pixel comes from.
    var top = 0
    var left = 0
  }

  /// The numbers that a run draws: they must stay what they are, or runs could not be resumed.
  func draw(epoch: Int, row: Int) -> Draw {
    var random = Philox(seed: seed, stream: 1 << 63 | UInt64(epoch) << 32 | UInt64(row))
    var draw = Draw()
    for step in recipe.transforms {
      if step == .horizontalFlip { draw.isMirrored = random.integer(below: 2) == 1 }
      if case .crop(let padding, .zero) = step {
        draw.top = random.integer(below: 2 * padding + 1) - padding
        draw.left = random.integer(below: 2 * padding + 1) - padding
      }
    }
    return draw
  }
}

@Suite(.timeLimit(.minutes(1))) struct AugmentationTests {
  fileprivate static func set(
    _ count: Int, height: Int, width: Int, channels: Int = 1, _ byte: (_ place: Int) -> UInt8
  ) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: (0..<(count * height * width * channels)).map(byte), height: height, width: width,
      channels: channels, labels: [Int32](repeating: 0, count: count), classNames: ["any"],
      description: "drawn")
  }

  /// Bytes as they are.
  private static func bytes(channels: Int) -> PixelTransform {
    PixelTransform(channels: channels) { byte, _ in Float(byte) }
  }

  /// All images of an epoch, in the order of the set.
  private static func images(
    _ set: ClassificationSet, _ augmentation: Augmentation?, epoch: Int = 0,
    _ transform: PixelTransform? = nil
  ) throws -> [[Float]] {
    let loader = Loader(
      set, batchSize: set.count, order: .sequential,
      transform: transform ?? bytes(channels: set.channels), augmentation: augmentation)
    try loader.seek(to: .init(epoch: epoch))
    let inputs = loader.next().inputs.floats
    return (0..<set.count).map {
      Array(inputs[($0 * set.featureCount)..<(($0 + 1) * set.featureCount)])
    }
  }

  @Test(arguments: [
    (false, 0, 0, [1, 2, 3, 4, 5, 6]),
    (true, 0, 0, [3, 2, 1, 6, 5, 4]),
    (false, 1, 0, [4, 5, 6, 0, 0, 0]),
    (false, -1, 0, [0, 0, 0, 1, 2, 3]),
    (false, 0, 1, [2, 3, 0, 5, 6, 0]),
    (false, 0, -1, [0, 1, 2, 0, 4, 5]),
    (true, 0, 1, [2, 1, 0, 5, 4, 0]),
    (true, -1, -1, [0, 0, 0, 0, 3, 2]),
  ])
  func whatBecomesOfASmallImage(
    isMirrored: Bool, top: Int, left: Int, expected: [Float]
  ) throws {
    let augmentation = Augmentation(mirrors: true, shift: 1, seed: 5)
    let set = try Self.set(200, height: 2, width: 3) { UInt8($0 % 6 + 1) }
    let draw = Augmentation.Draw(isMirrored: isMirrored, top: top, left: left)
    let row = try #require(
      (0..<set.count).first { augmentation.draw(epoch: 0, row: $0) == draw })
    #expect(try Self.images(set, augmentation)[row] == expected)
  }

  /// The image's rows reversed where it is mirrored, a border of zeros around it, and a window of its size.
  private static func expected(
    _ image: [UInt8], _ set: ClassificationSet, border: Int, _ draw: Augmentation.Draw
  ) -> [Float] {
    let (height, width, channels) = (set.height, set.width, set.channels)
    let none = [UInt8](repeating: 0, count: channels)
    let side = [[UInt8]](repeating: none, count: border)
    let outside = [[[UInt8]]](
      repeating: [[UInt8]](repeating: none, count: width + 2 * border), count: border)
    let rows = (0..<height).map { y in
      let pixels = (0..<width).map { x in
        (0..<channels).map { image[(y * width + x) * channels + $0] }
      }
      return side + (draw.isMirrored ? pixels.reversed() : pixels) + side
    }
    return (outside + rows + outside)[(border + draw.top)...].prefix(height).flatMap { row in
      row[(border + draw.left)...].prefix(width).flatMap { $0.map { Float($0) } }
    }
  }

  /// Every image of its own bytes, every pixel unlike the others, and every draw that there is.
  @Test(arguments: [
    (3, 3, 2, 1), (2, 3, 1, 1), (4, 3, 3, 2), (1, 1, 3, 1), (2, 2, 1, 3), (1, 4, 1, 2),
  ])
  func isAWindowOfTheImageInABorder(
    height: Int, width: Int, channels: Int, shift: Int
  ) throws {
    let augmentation = Augmentation(mirrors: true, shift: shift, seed: 8)
    let set = try Self.set(600, height: height, width: width, channels: channels) {
      UInt8($0 * 7 % 251 + 1)
    }
    var seen: [Augmentation.Draw] = []
    for (row, found) in try Self.images(set, augmentation, epoch: 3).enumerated() {
      let draw = augmentation.draw(epoch: 3, row: row)
      #expect(
        found == Self.expected(Array(set.image(row)), set, border: shift, draw), "\(draw)")
      if !seen.contains(draw) { seen.append(draw) }
    }
    #expect(seen.count == 2 * (2 * shift + 1) * (2 * shift + 1))
  }

  /// What comes in at the edge is a pixel of byte 0, which the transform takes like any other.
  @Test func theBorderIsBlackAndTransformedToo() throws {
    let augmentation = Augmentation(mirrors: false, shift: 1, seed: 5)
    let set = try Self.set(100, height: 1, width: 2, channels: 2) { _ in 10 }
    let row = try #require(
      (0..<set.count).first {
        augmentation.draw(epoch: 0, row: $0) == .init(isMirrored: false, top: 0, left: 1)
      })
    let images = try Self.images(set, augmentation, .centred(mean: [1, 2, 3, 4]))
    #expect(images[row] == [9, 8, -3, -4])
    #expect(try Self.images(set, augmentation, PixelTransform.unit)[row].suffix(2) == [0, 0])
  }

  @Test func farMovesLeaveNothing() throws {
    let set = try Self.set(400, height: 2, width: 3) { _ in 9 }
    let augmentation = Augmentation(mirrors: true, shift: 8, seed: 1)
    for (row, image) in try Self.images(set, augmentation).enumerated() {
      let draw = augmentation.draw(epoch: 0, row: row)
      let isOutside = abs(draw.top) >= 2 || abs(draw.left) >= 3
      #expect(image.allSatisfy { $0 == 0 } == isOutside, "\(draw)")
    }
  }

  @Test func nothingAskedChangesNothing() throws {
    let set = try LoaderTests.numbered(40)
    let nothing = Augmentation(mirrors: false, shift: 0, seed: 6)
    for epoch in [0, 4] {
      #expect(
        try Self.images(set, nothing, epoch: epoch) == Self.images(set, nil, epoch: epoch))
    }
  }

  private static func loader(
    prefetch: Int = 0, batchSize: Int = 16, seed: UInt64 = 11, layout: InputLayout = .rows
  ) throws -> Loader {
    Loader(
      try LoaderTests.numbered(100), batchSize: batchSize, order: .shuffled(seed: 2),
      layout: layout, augmentation: .init(mirrors: true, shift: 1, seed: seed), prefetch: prefetch)
  }

  @Test(arguments: [1, 3])
  func prefetchingChangesNoBit(depth: Int) throws {
    let (plain, ahead) = (try Self.loader(), try Self.loader(prefetch: depth))
    for _ in 0..<3 * plain.batchesPerEpoch + 1 {
      #expect(LoaderTests.Content(plain.next()) == LoaderTests.Content(ahead.next()))
    }
  }

  @Test(arguments: [0, 2])
  func goesOnFromACheckpoint(prefetch: Int) throws {
    for taken in [1, 7, 9] {
      let (whole, resumed) = (
        try Self.loader(prefetch: prefetch), try Self.loader(prefetch: prefetch)
      )
      for _ in 0..<taken { _ = whole.next() }
      _ = resumed.next()
      try resumed.seek(to: whole.position)
      for _ in 0..<10 {
        #expect(LoaderTests.Content(resumed.next()) == LoaderTests.Content(whole.next()))
      }
    }
  }

  /// Seed, epoch and row say it all: not the batch in which an image comes, nor the shape that is asked for.
  @Test func isAFunctionOfSeedEpochAndRow() throws {
    func epochs(_ loader: Loader) -> [[Float]] {
      (0..<2).map { _ in LoaderTests.epoch(loader).flatMap(\.inputs.floats) }
    }
    let found = try epochs(Self.loader())
    #expect(try epochs(Self.loader()) == found)
    #expect(try epochs(Self.loader(batchSize: 7)) == found)
    #expect(try epochs(Self.loader(layout: .images)) == found)
    #expect(try epochs(Self.loader(seed: 12)) != found)

    let set = try LoaderTests.numbered(100)
    let augmentation = Augmentation(mirrors: true, shift: 1, seed: 11)
    #expect(
      try Self.images(set, augmentation, epoch: 0) != Self.images(set, augmentation, epoch: 1))
    func draws(_ seed: UInt64, epoch: Int, rows: Range<Int>) -> [Augmentation.Draw] {
      let augmentation = Augmentation(mirrors: true, shift: 4, seed: seed)
      return rows.map { augmentation.draw(epoch: epoch, row: $0) }
    }
    let some = draws(1, epoch: 2, rows: 0..<50)
    #expect(draws(1, epoch: 2, rows: 0..<50) == some)
    #expect(draws(2, epoch: 2, rows: 0..<50) != some)
    #expect(draws(1, epoch: 3, rows: 0..<50) != some)
    #expect(draws(1, epoch: 2, rows: 1..<51) != some)
  }

  /// A fair coin: of 10,000 images, half, with a standard deviation of 50.
  @Test func halfAreMirrored() throws {
    let set = try Self.set(1000, height: 1, width: 2) { UInt8($0 % 2 + 1) }
    let seed: UInt64 = 3
    let augmentation = Augmentation(try AugmentationRecipe(parsing: "flip"), seed: seed)
    let images = try (0..<10).flatMap { try Self.images(set, augmentation, epoch: $0) }
    let (mirrored, others) = (images.count { $0 == [2, 1] }, images.count { $0 == [1, 2] })
    #expect(mirrored + others == 10_000)
    #expect(abs(mirrored - 5000) < 4 * 50, "seed \(seed)")
    let never = Augmentation(mirrors: false, shift: 0, seed: seed)
    #expect(try Self.images(set, never).allSatisfy { $0 == [1, 2] })
  }

  /// Each of the 25 moves of two pixels is as likely as the others, mirrored or not: χ² of 49 degrees of freedom
  /// lies beyond 85.4 once in a thousand.
  @Test func movesAreUniform() throws {
    // All pixels differ, and no move takes the middle or what is on its right out of the image.
    let set = try Self.set(1000, height: 5, width: 7) { UInt8($0 % 35 + 1) }
    let seed: UInt64 = 4
    let augmentation = Augmentation(mirrors: true, shift: 2, seed: seed)
    var counts = [Int](repeating: 0, count: 50)
    for epoch in 0..<20 {
      for image in try Self.images(set, augmentation, epoch: epoch) {
        let middle = try #require(image.firstIndex(of: 18))
        let (top, left) = (2 - middle / 7, 3 - middle % 7)
        try #require(abs(top) <= 2 && abs(left) <= 2)
        let isMirrored = image[middle + 1] == 17
        #expect(isMirrored || image[middle + 1] == 19)
        counts[(isMirrored ? 25 : 0) + (top + 2) * 5 + left + 2] += 1
      }
    }
    let squares = counts.reduce(0.0) { $0 + (Double($1) - 400) * (Double($1) - 400) / 400 }
    #expect(squares < 85.4, "seed \(seed)")
  }

  /// Everything there is, on any number of threads, ahead or not, in batches of any size, and after going back.
  @Test(
    arguments: [(0, 1, 8), (2, 1, 8), (0, 2, 8), (1, 3, 8), (0, 16, 8), (2, 2, 5), (0, nil, 8)],
    [1, 3])
  func sameBitsWhateverTheThreads(
    _ ways: (prefetch: Int, threads: Int?, batch: Int), channels: Int
  ) throws {
    let recipe = try AugmentationRecipe(
      parsing: "flip,vflip,turn,crop2:reflect,zoom0.4,jitter0.4:0.4:0.4:0.1,erase0.5,cutout2"
        + (channels == 3 ? ",stain0.2" : ""))
    let set = try Self.set(40, height: 9, width: 7, channels: channels) {
      UInt8(truncatingIfNeeded: $0 &* 7919 >> 3)
    }
    func loader(_ ways: (prefetch: Int, threads: Int?, batch: Int)) -> Loader {
      Loader(
        set, batchSize: ways.batch, order: .shuffled(seed: 2),
        transform: .normalized(
          mean: [Float](repeating: 0.4, count: channels),
          deviation: [Float](repeating: 0.2, count: channels)),
        augmentation: .init(recipe, seed: 6), prefetch: ways.prefetch, threads: ways.threads)
    }
    func epoch(_ loader: Loader) -> [UInt32] {
      LoaderTests.epoch(loader).flatMap { $0.inputs.floats.map(\.bitPattern) }
    }
    let (plain, other) = (loader((0, 1, 8)), loader(ways))
    let first = epoch(plain)
    #expect(epoch(other) == first)
    #expect(epoch(other) != first)
    try other.seek(to: .init())
    #expect(epoch(other) == first)
    #expect(first.allSatisfy { Float(bitPattern: $0).isFinite })
  }

  /// Processor time of this thread, to which what else the machine does adds nothing.
  private func secondsOfThisThread() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// What ResNet-18 takes in a step, with all that can be done to it, is some forty times the work of the images as
  /// they are.
  @Test(.disabled(if: Sanitizer.allCases.contains(where: \.isOn), "sanitizers take their time"))
  func aBatchIsReadyInTime() throws {
    let set = try Self.set(128, height: 64, width: 64, channels: 3) {
      UInt8(truncatingIfNeeded: $0 &* 7919 >> 3)
    }
    let recipe = try AugmentationRecipe(
      parsing: "flip,turn,crop4,zoom0.5,jitter0.4:0.4:0.4:0.1,stain0.1,erase0.5,mixup0.2,cutmix1")
    func best(_ augmentation: Augmentation?) throws -> Double {
      let loader = Loader(
        set, batchSize: 128, order: .shuffled(seed: 2), layout: .images,
        transform: .normalized(mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2]),
        augmentation: augmentation, threads: 1)
      let all = (0..<5).map { _ in
        let before = secondsOfThisThread()
        _ = loader.next()
        return secondsOfThisThread() - before
      }
      return try #require(all.min())
    }
    let (plain, changed) = try (best(nil), best(.init(recipe, seed: 1)))
    #expect(changed < 150 * plain, "\(changed) s, and \(plain) s as they are")
  }

  /// Erased places are what the network takes for nothing.
  @Test func whatIsErasedIsNearZero() throws {
    let set = try Self.set(30, height: 6, width: 6, channels: 3) { _ in 250 }
    let images = try Self.images(
      set, .init(.init([.cutout(side: 2)]), seed: 1),
      .normalized(mean: [0.2, 0.5, 0.7], deviation: [0.25, 0.25, 0.25]))
    for image in images {
      let erased = image.count { abs($0) <= 0.5 / 255 / 0.25 + 1e-6 }
      #expect([3, 6, 12].contains(erased))
    }
  }

  @Test func wrongNumbersStopTheProgram() async {
    let padding = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Augmentation(.init([.crop(padding: 0)]), seed: 0) }
    expectStop(padding, "Augmentation: crop of padding 0; expected a whole number from 1 to 1000")
    let stains = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Loader(
        try AugmentationTests.set(4, height: 2, width: 2) { _ in 0 }, batchSize: 2,
        order: .sequential,
        augmentation: .init(.tissue, seed: 0))
    }
    expectStop(stains, "Loader: stain: expected images of 3 channels, found 1")
  }

  @Test func aNegativeShiftStopsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Augmentation(mirrors: true, shift: -1, seed: 0) }
    expectStop(result, "Augmentation: shift -1; it must not be negative")
  }
}
