import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct CIFAR100Tests {
  /// Two labels, then red, green and blue in their own ramps.
  private func record(_ group: UInt8, _ label: UInt8) -> [UInt8] {
    [group] + CIFAR10Tests.record(label)
  }

  @Test func names() {
    #expect(CIFAR100.classNames.count == 100 && CIFAR100.groupNames.count == 20)
    #expect(CIFAR100.classNames == CIFAR100.classNames.sorted())
    #expect(CIFAR100.classNames[0] == "apple" && CIFAR100.classNames[99] == "worm")
    #expect(CIFAR100.groupNames[19] == "vehicles 2")
  }

  @Test(arguments: ["", "cifar100/", "cifar100/cifar-100-binary/"])
  func readsEitherLabel(place: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(record(3, 99) + record(19, 0), "\(place)train.bin")
    try folder.write(record(0, 42), "\(place)test.bin")
    let (train, test) = try CIFAR100.load(from: folder.url)
    #expect(train.labels == [99, 0] && test.labels == [42])
    #expect(train.classCount == 100)
    #expect(Array(train.image(1).prefix(6)) == [0, 80, 160, 1, 81, 161])
    let groups = try CIFAR100.load(from: folder.url, labels: .coarse).train
    #expect(groups.labels == [3, 19] && groups.classCount == 20)
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    try folder.write(record(3, 4) + record(20, 100), "train.bin")
    try folder.write(record(0, 42), "test.bin")
    expectError(
      .badData,
      """
      \(folder.path)/train.bin: record 1 (offset 3075): expected a class in 0 ..< 100, found 100
      """
    ) { _ = try CIFAR100.load(from: folder.url) }
    expectError(
      .badData,
      "\(folder.path)/train.bin: record 1 (offset 3074): expected a class in 0 ..< 20, found 20"
    ) { _ = try CIFAR100.load(from: folder.url, labels: .coarse) }
    try folder.write([1, 2, 3], "test.bin")
    try folder.write(record(3, 4), "train.bin")
    expectError(
      .badData,
      """
      \(folder.path)/test.bin: expected a multiple of 3074 bytes (records of 2 labels and 3 × 32 × \
      32 pixels), found 3
      """
    ) { _ = try CIFAR100.load(from: folder.url) }
  }
}
