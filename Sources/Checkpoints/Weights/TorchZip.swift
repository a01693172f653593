import Archives
import Tensors

/// A file as `torch.save` writes it since PyTorch 1.6: a zip file of a pickle, `…/data.pkl`, and of the
/// storages, `…/data/KEY`.
struct TorchZip {
  private let archive: ZipArchive
  private let members: [String: ZipArchive.Member]
  private let prefix: String
  /// What the pickle left behind.
  let content: PickleReader.Result

  /// The longest pickle that is read of a small file, in bytes; of a larger one, as many as it has.
  private static let maximumPickle = 1 << 22

  /// Reads the pickle of a file.
  init(_ file: PlainFile) throws {
    let (path, size) = (file.path, file.byteCount)
    archive = try ZipArchive(file)
    members = Dictionary(uniqueKeysWithValues: archive.members.map { ($0.name, $0) })
    let ending = "/data.pkl"
    let pickles = members.filter { name, _ in
      name.hasSuffix(ending) && !name.dropLast(ending.count).contains("/")
    }
    guard let (name, pickle) = pickles.first, pickles.count == 1 else {
      let found = members.keys.sorted().prefix(3).map(JSONText.shown)
      throw AdjointError(
        .badData,
        "\(path): expected one member NAME/data.pkl, as torch.save writes it, found "
          + (found.isEmpty ? "no member" : "members such as \(found.joined(separator: ", "))"))
    }
    prefix = String(name.dropLast("data.pkl".count))
    let shown = JSONText.shown(name)
    let member = try archive.open(pickle, as: shown)
    let longest = max(TorchZip.maximumPickle, size)
    guard member.byteCount <= longest else {
      throw AdjointError(
        .badData,
        "\(member.name): expected at most \(longest) bytes, found \(member.byteCount)")
    }
    if let entry = members[prefix + "byteorder"] {
      let order = try archive.open(entry, as: JSONText.shown(entry.name))
      guard order.byteCount <= 16,
        String(decoding: try order.readToEnd(), as: UTF8.self) == "little"
      else {
        throw AdjointError(
          .badData, "\(order.name): expected little, found another order of bytes")
      }
    }
    let source = ByteSource(try member.readToEnd(), name: member.name)
    content = try PickleReader.read(source, at: 0)
    guard content.end == source.count else {
      throw AdjointError(
        .badData,
        "\(source.name): byte \(content.end): expected the end, found "
          + "\(source.count - content.end) more bytes")
    }
    try checkSizes(fileSize: size)
  }

  private func memberName(of storage: TorchStorage) -> String { "\(prefix)data/\(storage.key)" }

  private func member(of storage: TorchStorage) throws -> ZipArchive.Member {
    let name = memberName(of: storage)
    guard let member = members[name] else {
      throw AdjointError(
        .badData, "\(archive.name): expected the member \(JSONText.shown(name)), found none")
    }
    return member
  }

  /// Every storage is there with its size, and no two of them share bytes of the file.
  private func checkSizes(fileSize: Int) throws {
    var packed = 0.0
    for storage in content.heap.storages {
      let member = try member(of: storage)
      guard member.byteCount == storage.byteCount else {
        throw AdjointError(
          .badData,
          "\(archive.name): \(JSONText.shown(memberName(of: storage))): expected "
            + "\(storage.byteCount) bytes for \(storage.description), found \(member.byteCount)")
      }
      packed += Double(member.packedCount)
    }
    guard packed <= Double(fileSize) else {
      throw AdjointError(
        .badData,
        "\(archive.name): expected storages of at most the \(fileSize) bytes of the file, found "
          + "\(UInt64(packed)): they overlap")
    }
  }

  /// Where a storage's bytes are.
  func place(of storage: TorchStorage) throws -> (ByteSource, Int) {
    let entry = try member(of: storage)
    let member = try archive.open(entry, as: JSONText.shown(entry.name))
    return (ByteSource(try member.readToEnd(), name: member.name), 0)
  }
}
