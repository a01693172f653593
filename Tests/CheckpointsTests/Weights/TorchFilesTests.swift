import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// What `Reference/torch_files.py` stored.
struct TorchReference: Decodable {
  let shape: [Int]
  let dtype: String
  let values: [String]

  /// What reading has to give.
  var tensor: Tensor {
    // Read as what they are: a thread that flushes denormals would lose some on the way from float64.
    if !["float64", "int32", "int64"].contains(dtype) {
      return Tensor(values.map { Float($0) ?? .nan }, shape: Shape(shape))
    }
    return Tensor(values.map { Double($0) ?? .nan }, shape: Shape(shape), dtype: .float64)
  }

  static func url(_ file: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Reference/\(file)", withExtension: nil))
  }

  static func tensors(_ name: String) throws -> [String: Tensor] {
    let data = try Data(contentsOf: url("torch_files.json"))
    let all = try JSONDecoder().decode([String: [String: TorchReference]].self, from: data)
    return try #require(all[name]).mapValues(\.tensor)
  }
}

@Suite struct TorchFilesTests {
  @Test(arguments: [
    "zip.pth", "zip_protocol_4.pth", "deflated.pth", "stream.pth", "stream_protocol_4.pth",
  ])
  func readsWhatPyTorchWrote(file: String) throws {
    var notes: [String] = []
    let tensors = try StateFile.read(TorchReference.url(file)) { notes.append($0) }
    expectSame(tensors, try TorchReference.tensors("small"))
    #expect(notes.isEmpty)
    #expect(tensors["normalization.num_batches_tracked"]?.shape == [])
    #expect(tensors["normalization.num_batches_tracked"]?.item == 391)
  }

  @Test(
    arguments: [
      ("checkpoint_state_dict.pth", "\"state_dict\"; the 5 entries beside it are left out"),
      ("checkpoint_model.pth", "\"model\"; the 5 entries beside it are left out"),
      ("parameters.pth", nil),
    ] as [(String, String?)])
  func opensCheckpointsAndTakesOffModule(file: String, opened: String?) throws {
    var notes: [String] = []
    let url = try TorchReference.url(file)
    let tensors = try StateFile.read(url) { notes.append($0) }
    expectSame(tensors, try TorchReference.tensors("line"))
    let note = opened.map { ["\(url.path): reads what is under \($0)"] } ?? []
    #expect(notes == note + ["\(url.path): takes \"module.\" off all names"])
  }

  /// The published weights in the folder that ADJOINT_DATA names, where they are there.
  static let pretrained: URL? = {
    guard let data = ProcessInfo.processInfo.environment["ADJOINT_DATA"] else { return nil }
    let folder = URL(fileURLWithPath: data).appendingPathComponent("pretrained")
    let file = folder.appendingPathComponent("resnet20-12fca82f.th")
    return FileManager.default.fileExists(atPath: file.path) ? folder : nil
  }()

  @Test(.enabled(if: pretrained != nil), arguments: ["resnet20-12fca82f", "resnet56-4bfd9763"])
  func publishedFilesAgree(name: String) throws {
    let folder = try #require(Self.pretrained)
    let one = try StateFile.read(folder.appendingPathComponent("\(name).th"))
    let other = try StateFile.read(folder.appendingPathComponent("\(name).safetensors"))
    #expect(one.count > 90)
    expectSame(one, other)
  }

  // MARK: Damage

  /// A file that is read again and again with other bytes.
  private func file(_ name: String) throws -> (TemporaryFolder, URL, [UInt8]) {
    let folder = try TemporaryFolder(inMemory: true)
    return (folder, folder.file(name), try bytes(of: TorchReference.url(name)))
  }

  /// Every way of reading damaged bytes ends in an error of the right kind, or in `check`.
  private func readDamaged(_ url: URL, _ bytes: [UInt8], check: ([String: Tensor]) -> Void) throws {
    try overwrite(url, bytes)
    do {
      check(try StateFile.read(url))
    } catch let error as AdjointError {
      #expect(error.kind == .badData)
      #expect(error.message.hasPrefix(url.path + ": "), "\(error.message)")
    }
  }

  @Test(arguments: [
    "zip.pth", "zip_protocol_4.pth", "deflated.pth", "stream.pth", "stream_protocol_4.pth",
  ])
  func everyPrefixIsRefused(name: String) throws {
    let (folder, url, bytes) = try file(name)
    defer { withExtendedLifetime(folder) {} }
    for count in bytes.indices {
      try readDamaged(url, Array(bytes.prefix(count))) { _ in
        Issue.record("\(count) bytes of \(name) were accepted")
      }
    }
  }

  /// A zip file has checksums: what is read in spite of a flipped byte is right.
  @Test func flippedBytesOfAZipAreRefusedOrHarmless() throws {
    let expected = try TorchReference.tensors("line").mapValues(bits)
    let (folder, url, bytes) = try file("parameters.pth")
    defer { withExtendedLifetime(folder) {} }
    for place in bytes.indices {
      for mask in [1, 0x20, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[place] ^= mask
        try readDamaged(url, damaged) {
          #expect($0.mapValues(bits) == expected, "byte \(place) ^ \(mask)")
        }
      }
    }
  }

  /// The older format has none: a flipped bit of a number or a name is another number or name.
  @Test func flippedBytesOfAStreamDoNoHarm() throws {
    let (folder, url, bytes) = try file("checkpoint_model.pth")
    defer { withExtendedLifetime(folder) {} }
    for place in bytes.indices {
      for mask in [1, 2, 4, 0x10, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[place] ^= mask
        try readDamaged(url, damaged) { #expect($0.count == 2, "byte \(place) ^ \(mask)") }
      }
    }
  }
}
