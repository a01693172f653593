import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct ImageFolderPartsTests {
  private func write(_ names: [String], into folder: TemporaryFolder) throws {
    for (number, name) in names.enumerated() {
      try folder.write(StoredImages.all.file(number % 2 == 0 ? "grey" : "rgb"), name)
    }
  }

  @Test(arguments: ["val", "valid", "validation"])
  func threeParts(held: String) throws {
    let folder = try TemporaryFolder()
    try write(
      [
        "train/cat/1.png", "train/dog/2.png", "train/dog/3.png", "\(held)/dog/4.png",
        "test/cat/5.png", "test/dog/6.png",
      ], into: folder)
    let parts = try ImageFolder.loadParts(folder.url, size: 4)
    #expect(parts.train.labels == [0, 1, 1] && parts.test.labels == [0, 1])
    // A part may lack classes; their numbers are those of the training part.
    let validation = try #require(parts.validation)
    #expect(validation.labels == [1] && validation.classNames == ["cat", "dog"])
    #expect(parts.train.description == folder.path + "/train")
    #expect((parts.test.height, parts.test.width, parts.test.channels) == (4, 4, 3))
  }

  /// ImageNet's own layout.
  @Test func withoutATestPart() throws {
    let folder = try TemporaryFolder()
    try write(["train/cat/1.png", "train/dog/2.png", "val/dog/3.png"], into: folder)
    let parts = try ImageFolder.loadParts(folder.url, size: 4, channels: 1)
    #expect(parts.validation == nil && parts.test.labels == [1])
    #expect(parts.test.channels == 1)
  }

  /// Two folders that hold the same have the same sum, and no others.
  @Test func sum() throws {
    func sum(_ names: [String], size: Int = 4) throws -> String {
      let folder = try TemporaryFolder()
      try write(names, into: folder)
      return try ImageFolder.loadParts(folder.url, size: size).sha256
    }
    let names = ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"]
    let first = try sum(names)
    #expect(first.count == 64)
    #expect(try sum(names) == first)
    #expect(try sum(names.map { $0.replacing("cat", with: "cow") }) != first)
    #expect(try sum(names, size: 5) != first)
    #expect(try sum(["train/cat/1.png", "train/dog/2.png", "test/dog/3.png"]) != first)
    #expect(try sum(["train/dog/1.png", "train/cat/2.png", "test/cat/3.png"]) != first)
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    let words =
      ": expected the folders train and test (or val), each with a folder of pictures for each class"
    expectError(.noInput, folder.path + words) {
      _ = try ImageFolder.loadParts(folder.url, size: 4)
    }
    try write(["train/cat/1.png"], into: folder)
    expectError(.noInput, folder.path + words) {
      _ = try ImageFolder.loadParts(folder.url, size: 4)
    }
    try write(["test/dog/1.png"], into: folder)
    expectError(.badData, "\(folder.path)/test: expected the classes cat, found dog") {
      _ = try ImageFolder.loadParts(folder.url, size: 4)
    }
  }
}
