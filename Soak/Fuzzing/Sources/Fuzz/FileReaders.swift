import EventLog
import Foundation
import Tensors

@testable import Checkpoints
@testable import Datasets
@testable import Training

/// The readers of files that come from outside, each as a function of a file's bytes.
///
/// The fuzzers call them with what they think up, the tests with the inputs that are kept.
enum FileReaders {
  struct Reader: Sendable {
    let name: String
    /// Makes checksums right, which no fuzzer guesses; nil where the format has none.
    var repair: (@Sendable ([UInt8]) -> [UInt8])?
    /// Reads a file, and stops the process where the result contradicts itself.
    let read: @Sendable (URL) throws -> Void
  }

  static let all: [Reader] = [
    Reader(name: "safetensors") { file in
      let contents = try SafeTensors.read(file)
      for tensor in contents.tensors.values { look(tensor) }
      for indices in contents.indices.values {
        precondition(indices.values.count == indices.shape.count)
      }
    },
    Reader(name: "pickle") { file in
      let source = try ByteSource(file.path)
      let result = try PickleReader.read(source, at: 0)
      let state = try TorchState(result, under: nil, file: file.path, size: source.count) { _ in }
      let zeros = [UInt8](repeating: 0, count: 1 << 16)
      let tensors = try state.tensors { storage in
        guard storage.byteCount <= zeros.count else {
          throw AdjointError(.badData, "\(file.path): \(storage.byteCount)")
        }
        return (ByteSource(zeros, name: file.path), 0)
      }
      for tensor in tensors.values { look(tensor) }
    },
    Reader(name: "torch-stream", read: weights),
    Reader(name: "torch-zip", repair: { Repair.zip($0) }, read: weights),
    Reader(name: "npz", repair: { Repair.zip($0) }) { file in
      let archive = try NPZ(file)
      for name in archive.names.prefix(4) {
        let isRead = try whether { try archive.bytes(name) }
        if !isRead { _ = try archive.integers(name) }
      }
    },
    Reader(name: "npy") { file in
      look(try NPY.read(file))
      guard case .bytes(let bytes, let shape) = try NPY.contents(of: file) else { return }
      precondition(bytes.count == shape.count)
    },
    Reader(name: "idx") { file in
      let isRead = try whether {
        let images = try IDX(imagesAt: file)
        precondition(images.bytes.count == images.dimensions.reduce(1, *))
      }
      if !isRead { _ = try IDX(labelsAt: file) }
    },
    Reader(name: "cifar") { look(try CIFAR10.read($0)) },
    Reader(name: "class-names") { file in
      let names = try ClassNames.load(file, count: 3)
      precondition(names.count == 3 && !names.contains(""))
    },
    Reader(name: "csv") { file in
      let table = try HourlyTable(at: file)
      precondition(table.values.count == table.rowCount * table.names.count)
      precondition(table.values.allSatisfy(\.isFinite))
    },
    Reader(name: "png", repair: { Repair.png($0) }) { look(try ImageFile.read($0)) },
    Reader(name: "jpeg") { look(try ImageFile.read($0)) },
    Reader(name: "checkpoint", read: checkpoint),
    Reader(name: "events", repair: { Repair.events($0) }) { file in
      var reader = try EventLogReader(file: file)
      _ = try reader.events()
    },
    Reader(name: "metrics") { file in
      let history = try History(reading: file)
      precondition(history.losses.count == history.learningRates.count)
    },
    Reader(name: "configuration") { _ = try RunDirectory.read(Settings.self, from: $0) },
    Reader(name: "tar") { file in
      let archive = DataSource.Archive(
        folder: "set", members: [.init(name: "one.bin", byteCount: 3)])
      try TarArchive(file).unpack(archive, into: folder)
    },
  ]

  /// Reads bytes as a file; throws what the reader throws.
  static func read(_ bytes: [UInt8], with reader: Reader) throws {
    let file = folder.appendingPathComponent("input")
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let repaired = reader.repair?(bytes) ?? bytes
    precondition(descriptor >= 0 && write(descriptor, repaired, repaired.count) == repaired.count)
    close(descriptor)
    try reader.read(file)
  }

  /// Whether it is bad data, in words that name the file, and not something nobody thought of.
  static func isRefusal(_ error: any Error) -> Bool {
    guard "\(error)".hasPrefix(folder.path) else { return false }
    return error is EventLogError || (error as? AdjointError)?.kind == .badData
  }

  /// Files lie in memory where that is possible: some thousand are written in a second.
  private static let folder: URL = {
    let memory = "/dev/shm"
    let isThere = FileManager.default.isWritableFile(atPath: memory)
    let url = URL(
      fileURLWithPath: isThere ? memory : NSTemporaryDirectory(), isDirectory: true
    ).appendingPathComponent("adjoint-fuzz-\(getpid())", isDirectory: true)
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: FileReaders.folder) }
    return url
  }()

  @Sendable private static func weights(_ file: URL) throws {
    for tensor in try StateFile.read(file).values { look(tensor) }
  }

  private struct Settings: Codable {
    var learningRate = 0.1
    var units = [1, 2]
    var names = ["a": "b"]
    var isOn = true
  }

  /// The first byte says which file of a checkpoint the others are; the manifest has the right digests, unless it is
  /// that.
  @Sendable private static func checkpoint(_ file: URL) throws {
    let source = try ByteSource(file.path)
    let input = try source.bytes(0..<source.count)
    let parts: [String: [UInt8]] = [
      Checkpoint.model: Seeds.weights, Checkpoint.optimizer: Seeds.weights,
      Checkpoint.state: Seeds.state,
    ]
    let names = Checkpoint.files + [CheckpointManifest.fileName]
    let url = folder.appendingPathComponent("checkpoint", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    var manifest = CheckpointManifest()
    let chosen = names[Int(input.first ?? 0) % names.count]
    for name in Checkpoint.files {
      let bytes = name == chosen ? Array(input.dropFirst()) : parts[name] ?? []
      try Data(bytes).write(to: url.appendingPathComponent(name))
      manifest.files[name] = .init(
        byteCount: bytes.count, sha256: try ByteSource(bytes, name: name).sha256())
    }
    let text =
      chosen == CheckpointManifest.fileName ? Array(input.dropFirst()) : Array(manifest.json.utf8)
    try Data(text).write(to: url.appendingPathComponent(CheckpointManifest.fileName))
    _ = try Checkpoint.read(url, as: Settings.self)
  }

  private static func whether(_ body: () throws -> Void) throws -> Bool {
    do { try body() } catch let error as AdjointError where error.kind == .badData { return false }
    return true
  }

  private static func whether<R>(_ body: () throws -> R) throws -> Bool {
    try whether { () throws -> Void in _ = try body() }
  }

  private static func look(_ tensor: Tensor) {
    tensor.withBytes { precondition($0.count == tensor.shape.count * tensor.dtype.size) }
  }

  private static func look(_ image: RasterImage) {
    precondition(image.pixels.count == image.height * image.width * image.channels)
  }

  private static func look(_ set: ClassificationSet) {
    precondition(set.pixels.count == set.count * set.featureCount)
    precondition(set.labels.allSatisfy { (0..<set.classCount).contains(Int($0)) })
  }
}
