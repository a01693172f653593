import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct MedMNISTTests {
  /// The six members of a small file: four images to train with, two for validation, three for the test.
  static func members(
    channels: Int = 1, size: Int = 28, labels: [[UInt8]] = [[0, 1, 1, 0], [1, 0], [0, 0, 1]]
  ) -> [NPZ.Member] {
    zip(["train", "val", "test"], labels).flatMap { part, labels in
      let shape = [labels.count, size, size] + (channels == 1 ? [] : [channels])
      let pixels = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
      return [
        NPZ.Member("\(part)_images", shape: shape, bytes: pixels),
        NPZ.Member("\(part)_labels", shape: [labels.count, 1], bytes: labels),
      ]
    }
  }

  private func folder(_ name: String, _ members: [NPZ.Member]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try NPZ.write(members, to: folder.file(name))
    return folder
  }

  @Test(arguments: ["", "medmnist/"])
  func readsTheThreeParts(place: String) throws {
    let folder = try TemporaryFolder()
    try folder.write([], "medmnist/keep")
    try NPZ.write(Self.members(), to: folder.file("\(place)pneumoniamnist.npz"))
    let (train, validation, test) = try MedMNIST.load("pneumoniamnist", from: folder.url)
    #expect(train.labels == [0, 1, 1, 0])
    #expect(validation.labels == [1, 0] && test.labels == [0, 0, 1])
    #expect((train.height, train.width, train.channels) == (28, 28, 1))
    #expect(test.classNames == ["normal", "pneumonia"])
    #expect(test.pixels == (0..<3 * 784).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) })
    #expect(train.description == "\(folder.path)/\(place)pneumoniamnist.npz")
  }

  @Test(arguments: [64, 128])
  func readsColourOfOtherSizes(size: Int) throws {
    let folder = try folder("pathmnist_\(size).npz", Self.members(channels: 3, size: size))
    let (train, _, _) = try MedMNIST.load("pathmnist", size: size, from: folder.url)
    #expect((train.height, train.width, train.channels) == (size, size, 3))
    #expect(train.count == 4 && train.classCount == 9)
    #expect(train.classNames[8] == "colorectal adenocarcinoma epithelium")
  }

  @Test func labelsOfOtherTypes() throws {
    var members = Self.members()
    members[1] = NPZ.Member("train_labels", shape: [4], integers: [1, 0, 0, 1])
    let folder = try folder("pneumoniamnist.npz", members)
    #expect(try MedMNIST.load("pneumoniamnist", from: folder.url).train.labels == [1, 0, 0, 1])
  }

  @Test func aFileThatTheProgramDrew() throws {
    let mark = NPZ.Member("synthetic", shape: [1], integers: [7])
    let folder = try folder("pneumoniamnist.npz", Self.members() + [mark])
    let (train, _, test) = try MedMNIST.load("pneumoniamnist", from: folder.url)
    #expect(
      train.description
        == "drawn by the program (seed 7) in the layout of PneumoniaMNIST, \(folder.path)/"
        + "pneumoniamnist.npz")
    #expect(test.description == train.description)
  }

  /// ChestMNIST's images with fourteen findings, of which an image may have any number.
  private static func chest(_ change: (inout [UInt8]) -> Void = { _ in }) -> [NPZ.Member] {
    var members = Self.members()
    for (place, count) in [(1, 4), (3, 2), (5, 3)] {
      var targets = (0..<count * 14).map { UInt8($0 / 14 == 1 || $0 % 5 != 2 ? 0 : 1) }
      if place == 3 { change(&targets) }
      let name = ["train", "val", "test"][place / 2] + "_labels"
      members[place] = NPZ.Member(name, shape: [count, 14], bytes: targets)
    }
    return members
  }

  @Test func severalLabelsAtOnce() throws {
    let folder = try folder("chestmnist.npz", Self.chest())
    let (train, validation, test) = try MedMNIST.load("chestmnist", from: folder.url)
    #expect([train, validation, test].map { $0.targets?.count } == [56, 28, 42])
    #expect(train.classes(of: 0) == [2, 7, 12] && train.classes(of: 1) == [])
    #expect(train.labels == [2, 0, 4, 0])
    #expect(train.classNames(of: 0) == "effusion, pneumothorax, pleural")
    #expect(train.classNames(of: 1) == "none")
    #expect(
      try DataCatalogue.source(named: "chestmnist").summary
        == "chest X-rays by their findings, 78,468 / 11,219 / 22,433, 28×28 grey, 14 labels, any number "
        + "an image")
  }

  @Test func targetsThatAreNone() throws {
    let folder = try folder("chestmnist.npz", Self.chest { $0[17] = 2 })
    expectError(
      .badData,
      "\(folder.path)/chestmnist.npz: val_labels.npy: row 1, column 3: expected a label in 0 ..< 2, found 2"
    ) { _ = try MedMNIST.load("chestmnist", from: folder.url) }
    try NPZ.write(Self.members(), to: folder.file("chestmnist.npz"))
    expectError(
      .badData,
      "\(folder.path)/chestmnist.npz: train_labels.npy: expected the shape [images, 14] with at least one "
        + "image, found [4, 1]"
    ) { _ = try MedMNIST.load("chestmnist", from: folder.url) }
  }

  @Test func labelsThatAreNone() throws {
    let folder = try folder(
      "pneumoniamnist.npz", Self.members(labels: [[0, 1], [1, 1, 2], [0]]))
    expectError(
      .badData,
      """
      \(folder.path)/pneumoniamnist.npz: val_labels.npy: row 2: expected a label in 0 ..< 2, found 2
      """
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
  }

  /// A file may claim more labels than there could be images: four times its bytes and 60 MB hold 398 of 224 × 224 × 3.
  @Test func labelsOfMoreImagesThanCouldBeRead() throws {
    let members = ["train", "val", "test"].flatMap { part in
      [
        NPZ.Member("\(part)_images", shape: [1, 1, 1, 3], bytes: [0, 0, 0]),
        NPZ.Member("\(part)_labels", shape: [399, 1], bytes: .init(repeating: 0, count: 399)),
      ]
    }
    let folder = try folder("pathmnist_224.npz", members)
    expectError(
      .badData,
      "\(folder.path)/pathmnist_224.npz: train_labels.npy: expected labels of at most 398 images, found 399"
    ) { _ = try MedMNIST.load("pathmnist", size: 224, from: folder.url) }
  }

  @Test func shapesThatDiffer() throws {
    var members = Self.members()
    members[2] = NPZ.Member(
      "val_images", shape: [3, 28, 28], bytes: .init(repeating: 0, count: 2352))
    let folder = try folder("pneumoniamnist.npz", members)
    let path = folder.path + "/pneumoniamnist.npz"
    expectError(
      .badData,
      """
      \(path): val_images.npy: expected the shape [2, 28, 28], one image for each label, found [3, \
      28, 28]
      """
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
    members[1] = NPZ.Member("train_labels", shape: [4, 14], bytes: .init(repeating: 0, count: 56))
    try NPZ.write(members, to: folder.file("pneumoniamnist.npz"))
    expectError(
      .badData,
      "\(path): train_labels.npy: expected the shape [images, 1] with at least one image, found [4, 14]"
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
    members[1] = NPZ.Member("train_labels", shape: [0, 1], bytes: [])
    try NPZ.write(members, to: folder.file("pneumoniamnist.npz"))
    expectError(
      .badData,
      "\(path): train_labels.npy: expected the shape [images, 1] with at least one image, found [0, 1]"
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
    // The file of another size under this one's name.
    try NPZ.write(Self.members(size: 64), to: folder.file("pneumoniamnist.npz"))
    expectError(
      .badData,
      """
      \(path): train_images.npy: expected the shape [4, 28, 28], one image for each label, found [4, \
      64, 64]
      """
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
    try NPZ.write(Array(Self.members().dropLast()), to: folder.file("pneumoniamnist.npz"))
    expectError(
      .badData,
      """
      \(path): expected a member test_labels.npy, found train_images.npy, train_labels.npy, \
      val_images.npy, val_labels.npy, test_images.npy
      """
    ) { _ = try MedMNIST.load("pneumoniamnist", from: folder.url) }
  }

  @Test func namesThatAreNone() throws {
    let folder = try TemporaryFolder()
    let known = MedMNIST.members.map(\.name).sorted().joined(separator: ", ")
    #expect(known.hasPrefix("bloodmnist, breastmnist") && known.hasSuffix("tissuemnist"))
    expectError(
      .usage,
      "there is no member of MedMNIST named pathmist; did you mean pathmnist? (there are \(known))"
    ) {
      _ = try MedMNIST.load("pathmist", from: folder.url)
    }
    expectError(.usage, "pathmnist: there is no size 32; known are 28, 64, 128, 224") {
      _ = try MedMNIST.load("pathmnist", size: 32, from: folder.url)
    }
    expectError(
      .noInput,
      """
      \(folder.path): expected the file pathmnist_64.npz in medmnist/ or in the folder itself
      """
    ) { _ = try MedMNIST.load("pathmnist", size: 64, from: folder.url) }
  }

  /// A file cut short anywhere is refused, and the message begins with its name.
  @Test func everyPrefix() throws {
    let folder = try folder("pneumoniamnist.npz", Self.members(labels: [[0], [1], [0]]))
    let file = folder.file("pneumoniamnist.npz")
    let whole = [UInt8](try Data(contentsOf: file))
    for count in stride(from: 0, to: whole.count, by: 3) {
      try folder.write(whole[..<count], "pneumoniamnist.npz")
      let error = #expect(throws: AdjointError.self) {
        _ = try MedMNIST.load("pneumoniamnist", from: folder.url)
      }
      #expect(error?.kind == .badData && error?.message.hasPrefix(file.path) == true)
    }
  }

  /// A byte that was changed is noticed, or it is one that does not matter, like those of the date.
  @Test func everyFlippedByte() throws {
    let folder = try folder("pneumoniamnist.npz", Self.members(labels: [[0], [1], [0]]))
    let file = folder.file("pneumoniamnist.npz")
    let whole = [UInt8](try Data(contentsOf: file))
    let right = try MedMNIST.load("pneumoniamnist", from: folder.url)
    var noticed = 0
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x41
      try folder.write(bytes, "pneumoniamnist.npz")
      do {
        let found = try MedMNIST.load("pneumoniamnist", from: folder.url)
        #expect(found.train.pixels == right.train.pixels, "byte \(place)")
        #expect(found.validation.pixels == right.validation.pixels, "byte \(place)")
        #expect(found.test.pixels == right.test.pixels, "byte \(place)")
        #expect([found.train, found.validation, found.test].map(\.labels) == [[0], [1], [0]])
      } catch let error as AdjointError {
        noticed += 1
        #expect(error.kind == .badData && error.message.hasPrefix(file.path), "byte \(place)")
      }
    }
    #expect(noticed > whole.count / 2)
  }

  @Test(arguments: MedMNIST.members.map(\.name))
  func whatIsKnown(name: String) throws {
    let member = try MedMNIST.member(named: name)
    #expect(member.checksums.count == MedMNIST.sizes.count)
    #expect(member.title.lowercased() == name)
    #expect([1, 3].contains(member.channels) && member.classNames.count >= 2)
    for size in MedMNIST.sizes {
      let source = try MedMNIST.source(of: member, size: size)
      #expect(source.name == (size == 28 ? name : "\(name)_\(size)"))
      #expect(source.files.map(\.name) == ["\(source.name).npz"])
      let count = member.counts.train + member.counts.validation + member.counts.test
      #expect(source.files[0].limit > count * size * size * member.channels)
      #expect(source.folder == "medmnist")
    }
  }

  @Test func theSummaryOfASet() throws {
    let source = try DataCatalogue.source(named: "pathmnist_64")
    #expect(
      source.summary
        == "colon tissue under the microscope, H&E stain, 89,996 / 10,004 / 7,180, 64×64 colour, "
        + "9 classes")
  }

  /// Runs where PneumoniaMNIST is at hand; its parts have the published sizes.
  @Test(.enabled(if: (try? DataDirectory().locate(set: "pneumoniamnist")) != nil))
  func theRealSet() throws {
    let folder = try #require(try DataDirectory().locate(set: "pneumoniamnist"))
    let (train, validation, test) = try MedMNIST.load("pneumoniamnist", from: folder)
    #expect([train, validation, test].map(\.count) == [4708, 524, 624])
    #expect(train.classFrequencies == [1214, 3494])
    #expect(validation.classFrequencies == [135, 389])
    #expect(test.classFrequencies == [234, 390])
  }
}
