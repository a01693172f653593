import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct MNISTTests {
  /// Three training images and two test images of 2 × 2.
  static func write(
    into folder: TemporaryFolder, _ place: String = "", dotted: Bool = false,
    trainLabels: [UInt8] = [3, 9, 0], testSide: UInt32 = 2
  ) throws {
    let infix = dotted ? "." : "-"
    func name(_ start: String, _ end: String) -> String { "\(place)\(start)\(infix)\(end)" }
    try folder.write(
      words(0x803, 3, 2, 2) + Array(10..<22), name("train-images", "idx3-ubyte"))
    try folder.write(
      words(0x801, UInt32(trainLabels.count)) + trainLabels, name("train-labels", "idx1-ubyte"))
    try folder.write(
      words(0x803, 2, testSide, 2) + Array(repeating: 5, count: Int(testSide) * 4),
      name("t10k-images", "idx3-ubyte"))
    try folder.write(words(0x801, 2) + [1, 2], name("t10k-labels", "idx1-ubyte"))
  }

  @Test(arguments: ["", "mnist/"], [false, true])
  func readsTheFourFiles(place: String, dotted: Bool) throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, place, dotted: dotted)
    let (train, test) = try MNIST.load(from: folder.url)
    #expect(train.count == 3)
    #expect(train.pixels == Array(10..<22))
    #expect(train.labels == [3, 9, 0])
    #expect((train.height, train.width, train.channels) == (2, 2, 1))
    #expect(train.classNames == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    #expect(test.labels == [1, 2])
    #expect(test.pixels == Array(repeating: 5, count: 8))
  }

  @Test func labelsOutOfRangeNameTheRow() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, trainLabels: [3, 10, 0])
    expectError(
      .badData,
      "\(folder.path)/train-labels-idx1-ubyte: row 1: expected a label in 0 ..< 10, found 10"
    ) { _ = try MNIST.load(from: folder.url) }
    #expect(try MNIST.load(from: folder.url, classes: 11).train.classCount == 11)
  }

  @Test func countsMustAgree() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, trainLabels: [3, 1])
    expectError(
      .badData,
      """
      \(folder.path)/train-labels-idx1-ubyte: offset 4: expected 3 labels, one for each image of \
      \(folder.path)/train-images-idx3-ubyte, found 2
      """
    ) { _ = try MNIST.load(from: folder.url) }
  }

  @Test func sizesMustAgree() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, testSide: 3)
    expectError(
      .badData,
      """
      \(folder.path)/t10k-images-idx3-ubyte: offset 8: expected images of 2 × 2 as in \
      \(folder.path)/train-images-idx3-ubyte, found 3 × 2
      """
    ) { _ = try MNIST.load(from: folder.url) }
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    try Self.write(into: folder, "mnist/")
    try FileManager.default.removeItem(
      at: folder.url.appendingPathComponent("mnist/t10k-labels-idx1-ubyte"))
    expectError(
      .noInput,
      """
      \(folder.path): expected the files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, \
      t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz (or unpacked, without .gz) in mnist/ or \
      in the folder itself; found no t10k-labels-idx1-ubyte.gz
      """
    ) { _ = try MNIST.load(from: folder.url) }
  }

  /// Runs where MNIST itself is at hand; the numbers are those that are published about it.
  @Test(.enabled(if: (try? DataDirectory().locate(set: "mnist")) != nil))
  func theRealSet() throws {
    let folder = try #require(try DataDirectory().locate(set: "mnist"))
    let (train, test) = try MNIST.load(from: folder)
    #expect((train.count, train.height, train.width) == (60_000, 28, 28))
    #expect(test.count == 10_000)
    #expect(
      train.classFrequencies == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(test.classFrequencies == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    let sum = train.pixels.reduce(0) { $0 + Int($1) }
    #expect(abs(Double(sum) / 255 / Double(train.pixels.count) - 0.1307) < 5e-5)
    #expect(train.labels.prefix(8) == [5, 0, 4, 1, 9, 2, 1, 3])
  }
}
