import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct CIFAR10Tests {
  /// A record whose red, green and blue are their own ramps.
  static func record(_ label: UInt8, start: Int = 0) -> [UInt8] {
    [label]
      + (0..<3).flatMap { channel in
        (0..<1024).map { UInt8(truncatingIfNeeded: start + 80 * channel + $0) }
      }
  }

  static func write(
    into folder: TemporaryFolder, _ place: String = "", labels: [UInt8] = [3, 9]
  ) throws {
    for batch in 1...5 {
      try folder.write(
        labels.flatMap { record($0, start: batch) }, "\(place)data_batch_\(batch).bin")
    }
    try folder.write(record(1), "\(place)test_batch.bin")
  }

  @Test(arguments: ["", "cifar10/", "cifar-10-batches-bin/", "cifar10/cifar-10-batches-bin/"])
  func readsTheSixFiles(place: String) throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, place)
    let (train, test) = try CIFAR10.load(from: folder.url)
    #expect(train.labels == [3, 9, 3, 9, 3, 9, 3, 9, 3, 9])
    #expect((train.height, train.width, train.channels) == (32, 32, 3))
    #expect(test.count == 1 && test.labels == [1])
    #expect(train.classNames[9] == "truck" && train.classCount == 10)
    // Colours side by side, row by row; the seventh image is the first of batch 4.
    #expect(Array(train.image(6).prefix(6)) == [4, 84, 164, 5, 85, 165])
    #expect(Array(test.image(0).suffix(3)) == [255, 79, 159])
  }

  @Test func aSizeThatIsNoMultiple() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder)
    for size in [0, 1, 3072, 5000] {
      try folder.write([UInt8](repeating: 0, count: size), "data_batch_4.bin")
      expectError(
        .badData,
        """
        \(folder.path)/data_batch_4.bin: expected a multiple of 3073 bytes (records of a class and 3 \
        × 32 × 32 pixels), found \(size)
        """
      ) { _ = try CIFAR10.load(from: folder.url) }
    }
  }

  @Test func aClassThatIsNone() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, labels: [3, 9, 10])
    expectError(
      .badData,
      """
      \(folder.path)/data_batch_1.bin: record 2 (offset 6146): expected a class in 0 ..< 10, found 10
      """
    ) { _ = try CIFAR10.load(from: folder.url) }
  }

  @Test func filesThatAreMissing() throws {
    let folder = try TemporaryFolder()
    let names = CIFAR10.fileNames.joined(separator: ", ")
    expectError(
      .noInput,
      """
      \(folder.path): expected the files \(names) in cifar10/ or in the folder itself (or in \
      cifar-10-batches-bin/ there); found none of them
      """
    ) { _ = try CIFAR10.load(from: folder.url) }
    try Self.write(into: folder, "cifar10/")
    try FileManager.default.removeItem(at: folder.file("cifar10/data_batch_2.bin"))
    expectError(
      .noInput,
      """
      \(folder.path): expected the files \(names) in cifar10/ or in the folder itself (or in \
      cifar-10-batches-bin/ there); found no data_batch_2.bin
      """
    ) { _ = try CIFAR10.load(from: folder.url) }
    expectError(.noInput, "\(folder.path)/absent.bin: cannot be opened: No such file or directory")
    {
      _ = try CIFAR10.read(folder.file("absent.bin"))
    }
  }

  /// Where a set of the publisher's size lies; nil where there is none, or a smaller one that somebody made.
  private static let real: URL? = {
    guard let folder = try? DataDirectory().locate(set: "cifar10") else { return nil }
    let count = try? CIFAR10.load(from: folder).train.count
    // What cannot be read is for the test to say.
    return count == nil || count == 50_000 ? folder : nil
  }()

  /// Runs where CIFAR-10 is at hand, in whatever compression its pixels went through: labels and sizes
  /// are the publisher's.
  @Test(.enabled(if: CIFAR10Tests.real != nil, "CIFAR-10 with its 50,000 images is not at hand"))
  func theRealSet() throws {
    let (train, test) = try CIFAR10.load(from: try #require(Self.real))
    #expect(train.classFrequencies == [Int](repeating: 5000, count: 10))
    #expect(test.classFrequencies == [Int](repeating: 1000, count: 10))
    #expect(train.labels.prefix(8) == [6, 9, 9, 4, 1, 1, 2, 7])
    #expect(test.labels.prefix(8) == [3, 8, 8, 0, 6, 6, 1, 6])
    // Means and deviations in units of 255, as they are published everywhere.
    let (mean, deviation) = train.channelStatistics()
    for (found, expected) in zip(mean, [0.4914, 0.4822, 0.4465]) {
      #expect(abs(Double(found) / 255 - expected) < 2e-3)
    }
    for (found, expected) in zip(deviation, [0.2470, 0.2435, 0.2616]) {
      #expect(abs(Double(found) / 255 - expected) < 2e-3)
    }
  }
}
