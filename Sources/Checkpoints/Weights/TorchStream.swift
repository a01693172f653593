import Tensors

/// A file as `torch.save` wrote it before PyTorch 1.6: five pickles one after the other (a magic number, the
/// format's version, the system, the object, the keys of its storages), then each storage's number of
/// elements in eight bytes and its elements.
struct TorchStream {
  private let source: ByteSource
  /// Where each storage's elements begin, by its key.
  private var places: [String: Int] = [:]
  /// What the object's pickle left behind.
  let content: PickleReader.Result

  /// 0x1950a86a20f9469cfc6c, the lowest byte first.
  private static let magic: [UInt8] = [
    0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
  ]
  private static let version = 1001

  /// Reads the pickles and the storages' sizes.
  init(_ source: ByteSource) throws {
    self.source = source
    func failure(_ place: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(source.name): byte \(place): expected \(expected), found \(found)")
    }
    let magic = try PickleReader.read(source, at: 0)
    guard case .wideInteger(TorchStream.magic) = magic.value else {
      throw failure(0, "the magic number of torch.save", magic.value.description)
    }
    let version = try PickleReader.read(source, at: magic.end)
    guard case .integer(TorchStream.version) = version.value else {
      throw failure(
        magic.end, "version \(TorchStream.version) of torch.save's format",
        version.value.description)
    }
    let system = try PickleReader.read(source, at: version.end)
    guard case .dictionary(let facts) = system.value,
      case .boolean(true)? = system.heap.value("little_endian", in: facts)
    else {
      throw failure(version.end, "little_endian: True in a dictionary", system.value.description)
    }
    content = try PickleReader.read(source, at: system.end)
    let keys = try PickleReader.read(source, at: content.end)
    guard case .list(let list) = keys.value else {
      throw failure(content.end, "the list of the storages' keys", keys.value.description)
    }
    var unlisted = Dictionary(uniqueKeysWithValues: content.heap.storages.map { ($0.key, $0) })
    var place = keys.end
    for value in keys.heap.lists[list] {
      guard case .text(let key) = value, let storage = unlisted.removeValue(forKey: key) else {
        throw failure(content.end, "the key of each storage once", value.description)
      }
      guard source.count - place >= 8 else {
        throw failure(place, "a storage's number of elements in 8 bytes", "the end")
      }
      let count = try source.bytes(place..<(place + 8)).reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      }
      guard count == UInt64(storage.count) else {
        throw failure(
          place, "\(storage.count) elements of the storage \(JSONText.shown(key))", "\(count)")
      }
      place += 8
      guard storage.byteCount <= source.count - place else {
        throw failure(
          place, "\(storage.byteCount) bytes of the storage \(JSONText.shown(key))",
          "\(source.count - place)")
      }
      places[key] = place
      place += storage.byteCount
    }
    if let missing = unlisted.keys.min() {
      throw failure(content.end, "the key \(JSONText.shown(missing)) in the list", "none")
    }
    guard place == source.count else {
      throw failure(place, "the end of the file", "\(source.count - place) more bytes")
    }
  }

  /// Where a storage's bytes are.
  func place(of storage: TorchStorage) -> (ByteSource, Int) {
    // Every storage of the pickle was found when this was made.
    (source, places[storage.key] ?? 0)
  }
}
