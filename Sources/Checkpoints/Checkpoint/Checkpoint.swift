import Foundation
import Tensors

/// Everything that going on with a run needs, in a folder that appears whole or not at all.
///
/// A folder `step-000000123` holds `model.safetensors`, `optimizer.safetensors`, `state.json`, and
/// `manifest.json` with the length and SHA-256 of each, against which they are checked before use.
public enum Checkpoint {
  static let model = "model.safetensors"
  static let optimizer = "optimizer.safetensors"
  static let state = "state.json"
  static let files = [model, optimizer, state]
  /// A longer `state.json` is refused; ours have a few hundred bytes.
  private static let maximumStateLength = StrictJSON.maximumLength

  /// Writes a checkpoint, or replaces the one of that name.
  ///
  /// It is written under another name beside, each file and the folder are brought to the disk, the folder
  /// is renamed, and the folder it is in is brought to the disk. When this throws, or the process is killed
  /// at any moment, the checkpoints that were there before are as they were. What an earlier process
  /// left half-written is removed.
  ///
  /// - Parameters:
  ///   - model: weights and buffers by name.
  ///   - optimizer: the optimiser's tensors by name.
  ///   - state: where the run is: step, epoch, place in the data, schedule, generator, seed and the like.
  ///   - name: the folder's name, such as ``name(step:)``.
  ///   - folder: where; made if only it is missing, and not those above it.
  /// - Returns: the checkpoint's folder.
  /// - Throws: `AdjointError`, disk full or cannot write, with the path, the step and the system's words; bad data where
  ///   the state is longer than 1 MiB or more deeply nested than ``read(_:as:)`` takes.
  @discardableResult
  public static func write(
    model: [String: Tensor], optimizer: [String: Tensor], state: some Encodable, named name: String,
    in folder: URL
  ) throws -> URL {
    require(
      !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains(UInt8(ascii: "/")),
      "Checkpoint.write: \"\(name)\" is not a name for a folder")
    let url = folder.appendingPathComponent(name, isDirectory: true)
    let stateData = try encoded(state, for: url.path)
    let parent = folder.path
    try attempt("make this folder", on: parent) {
      try OutputFolder.makeOne(parent, in: folder.deletingLastPathComponent().path)
    }
    removeLeftovers(in: parent)
    let partial = "\(parent)/\(Leftovers.prefix)\(name)"
    try attempt("make a temporary folder beside it", on: url.path) {
      try Disk.makeFolder(partial)
    }
    do {
      var manifest = CheckpointManifest()
      func write(_ file: String, _ body: (FileWriter) throws -> Void) throws {
        let writer = try FileWriter(
          creating: "\(partial)/\(file)", shownAs: "\(url.path)/\(file)", step: "create it")
        try body(writer)
        manifest.files[file] = .init(byteCount: writer.byteCount, sha256: try writer.finish())
      }
      try write(Checkpoint.model) { try SafeTensors.emit(model, to: $0) }
      try write(Checkpoint.optimizer) { try SafeTensors.emit(optimizer, to: $0) }
      try write(Checkpoint.state) { try $0.write(stateData) }
      let text = Data(manifest.json.utf8)
      try write(CheckpointManifest.fileName) { try $0.write(text) }
      try attempt("sync it to the disk", on: url.path) { try Disk.syncFolder(partial) }
      try attempt("rename the finished folder to it", on: url.path) {
        try putInPlace(partial, name, in: parent)
      }
    } catch {
      try? Disk.removeAll(partial)
      throw error
    }
    try attempt("sync the folder it is in", on: url.path) { try Disk.syncFolder(parent) }
    // After an exchange the old checkpoint lies under the temporary name.
    removeLeftovers(in: parent)
    return url
  }

