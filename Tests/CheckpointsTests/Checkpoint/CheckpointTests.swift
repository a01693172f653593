import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointTests {
  @Test func roundTrip() throws {
    let folder = try TemporaryFolder()
    let saved = Saved(step: 123)
    let parent = folder.file("checkpoints")
    let url = try saved.write(in: parent)
    #expect(url.path == "\(parent.path)/step-000000123")
    try saved.expect(at: url)
    try Checkpoint.verify(url)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() == [
        "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path) == ["step-000000123"])
  }

  @Test func equalContentsGiveEqualBytes() throws {
    let folder = try TemporaryFolder()
    let saved = Saved(step: 1)
    let one = try saved.write(in: folder.file("one"))
    let two = try saved.write(in: folder.file("two"))
    for name in Checkpoint.files + [CheckpointManifest.fileName] {
      #expect(
        try bytes(of: one.appendingPathComponent(name))
          == bytes(of: two.appendingPathComponent(name)))
    }
  }

  @Test func replacesTheOneOfTheSameName() throws {
    let folder = try TemporaryFolder()
    for step in 1...3 {
      let saved = Saved(step: step)
      let url = try Checkpoint.write(
        model: saved.model, optimizer: saved.optimizer, state: saved.state, named: "best",
        in: folder.url)
      try saved.expect(at: url)
      #expect(try folder.contents == ["best"])
    }
  }

  @Test func leftoversGo() throws {
    let folder = try TemporaryFolder()
    let leftover = folder.file(".partial-step-000000007")
    try FileManager.default.createDirectory(at: leftover, withIntermediateDirectories: false)
    try Data([1]).write(to: leftover.appendingPathComponent("model.safetensors"))
    try folder.write([1], ".partial-0123456789abcdef")
    try Saved(step: 7).write(in: folder.url)
    #expect(try folder.contents == ["step-000000007"])
  }

  /// A manifest is damaged: what is found wrong first depends on the place, and may be a file that it describes.
  private func expectNoticed(
    _ url: URL, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: AdjointError.self, comment, sourceLocation: sourceLocation) {
      try Checkpoint.read(url, as: State.self)
    }
    #expect(error?.kind == .badData, comment, sourceLocation: sourceLocation)
    #expect(
      error?.message.hasPrefix(url.path + "/") == true, comment, sourceLocation: sourceLocation)
  }

  /// Every byte of every file, with each of its bits flipped and all of them.
  @Test func everyFlippedByteIsNoticed() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let url = try Saved(step: 1).write(in: folder.url)
    for name in Checkpoint.files + [CheckpointManifest.fileName] {
      let file = url.appendingPathComponent(name)
      let good = try bytes(of: file)
      let sum = try ByteSource(good, name: name).sha256()
      for place in good.indices {
        for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
          var damaged = good
          damaged[place] ^= mask
          try overwrite(file, damaged)
          guard name != CheckpointManifest.fileName else {
            expectNoticed(url, "byte \(place), bits \(mask)")
            continue
          }
          let found = try ByteSource(damaged, name: name).sha256()
          expectError(
            .badData, "\(file.path): expected the SHA-256 \(sum) of the manifest, found \(found)"
          ) { _ = try Checkpoint.read(url, as: State.self) }
        }
      }
      try overwrite(file, good)
    }
    try Saved(step: 1).expect(at: url)
  }

  @Test func everyPrefixIsNoticed() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let url = try Saved(step: 1).write(in: folder.url)
    for name in Checkpoint.files + [CheckpointManifest.fileName] {
      let file = url.appendingPathComponent(name)
      let good = try bytes(of: file)
      // The last byte of the manifest is the end of its line, and nothing is lost with it.
      for count in 0..<(name == CheckpointManifest.fileName ? good.count - 1 : good.count) {
        try overwrite(file, Array(good.prefix(count)))
        guard name != CheckpointManifest.fileName else {
          expectNoticed(url, "\(count) bytes")
          continue
        }
        expectError(
          .badData,
          "\(file.path): expected the \(good.count) bytes of the manifest, found \(count)"
        ) { _ = try Checkpoint.read(url, as: State.self) }
      }
      try overwrite(file, good)
    }
  }

  @Test func damageWordForWord() throws {
    let folder = try TemporaryFolder()
    let url = try Saved(step: 1).write(in: folder.url)
    let state = url.appendingPathComponent("state.json")
    let good = try bytes(of: state)
    try Data("{}".utf8).write(to: state)
    expectError(
      .badData,
      "\(state.path): expected the \(good.count) bytes of the manifest, found 2"
    ) { try Checkpoint.verify(url) }
    try FileManager.default.removeItem(at: state)
    expectError(
      .badData,
      "\(state.path): expected the \(good.count) bytes of the manifest, found no such file"
    ) { try Checkpoint.verify(url) }
    try FileManager.default.createDirectory(at: state, withIntermediateDirectories: false)
    expectError(.badData, "\(state.path): expected a file, found a folder") {
      try Checkpoint.verify(url)
    }
    let manifest = url.appendingPathComponent("manifest.json")
    try FileManager.default.removeItem(at: manifest)
    expectError(
      .badData,
      "\(manifest.path): expected the manifest of a checkpoint, found no such file"
    ) { try Checkpoint.verify(url) }
    let missing = folder.file("step-000000009")
    expectError(.noInput, "\(missing.path): there is no such checkpoint") {
      _ = try Checkpoint.read(missing, as: State.self)
    }
    let file = try folder.write([1], "file")
    expectError(.noInput, "\(file.path): there is no such checkpoint") {
      try Checkpoint.verify(file)
    }
  }

  /// The digests are those of `printf abc | sha256sum` and `printf abd | sha256sum`.
  @Test func digestsWordForWord() throws {
    let folder = try TemporaryFolder()
    let url = try Saved(step: 1).write(in: folder.url)
    let state = url.appendingPathComponent("state.json")
    let manifest = url.appendingPathComponent("manifest.json")
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let abd = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"
    let text = String(decoding: try bytes(of: manifest), as: UTF8.self)
    let line = try #require(text.firstRange(of: /"state.json": .*/))
    let changed = text.replacingCharacters(
      in: line, with: "\"state.json\": { \"bytes\": 3, \"sha256\": \"\(abc)\" }")
    try Data(changed.utf8).write(to: manifest)
    try Data("abd".utf8).write(to: state)
    expectError(
      .badData, "\(state.path): expected the SHA-256 \(abc) of the manifest, found \(abd)"
    ) { try Checkpoint.verify(url) }
    try Data("abc".utf8).write(to: state)
    try Checkpoint.verify(url)
    expectError(.badData, "\(state.path): byte 0: expected a JSON value, found abc") {
      _ = try Checkpoint.read(url, as: State.self)
    }
  }

  /// The format has whole numbers, and a manifest may agree with them; weights and what an optimiser keeps are none.
  @Test(arguments: [Checkpoint.model, Checkpoint.optimizer])
  func wholeNumbersAreRefused(name: String) throws {
    let folder = try TemporaryFolder()
    let url = try Saved(step: 1).write(in: folder.url)
    let file = url.appendingPathComponent(name)
    try SafeTensors.write([:], indices: ["steps": IndexTensor([1])], to: file)
    var manifest = CheckpointManifest()
    for part in Checkpoint.files {
      let source = try ByteSource(url.appendingPathComponent(part).path)
      manifest.files[part] = .init(byteCount: source.count, sha256: try source.sha256())
    }
    try overwrite(
      url.appendingPathComponent(CheckpointManifest.fileName), Array(manifest.json.utf8))
    try Checkpoint.verify(url)
    expectError(
      .badData,
      "\(file.path): tensor \"steps\": expected float32 or float64, found whole numbers"
    ) { _ = try Checkpoint.read(url, as: State.self) }
  }

  @Test func stateOfAnotherType() throws {
    struct Other: Codable { var step: String }
    struct More: Codable { var missing: Int }
    let folder = try TemporaryFolder()
    let url = try Saved(step: 1).write(in: folder.url)
    expectError(
      .badData,
      "\(url.path)/state.json: expected String for step, found something else"
    ) { _ = try Checkpoint.read(url, as: Other.self) }
    expectError(
      .badData, "\(url.path)/state.json: expected the key missing, found none"
    ) { _ = try Checkpoint.read(url, as: More.self) }
  }

  static let refusals: [(kind: FileOperations.Kind, file: String, message: String)] = [
    (.makeFolder, ".partial-step-000000002", ": cannot make a temporary folder beside it"),
    (.create, "model.safetensors", "/model.safetensors: cannot create it"),
    (.write, "optimizer.safetensors", "/optimizer.safetensors: cannot write beyond byte 0"),
    (.sync, "state.json", "/state.json: cannot sync it to the disk"),
    (.close, "manifest.json", "/manifest.json: cannot close it"),
    (.syncFolder, ".partial-step-000000002", ": cannot sync it to the disk"),
    (.rename, "step-000000002", ": cannot rename the finished folder to it"),
  ]

  @Test(arguments: refusals)
  func refusedStep(refusal: (kind: FileOperations.Kind, file: String, message: String)) throws {
    let folder = try TemporaryFolder()
    let first = try Saved(step: 1).write(in: folder.url)
    let kind = refusal.kind
    let file = refusal.file
    try interfering({
      if $0.description == "\(kind.rawValue) \(file)" { throw CallFailure(code: ENOSPC) }
    }) {
      expectError(
        .diskFull, "\(folder.path)/step-000000002\(refusal.message): No space left on device"
      ) { try Saved(step: 2).write(in: folder.url) }
    }
    #expect(try folder.contents == ["step-000000001"])
    try Saved(step: 1).expect(at: first)
  }

  @Test func wrongPlaces() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], "file")
    expectError(.cannotWrite, "\(file.path): expected a folder, found a file") {
      try Saved(step: 1).write(in: file)
    }
    let removed = folder.file("run/checkpoints")
    expectError(
      .cannotWrite, "\(removed.path): cannot make this folder: No such file or directory"
    ) { try Saved(step: 1).write(in: removed) }
    try folder.write([1], "step-000000001")
    #expect(throws: Never.self) { try Saved(step: 1).write(in: folder.url) }
    try Saved(step: 1).expect(at: folder.file("step-000000001"))
  }
}
