import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Files of this module with every byte turned and every byte missing.
@Suite struct DamageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  /// Each file of a checkpoint has its SHA-256 in the manifest, and the manifest is read strictly.
  @Test(arguments: ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
  func checkpoint(name: String) throws {
    let url = try Saved(step: 7).write(in: folder.url)
    let file = url.appendingPathComponent(name)
    let whole = try bytes(of: file)
    try readDamaged(
      whole, "checkpoint, \(name)", at: file, dense: 40,
      read: { _ in try Checkpoint.read(url, as: State.self).state },
      expecting: { damaged in
        // The manifest's last byte is a line's end, which no digest covers.
        name == "manifest.json" && damaged.change == .prefix(whole.count - 1)
          ? .refusedOr(Saved(step: 7).state) : .refused
      })
  }

  /// The format has no checksum: a changed number is another number, and only in its own place. A header that is
  /// still one says the same of the numbers.
  @Test func safeTensors() throws {
    let file = folder.file("a.safetensors")
    try SafeTensors.write(
      [
        "weight": Tensor([1, -2, 3, 4, 5, 6], shape: [2, 3]),
        "bias": Tensor([0.5, .nan], shape: [2]),
      ],
      metadata: ["by": "test"], to: file)
    let whole = try bytes(of: file)
    let start = 8 + Int(whole[0]) + Int(whole[1]) << 8
    let right = Array(whole[start...])
    try readDamaged(
      whole, "safetensors", at: file, dense: start,
      read: { try StateFile.read($0).sorted { $0.key < $1.key }.flatMap { bits($0.value) } },
      expecting: { damaged in
        guard let place = damaged.place else { return .refused }
        if place < start { return .refusedOr(right) }
        // The tensors lie in the order of their names.
        return .loads(Array(damaged.bytes[start...]))
      })
  }

  /// Checksums cover the members; what is read in spite of a changed byte is what was saved.
  @Test(arguments: ["parameters.pth", "deflated.pth"])
  func zipOfTorch(name: String) throws {
    let whole = try bytes(of: TorchReference.url(name))
    let file = folder.file(name)
    try writeInPlace(whole, to: file)
    let right = try StateFile.read(file).mapValues(bits)
    try readDamaged(
      whole, "PyTorch's zip file, \(name)", at: file,
      read: { try StateFile.read($0).mapValues(bits) },
      expecting: { $0.place == nil ? .refused : .refusedOr(right) })
  }

  /// The older format has no checksum, and its sizes leave nothing over: a changed number is another number, and only
  /// in its own place.
  @Test func streamOfTorch() throws {
    let whole = try bytes(of: TorchReference.url("checkpoint_model.pth"))
    let right = try TorchReference.tensors("line").mapValues(bits)
    // Where each tensor's bytes are: behind the pickles, and nowhere else.
    var places: [String: Range<Int>] = [:]
    for (name, bytes) in right {
      let starts = whole.indices.reversed().filter { whole[$0...].starts(with: bytes) }
      let start = try #require(starts.count == 1 ? starts.first : nil, "\(name): \(starts)")
      places[name] = start..<start + bytes.count
    }
    let file = folder.file("a.pth")
    try readDamaged(
      whole, "PyTorch's older file", at: file, dense: 256,
      read: { try StateFile.read($0).mapValues(bits) },
      expecting: { damaged in
        guard let place = damaged.place else { return .refused }
        guard let (name, range) = places.first(where: { $0.value.contains(place) }) else {
          return .anything
        }
        return .loads(right.merging([name: Array(damaged.bytes[range])]) { $1 })
      })
  }
}