  /// Reads a checkpoint, after checking every file against the manifest.
  ///
  /// - Throws: `AdjointError`: no input where there is none; bad data with the file and what differs.
  public static func read<State: Decodable>(_ url: URL, as type: State.Type) throws -> (
    model: [String: Tensor], optimizer: [String: Tensor], state: State
  ) {
    let sources = try verifiedSources(url)
    let model = try tensors(sources.model)
    let optimizer = try tensors(sources.optimizer)
    return (model, optimizer, try decoded(type, sources.state))
  }

  /// Checks every file of a checkpoint against the manifest.
  ///
  /// - Throws: `AdjointError`: no input where there is none; bad data with the file and what differs.
  public static func verify(_ url: URL) throws {
    _ = try verifiedSources(url)
  }

  private static func verifiedSources(_ url: URL) throws -> (
    model: ByteSource, optimizer: ByteSource, state: ByteSource
  ) {
    let path = location(url)
    guard (try? Disk.targetStatus(path))?.isFolder == true else {
      throw AdjointError(.noInput, "\(path): there is no such checkpoint")
    }
    let manifestPath = "\(path)/\(CheckpointManifest.fileName)"
    let manifest = try CheckpointManifest(
      part(manifestPath, "the manifest of a checkpoint"), of: files)
    func source(_ name: String) throws -> ByteSource {
      guard let expected = manifest.files[name] else {
        throw AdjointError(.internalFault, "\(path): the manifest was not checked")
      }
      let source = try part("\(path)/\(name)", "the \(expected.byteCount) bytes of the manifest")
      guard source.count == expected.byteCount else {
        throw AdjointError(
          .badData,
          "\(source.name): expected the \(expected.byteCount) bytes of the manifest, found "
            + "\(source.count)")
      }
      let digest = try source.sha256()
      guard digest == expected.sha256 else {
        throw AdjointError(
          .badData,
          "\(source.name): expected the SHA-256 \(expected.sha256) of the manifest, found "
            + digest)
      }
      return source
    }
    return (try source(Checkpoint.model), try source(Checkpoint.optimizer), try source(state))
  }

  /// Opens a file of a checkpoint; that it is missing is damage, not a wrong path.
  private static func part(_ path: String, _ expected: String) throws -> ByteSource {
    guard try attempt("look at it", on: path, { try Disk.targetStatus(path) }) != nil else {
      throw AdjointError(.badData, "\(path): expected \(expected), found no such file")
    }
    return try ByteSource(path)
  }

  private static func tensors(_ source: ByteSource) throws -> [String: Tensor] {
    let contents = try SafeTensors.read(source)
    if let name = contents.indices.keys.min() {
      throw AdjointError(
        .badData,
        "\(source.name): tensor \(JSONText.shown(name)): expected float32 or float64, found whole "
          + "numbers")
    }
    return contents.tensors
  }

  // MARK: - State

  private static func encoded(_ state: some Encodable, for path: String) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .words
    let data: Data
    do { data = try encoder.encode(state) + Data("\n".utf8) } catch {
      throw AdjointError(.internalFault, "\(path): the state cannot be encoded: \(error)")
    }
    // What could not be read again is no checkpoint.
    try checked(length: data.count, of: path)
    try checked([UInt8](data), of: path)
    return data
  }

  private static func checked(length: Int, of file: String) throws {
    guard length <= maximumStateLength else {
      throw AdjointError(
        .badData,
        "\(file): expected a state of at most \(maximumStateLength) bytes, found \(length)")
    }
  }

  private static func checked(_ bytes: [UInt8], of file: String) throws {
    var reader = StrictJSONReader(bytes, file: file)
    try reader.skip("a JSON value")
    try reader.end("the state")
  }

  private static func decoded<State: Decodable>(_ type: State.Type, _ source: ByteSource) throws
    -> State
  {
    try checked(length: source.count, of: source.name)
    let bytes = try source.bytes(0..<source.count)
    try checked(bytes, of: source.name)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    do { return try decoder.decode(type, from: Data(bytes)) } catch let error as DecodingError {
      throw AdjointError(.badData, "\(source.name): \(error.sentence(isSnakeCase: false))")
    }
  }
}
