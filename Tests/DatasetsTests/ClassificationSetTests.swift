import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct ClassificationSetTests {
  /// `count` images of 2 × 3 × 1, each filled with its row number; labels are the row modulo 4.
  static func numbered(_ count: Int) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: 6) }, height: 2, width: 3,
      channels: 1, labels: (0..<count).map { Int32($0 % 4) }, classNames: ["a", "b", "c", "d"],
      description: "numbered")
  }

  @Test func countsAndImages() throws {
    let set = try Self.numbered(10)
    #expect(set.count == 10)
    #expect(set.featureCount == 6)
    #expect(set.classCount == 4)
    #expect(set.classFrequencies == [3, 3, 2, 2])
    #expect(Array(set.image(7)) == [7, 7, 7, 7, 7, 7])
    #expect("\(set)" == "numbered")
  }

  @Test(arguments: [
    (12, 4, nil), (3, 4, "no image is of class 3 (d)"),
    (1, 4, "no image is of class 1 (b), 2 (c), 3 (d)"),
    (
      1, 9,
      "no image is of class 1 (b), 2 (c), 3 (d), 4 (e), 5 (f) and 3 others"
    ), (0, 2, "no image is of class 0 (a), 1 (b)"),
  ])
  func classesWithoutImagesAreNamed(count: Int, classes: Int, words: String?) throws {
    let names = "abcdefghi".prefix(classes).map(String.init)
    let set = try ClassificationSet(
      pixels: [UInt8](repeating: 0, count: count), height: 1, width: 1, channels: 1,
      labels: (0..<count).map { Int32($0 % classes) }, classNames: names, description: "made up")
    #expect(set.emptyClasses == words)
  }

  @Test func classesWithoutNamesHaveNumbers() throws {
    let set = try ClassificationSet(
      pixels: [0], height: 1, width: 1, channels: 1, labels: [1], classNames: ["0", "1", "2"],
      description: "made up")
    #expect(set.emptyClasses == "no image is of class 0, 2")
  }

  /// Four images of two pixels, of the classes a and c, none, c, and all.
  static func multiLabel(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> ClassificationSet {
    var targets: [UInt8] = [1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    change(&targets)
    return try ClassificationSet(
      pixels: [0, 1, 2, 3, 4, 5, 6, 7], height: 1, width: 2, channels: 1, targets: targets,
      classNames: ["a", "b", "c"], description: "multiLabel")
  }

  @Test func severalClassesAtOnce() throws {
    let set = try Self.multiLabel()
    #expect((0..<4).map { set.classes(of: $0) } == [[0, 2], [], [2], [0, 1, 2]])
    #expect((0..<4).map { set.classNames(of: $0) } == ["a, c", "none", "c", "a, b, c"])
    #expect(set.labels == [0, 0, 2, 0] && set.classFrequencies == [2, 1, 3])
    #expect(set[1..<3].targets == [0, 0, 0, 0, 0, 1])
    #expect(set.selecting([3, 0]).targets == [1, 1, 1, 1, 0, 1])
    let (train, validation) = set.split(validationCount: 1, seed: 1)
    #expect(train.targets?.count == 9 && validation.targets?.count == 3)
    let coloured = set.repeating(toChannels: 3)
    #expect(coloured.targets == set.targets && coloured.channels == 3)
    #expect(Array(coloured.image(1)) == [2, 2, 2, 3, 3, 3])
    let plain = try Self.numbered(3)
    #expect(plain.targets == nil && plain.classes(of: 2) == [2] && plain.classNames(of: 2) == "c")
  }

  @Test func wrongTargets() {
    expectError(.badData, "multiLabel: row 2, column 1: expected a target of 0 or 1, found 3") {
      _ = try Self.multiLabel { $0[7] = 3 }
    }
    expectError(.badData, "multiLabel: expected whole rows of 3 targets, found 11 targets") {
      _ = try Self.multiLabel { $0.removeLast() }
    }
    expectError(
      .badData, "multiLabel: expected 6 bytes of pixels (3 × 1 × 2 × 1), found 8"
    ) { _ = try Self.multiLabel { $0.removeLast(3) } }
  }

  @Test func rangesAreSets() throws {
    let part = try Self.numbered(10)[3..<5]
    #expect(part.count == 2)
    #expect(part.labels == [3, 0])
    #expect(part.pixels == [3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4])
    #expect(try Self.numbered(10)[4..<4].count == 0)
  }

  @Test(arguments: [0, 1, 4, 10])
  func splitsIntoTwoDisjointParts(validationCount: Int) throws {
    let set = try Self.numbered(10)
    let (train, validation) = set.split(validationCount: validationCount, seed: 3)
    #expect(validation.count == validationCount)
    let rows = { (part: ClassificationSet) in (0..<part.count).map { Int(part.image($0).first!) } }
    #expect((rows(train) + rows(validation)).sorted() == Array(0..<10))
    #expect(rows(train) == rows(train).sorted())
    #expect(zip(rows(validation), validation.labels).allSatisfy { $0 % 4 == Int($1) })
    #expect(
      rows(set.split(validationCount: validationCount, seed: 3).validation) == rows(validation))
  }

  @Test func theSeedChoosesTheValidationPart() throws {
    let set = try Self.numbered(200)
    let one = set.split(validationCount: 100, seed: 1).validation
    let other = set.split(validationCount: 100, seed: 2).validation
    #expect(one.pixels != other.pixels)
  }

  @Test(arguments: [(-1, 0), (4, 2), (7, 1)] as [(Int32, Int)])
  func labelsMustNameAClass(label: Int32, row: Int) {
    var labels: [Int32] = [0, 1, 2]
    labels[row] = label
    expectError(.badData, "made up: row \(row): expected a label in 0 ..< 4, found \(label)") {
      _ = try ClassificationSet(
        pixels: [1, 2, 3], height: 1, width: 1, channels: 1, labels: labels,
        classNames: ["a", "b", "c", "d"], description: "made up")
    }
  }

  @Test func pixelsMustFit() {
    expectError(.badData, "made up: expected 12 bytes of pixels (2 × 2 × 1 × 3), found 11") {
      _ = try ClassificationSet(
        pixels: Array(0..<11), height: 2, width: 1, channels: 3, labels: [0, 1],
        classNames: ["a", "b"], description: "made up")
    }
    expectError(.badData, "made up: expected images of positive size, found 0 × 1 × 3") {
      _ = try ClassificationSet(
        pixels: [], height: 0, width: 1, channels: 3, labels: [0, 1], classNames: ["a", "b"],
        description: "made up")
    }
  }
}
