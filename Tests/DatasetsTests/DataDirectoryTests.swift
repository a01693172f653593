import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct DataDirectoryTests {
  static let names = [
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images.idx3-ubyte",
    "t10k-labels.idx1-ubyte.gz",
  ]

  static func fill(_ folder: TemporaryFolder, _ place: String) throws {
    for name in names { try folder.write([0], place + name) }
  }

  @Test func placesAreTriedInOrder() throws {
    let folder = try TemporaryFolder()
    let environment = [
      "ADJOINT_DATA": "\(folder.path)/data", "XDG_CACHE_HOME": "\(folder.path)/caches",
      "HOME": "\(folder.path)/home",
    ]
    func located(explicit: String? = nil) throws -> String? {
      let url = explicit.map { folder.url.appendingPathComponent($0, isDirectory: true) }
      return try DataDirectory(explicit: url, environment: environment).locate(set: "mnist")
        .map { String($0.path.dropFirst(folder.path.count)) }
    }
    expectError(.noInput, "$ADJOINT_DATA: \(folder.path)/data: no such folder") {
      _ = try located()
    }
    try folder.write([0], "data/other")
    #expect(try located() == nil)
    try Self.fill(folder, "caches/adjoint/mnist/")
    #expect(try located() == "/caches/adjoint/mnist")
    try Self.fill(folder, "data/mnist/")
    #expect(try located() == "/data/mnist")
    try Self.fill(folder, "here/")
    #expect(try located(explicit: "here") == "/here")
    try Self.fill(folder, "here/mnist/")
    #expect(try located(explicit: "here") == "/here/mnist")
  }

  /// A path is what it says, a name alone one of a folder for weights.
  @Test func weightsByTheirName() throws {
    let folder = try TemporaryFolder()
    let environment = [
      "ADJOINT_DATA": "\(folder.path)/data", "XDG_CACHE_HOME": "\(folder.path)/caches",
    ]
    func found(_ path: String, explicit: String? = nil) throws -> String {
      let url = explicit.map { folder.url.appendingPathComponent($0, isDirectory: true) }
      return try DataDirectory(explicit: url, environment: environment).weights(path).path
        .replacing(folder.path, with: "")
    }
    expectError(
      .noInput,
      "w.pth: no such file here, nor in \(folder.path)/data/pretrained or "
        + "\(folder.path)/caches/adjoint/pretrained"
    ) { _ = try found("w.pth") }
    #expect(DataDirectory(environment: environment).pretrained == nil)
    try folder.write([0], "caches/adjoint/pretrained/w.pth")
    #expect(try found("w.pth") == "/caches/adjoint/pretrained/w.pth")
    try folder.write([0], "data/pretrained/w.pth")
    #expect(try found("w.pth") == "/data/pretrained/w.pth")
    // The other places would do, but the user named this one.
    expectError(.noInput, "w.pth: no such file here, nor in \(folder.path)/here/pretrained") {
      _ = try found("w.pth", explicit: "here")
    }
    try folder.write([0], "here/pretrained/w.pth")
    #expect(try found("w.pth", explicit: "here") == "/here/pretrained/w.pth")
    #expect(try found("\(folder.path)/absent/w.pth") == "/absent/w.pth")
    try folder.write([0], "data/pretrained/LICENSE")
    try folder.write([0], "data/pretrained/a.safetensors")
    let all = try #require(DataDirectory(environment: environment).pretrained)
    #expect(all.folder.path == "\(folder.path)/data/pretrained")
    #expect(all.names == ["a.safetensors", "w.pth"])
  }

  @Test func anIncompleteFolderIsPassedOver() throws {
    let folder = try TemporaryFolder()
    try Self.fill(folder, "caches/adjoint/mnist/")
    try folder.write([0], "data/mnist/train-images-idx3-ubyte.gz")
    let directory = DataDirectory(environment: [
      "ADJOINT_DATA": "\(folder.path)/data", "XDG_CACHE_HOME": "\(folder.path)/caches",
    ])
    #expect(try directory.locate(set: "mnist")?.path == "\(folder.path)/caches/adjoint/mnist")
  }

  @Test(arguments: [
    (["HOME": "/home/ada"], "/home/ada/.cache/adjoint"),
    (["HOME": "/home/ada", "XDG_CACHE_HOME": "/caches"], "/caches/adjoint"),
    (["HOME": "/home/ada", "XDG_CACHE_HOME": "relative"], "/home/ada/.cache/adjoint"),
    (["HOME": "/home/ada", "XDG_CACHE_HOME": "", "ADJOINT_DATA": ""], "/home/ada/.cache/adjoint"),
  ])
  func theCache(environment: [String: String], path: String) {
    let directory = DataDirectory(environment: environment)
    #expect(directory.cache.path == path)
    #expect(directory.fromEnvironment == nil)
  }

  @Test func anExplicitFolderMustExist() throws {
    let folder = try TemporaryFolder()
    let absent = folder.url.appendingPathComponent("absent", isDirectory: true)
    expectError(.noInput, "\(folder.path)/absent: no such folder") {
      _ = try DataDirectory(explicit: absent, environment: [:]).locate(set: "mnist")
    }
    let file = try folder.write([1], "file")
    expectError(.noInput, "\(folder.path)/file: expected a folder, found a file") {
      _ = try DataDirectory(explicit: file, environment: [:]).locate(set: "mnist")
    }
  }

  @Test func anExplicitFolderMustHoldTheSet() throws {
    let folder = try TemporaryFolder()
    // The other places would do, but the user named this one.
    try Self.fill(folder, "caches/adjoint/mnist/")
    try folder.write([1], "here/readme")
    let directory = DataDirectory(
      explicit: folder.url.appendingPathComponent("here", isDirectory: true),
      environment: ["XDG_CACHE_HOME": "\(folder.path)/caches"])
    let expected = """
      \(folder.path)/here: expected the files train-images-idx3-ubyte.gz, \
      train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz (or \
      unpacked, without .gz) in mnist/ or in the folder itself;
      """
    expectError(.noInput, "\(expected) found none of them") {
      _ = try directory.locate(set: "mnist")
    }
    try Self.fill(folder, "here/mnist/")
    for name in [Self.names[0], Self.names[3]] {
      try FileManager.default.removeItem(
        at: folder.url.appendingPathComponent("here/mnist/\(name)"))
    }
    expectError(
      .noInput,
      "\(expected) found no train-images-idx3-ubyte.gz, no t10k-labels-idx1-ubyte.gz"
    ) { _ = try directory.locate(set: "mnist") }
  }
}
