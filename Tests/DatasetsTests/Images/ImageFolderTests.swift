import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct ImageFolderTests {
  private func write(into folder: TemporaryFolder) throws {
    let stored = StoredImages.all
    try folder.write(stored.file("grey"), "dog/b.png")
    try folder.write(stored.file("jpeg"), "dog/a.JPG")
    try folder.write(stored.file("rgb"), "dog/c/deeper.png")
    try folder.write(stored.file("jpeg_grey"), "cat/1.jpeg")
    try folder.write(Array("words".utf8), "cat/notes.txt")
    try folder.write(Array("words".utf8), "cat/.hidden.png")
    try folder.write(Array("words".utf8), ".hidden/1.png")
    try folder.write(Array("words".utf8), "notes.txt")
  }

  @Test func aClassForEachFolder() throws {
    let folder = try TemporaryFolder()
    try write(into: folder)
    let set = try ImageFolder.load(folder.url, size: 6)
    #expect(set.classNames == ["cat", "dog"] && set.labels == [0, 1, 1, 1])
    #expect((set.height, set.width, set.channels) == (6, 6, 3))
    #expect(set.description == folder.path)
    for (row, name) in ["cat/1.jpeg", "dog/a.JPG", "dog/b.png", "dog/c/deeper.png"].enumerated() {
      let image = try ImageFile.read(folder.file(name)).converted(toChannels: 3).croppedToSquare()
      #expect(Array(set.image(row)) == image.resized(height: 6, width: 6).pixels)
    }
    #expect(try ImageFolder.load(folder.url, size: 4, channels: 1).pixels.count == 4 * 16)
  }

  @Test func classesOfAnotherFolder() throws {
    let folder = try TemporaryFolder()
    try write(into: folder)
    let set = try ImageFolder.load(folder.url, size: 2, classNames: ["bird", "cat", "dog"])
    #expect(set.classCount == 3 && set.labels == [1, 2, 2, 2])
    expectError(.badData, "\(folder.path): expected the classes cat, cow, found dog") {
      _ = try ImageFolder.load(folder.url, size: 2, classNames: ["cat", "cow"])
    }
  }

  /// An accent written in one scalar and in two: other names to the file system, and other classes.
  @Test func namesThatOnlyLookAlike() throws {
    let folder = try TemporaryFolder()
    for name in ["z\u{E9}", "ze\u{301}"] {
      try folder.write(StoredImages.all.file("grey"), "\(name)/a.png")
    }
    let set = try ImageFolder.load(folder.url, size: 2)
    #expect(set.classCount == 2 && set.labels == [0, 1])
    expectError(
      .badData,
      "\(folder.path): expected the classes ze\u{301}, found z\u{E9}, which looks like one of them but is "
        + "spelt with other characters"
    ) { _ = try ImageFolder.load(folder.url, size: 2, classNames: ["ze\u{301}"]) }
  }

  /// A picture would be read again and again, or be every class at once.
  @Test(arguments: [("dog/c/all", "../.."), ("dog/all", ".."), ("dog/c/again", "."), ("all", ".")])
  func linksToAFolderAbove(place: String, target: String) throws {
    let folder = try TemporaryFolder()
    try write(into: folder)
    let link = folder.file(place).path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    expectError(
      .badData, "\(link): expected a folder of its own, found a link to one that it lies in"
    ) { _ = try ImageFolder.load(folder.url, size: 2) }
  }

  @Test func linksToOtherFolders() throws {
    let folder = try TemporaryFolder()
    try write(into: folder)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("puppy").path, withDestinationPath: "dog/c")
    #expect(try ImageFolder.load(folder.url, size: 2).labels == [0, 1, 1, 1, 2])
    #expect(try ImageFolder.pictures(in: folder.url).count == 5)
  }

  /// No file is looked at.
  @Test func moreThanTheMemory() {
    let files = [URL](repeating: URL(fileURLWithPath: "/no/1.png"), count: 100_000)
    let memory = ProcessInfo.processInfo.physicalMemory
    expectError(
      .badData,
      "/no/1.png and 99999 more: expected images that fit into the \(memory) bytes of memory, found "
        + "\(100_000 * 16_384 * 16_384 * 3); take a smaller size"
    ) { _ = try ImageFolder.pixels(of: files, size: 16_384) }
    expectError(
      .badData,
      "/no/1.png: expected images that fit into the \(memory) bytes of memory, found \(1 << 62); take a "
        + "smaller size"
    ) { _ = try ImageFolder.pixels(of: [files[0]], size: 1 << 31, channels: 1) }
  }

  @Test func aNameThatIsNotUTF8() throws {
    let folder = try TemporaryFolder()
    try write(into: folder)
    let path = Array(folder.path.utf8) + Array("/caf".utf8) + [0xE9, 0]
    #expect(path.withUnsafeBytes { mkdir($0.bindMemory(to: CChar.self).baseAddress!, 0o755) } == 0)
    expectError(.badData, "\(folder.path)/caf\u{FFFD}: expected a name in UTF-8") {
      _ = try ImageFolder.load(folder.url, size: 2)
    }
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    expectError(
      .noInput, "\(folder.path): expected a folder for each class, found no folder"
    ) { _ = try ImageFolder.load(folder.url, size: 2) }
    expectError(.noInput, "\(folder.path)/no: expected a folder that can be read") {
      _ = try ImageFolder.load(folder.file("no"), size: 2)
    }
    try write(into: folder)
    try folder.write(StoredImages.all.file("jpeg").dropLast(40), "dog/broken.jpg")
    expectError(
      .badData, "\(folder.path)/dog/broken.jpg: damaged JPEG file: Premature end of JPEG file"
    ) { _ = try ImageFolder.load(folder.url, size: 2) }
    try folder.write([], "empty/notes.txt")
    expectError(
      .badData, "\(folder.path)/empty: expected files .png, .jpg or .jpeg, found none"
    ) { _ = try ImageFolder.load(folder.url, size: 2) }
  }
}
