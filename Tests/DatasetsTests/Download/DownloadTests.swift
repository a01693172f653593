import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// Downloads from a server inside the test; `curl` must be installed, as it must be for the tool's
/// downloads.
@Suite(.timeLimit(.minutes(1))) struct DownloadTests {
  /// The bytes "hello world" and what `sha256sum` and `md5sum` say of them.
  static let hello = Array("hello world".utf8)
  static let helloFile = DataSource.File(
    name: "hello.gz", byteCount: 11, md5: "5eb63bbbe01eeed093cb22bb8f5acdc3",
    sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")

  let folder: TemporaryFolder
  let server: LocalServer
  var place: URL { folder.url.appendingPathComponent("cache/set", isDirectory: true) }
  var hint: String {
    "; put the files into \(place.path) by hand, or name their folder with --data-dir"
  }

  init() throws {
    folder = try TemporaryFolder()
    server = try LocalServer()
  }

  func download(
    _ paths: String..., files: [DataSource.File] = [helloFile], transfer: any Transfer = Curl()
  ) -> Download {
    let addresses = paths.map { server.address.appendingPathComponent($0, isDirectory: true) }
    return Download(
      DataSource(
        name: "set", summary: "", origin: "", licence: "", files: files, addresses: addresses),
      transfer: transfer)
  }

  var kept: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: place.path) }
  }

  @Test func whatWasVerifiedIsKept() throws {
    server["/a/hello.gz"] = .body(Self.hello)
    var heard: [Download.Progress] = []
    let files = try download("a").fetch(into: place) { heard.append($0) }
    #expect(files.map(\.lastPathComponent) == ["hello.gz"])
    #expect(try Data(contentsOf: files[0]) == Data(Self.hello))
    #expect(try kept == ["hello.gz"])
    #expect(heard.last == Download.Progress(file: "hello.gz", received: 11, total: 11))
    // A second time nothing is asked for.
    try download("a").fetch(into: place)
    #expect(server.requests == ["/a/hello.gz"])
  }

  @Test func aDamagedFileIsFetchedAgain() throws {
    server["/a/hello.gz"] = .body(Self.hello)
    try folder.write(Array("hello wOrld".utf8), "cache/set/hello.gz")
    let files = try download("a").fetch(into: place)
    #expect(try Data(contentsOf: files[0]) == Data(Self.hello))
  }

  @Test func theNextAddressIsTriedAndStaysInFront() throws {
    server["/b/hello.gz"] = .body(Self.hello)
    server["/b/again.gz"] = .body(Self.hello)
    let again = DataSource.File(
      name: "again.gz", byteCount: 11, md5: Self.helloFile.md5, sha256: Self.helloFile.sha256)
    try download("a", "b", files: [Self.helloFile, again]).fetch(into: place)
    #expect(server.requests == ["/a/hello.gz", "/b/hello.gz", "/b/again.gz"])
  }

  @Test func aWrongChecksumKeepsNothing() throws {
    server["/a/hello.gz"] = .body(Array("hello wOrld".utf8))
    expectError(
      .badData,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: expected SHA-256 \
      b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9, found \
      64d0c1986bec84074211f74491397817e31e160492ff3018c3c2f26b6779e88f)\(hint)
      """
    ) { try download("a").fetch(into: place) }
    #expect(try kept.isEmpty)
  }

  @Test func aWrongMD5KeepsNothing() throws {
    server["/a/hello.gz"] = .body(Self.hello)
    let file = DataSource.File(
      name: "hello.gz", byteCount: 11, md5: "00", sha256: Self.helloFile.sha256)
    expectError(
      .badData,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: expected MD5 00, found \
      5eb63bbbe01eeed093cb22bb8f5acdc3)\(hint)
      """
    ) { try download("a", files: [file]).fetch(into: place) }
    #expect(try kept.isEmpty)
  }

  @Test func withoutAnSHA256TheMD5Decides() throws {
    server["/a/hello.gz"] = .body(Self.hello)
    let right = DataSource.File(name: "hello.gz", byteCount: 11, md5: Self.helloFile.md5)
    try download("a", files: [right]).fetch(into: place)
    #expect(try kept == ["hello.gz"])
    server["/a/other.gz"] = .body(Array("hello wOrld".utf8))
    let wrong = DataSource.File(name: "other.gz", byteCount: 11, md5: Self.helloFile.md5)
    expectError(
      .badData,
      """
      set: other.gz could not be downloaded (\(server.address)a/other.gz: expected MD5 \
      5eb63bbbe01eeed093cb22bb8f5acdc3, found cb89be5739686eb5cfefd5abc0398d91)\(hint)
      """
    ) { try download("a", files: [wrong]).fetch(into: place) }
  }

  /// What is in an archive is kept, the archive itself is not.
  @Test func archivesAreUnpacked() throws {
    let archive = try TarArchiveTests.archive(members: [("one.bin", 3), ("two.bin", 600)])
    server["/a/set.tar.gz"] = .body(archive.bytes)
    let file = DataSource.File(
      name: "set.tar.gz", byteCount: archive.bytes.count, md5: archive.md5,
      archive: archive.description)
    let files = try download("a", files: [file]).fetch(into: place)
    #expect(files.map(\.lastPathComponent) == ["one.bin", "two.bin"])
    #expect(try kept.sorted() == ["one.bin", "two.bin"])
    #expect(try Data(contentsOf: files[1]) == Data(repeating: 2, count: 600))
    // A second time nothing is asked for, unless a file is not what it was.
    try download("a", files: [file]).fetch(into: place)
    #expect(server.requests.count == 1)
    try Data([1]).write(to: files[0])
    try download("a", files: [file]).fetch(into: place)
    #expect(server.requests.count == 2)
    #expect(try Data(contentsOf: files[0]) == Data([1, 1, 1]))
    // They are known by their sizes alone.
    try Data([1, 2, 1]).write(to: files[0])
    try download("a", files: [file]).fetch(into: place)
    #expect(server.requests.count == 2)
  }

  @Test func aShortFileKeepsNothing() throws {
    server["/a/hello.gz"] = .body(Array("hello".utf8))
    expectError(
      .badData,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: expected 11 bytes, found \
      5)\(hint)
      """
    ) { try download("a").fetch(into: place) }
    #expect(try kept.isEmpty)
  }

  @Test func aBrokenConnectionKeepsNothing() throws {
    server["/a/hello.gz"] = .cutShort(Array("hello".utf8), promised: 11)
    let error = try #require(throws: AdjointError.self) { try download("a").fetch(into: place) }
    // What exactly curl says of it differs between its versions.
    #expect(error.kind == .noInput)
    #expect(
      error.message.hasPrefix(
        "set: hello.gz could not be downloaded (\(server.address)a/hello.gz: "))
    #expect(error.message.hasSuffix(")\(hint)"))
    #expect(try kept.isEmpty)
  }

  @Test(arguments: [false, true])
  func aLongerAnswerIsCutOff(isEndless: Bool) throws {
    server["/a/hello.gz"] = isEndless ? .endless : .body(Self.hello + Self.hello)
    expectError(
      .noInput,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: the answer is longer than \
      11 bytes)\(hint)
      """
    ) { try download("a").fetch(into: place) }
    #expect(try kept.isEmpty)
  }

  @Test func redirectsWithinTheHostAreFollowed() throws {
    server["/a/hello.gz"] = .redirect("/b/other")
    server["/b/other"] = .body(Self.hello)
    try download("a").fetch(into: place)
    #expect(try kept == ["hello.gz"])
  }

  @Test(arguments: ["http://localhost:PORT/b", "https://127.0.0.1:PORT/b", "http://127.0.0.1:1/b"])
  func redirectsElsewhereAreRefused(target: String) throws {
    let target = target.replacingOccurrences(of: "PORT", with: "\(server.port)")
    server["/a/hello.gz"] = .redirect(target)
    server["/b"] = .body(Self.hello)
    expectError(
      .noInput,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: redirects to another \
      host or scheme, which is refused: \(target))\(hint)
      """
    ) { try download("a").fetch(into: place) }
    #expect(server.requests == ["/a/hello.gz"])
    #expect(try kept.isEmpty)
  }

  @Test func circlesOfRedirectsEnd() throws {
    server["/a/hello.gz"] = .redirect("/a/hello.gz")
    expectError(
      .noInput,
      """
      set: hello.gz could not be downloaded (\(server.address)a/hello.gz: redirects more than 5 \
      times)\(hint)
      """
    ) { try download("a").fetch(into: place) }
  }

  @Test func everyAddressIsNamed() throws {
    server["/b/hello.gz"] = .status(204)
    let error = try #require(throws: AdjointError.self) {
      try download("a", "b").fetch(into: place)
    }
    #expect(error.kind == .noInput)
    // Older versions of curl repeat the server's words behind the number.
    #expect(
      error.message.replacing(/404 [^;]*;/, with: "404;") == """
        set: hello.gz could not be downloaded (\(server.address)a/hello.gz: The requested URL returned \
        error: 404; \(server.address)b/hello.gz: HTTP status 204)\(hint)
        """)
  }

  @Test func withoutANetwork() throws {
    let closed = DataSource(
      name: "set", summary: "", origin: "", licence: "", files: [Self.helloFile],
      addresses: [URL(string: "http://127.0.0.1:1/")!])
    let error = try #require(throws: AdjointError.self) { try Download(closed).fetch(into: place) }
    // Some versions of curl say how many milliseconds it took, and why.
    #expect(error.kind == .noInput)
    #expect(
      error.message.hasPrefix(
        "set: hello.gz could not be downloaded (http://127.0.0.1:1/hello.gz: Failed to connect"))
    #expect(error.message.hasSuffix(")\(hint)"))
  }

  @Test func withoutCurl() throws {
    expectError(
      .noInput,
      """
      set: hello.gz could not be downloaded: the program no-such-curl, which downloads need, is not \
      installed
      """
    ) { try download("a", transfer: Curl(command: "no-such-curl")).fetch(into: place) }
  }

  @Test func aFolderThatCannotBeMade() throws {
    let file = try folder.write([1], "file")
    let below = file.appendingPathComponent("set", isDirectory: true)
    let words = foundationWords {
      try FileManager.default.createDirectory(at: below, withIntermediateDirectories: true)
    }
    expectError(.cannotWrite, "\(below.path): cannot be created: \(words)") {
      try download("a").fetch(into: below)
    }
    #expect(server.requests.isEmpty)
  }

  @Test func aFileThatCannotBeWritten() throws {
    expectError(.cannotWrite, "\(place.path)/hello.gz: cannot be written: no room") {
      try download("a", transfer: Unwritable()).fetch(into: place)
    }
    #expect(try kept.isEmpty)
  }

  /// What curl reports when the disk takes no more.
  struct Unwritable: Transfer {
    func fetch(
      _ address: URL, into file: URL, limit: Int, asking check: () throws -> Void,
      received: (Int) -> Void
    ) throws -> TransferAnswer {
      throw TransferFailure(reason: "no room", cause: .writing)
    }
  }

  /// The server would go on for as long as it is listened to.
  @Test func whatIsInterruptedKeepsNothing() throws {
    server["/a/hello.gz"] = .endless
    let file = DataSource.File(name: "hello.gz", byteCount: 1 << 40, md5: "00")
    var asked = 0
    expectError(.interrupted, "interrupted") {
      try download("a", "b", files: [file]).fetch(
        into: place,
        asking: {
          asked += 1
          if asked == 2 { throw AdjointError(.interrupted, "interrupted") }
        })
    }
    #expect(asked == 2 && server.requests == ["/a/hello.gz"])
    #expect(try kept.isEmpty)
  }

  /// Also while nothing is fetched.
  @Test(arguments: 1...3) func isAskedBetweenFiles(last: Int) throws {
    server["/a/hello.gz"] = .body(Self.hello)
    try download("a").fetch(into: place)
    var asked = 0
    expectError(.interrupted, "interrupted") {
      // The first file, its bytes, the second file.
      try download("a", files: [Self.helloFile, Self.helloFile]).fetch(
        into: place,
        asking: {
          asked += 1
          if asked == last { throw AdjointError(.interrupted, "interrupted") }
        })
    }
    #expect(try kept == ["hello.gz"])
  }

  @Test func checksumsOfAFile() throws {
    let sum = try Checksum(of: folder.write(Self.hello, "hello"))
    #expect(sum.byteCount == 11)
    #expect(sum.md5 == Self.helloFile.md5)
    #expect(sum.sha256 == Self.helloFile.sha256)
    expectError(.noInput, "\(folder.path)/absent: cannot be opened: No such file or directory") {
      _ = try Checksum(of: folder.url.appendingPathComponent("absent"))
    }
  }
}
