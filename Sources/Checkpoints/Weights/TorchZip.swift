import Tensors

/// A file as `torch.save` writes it since PyTorch 1.6: a zip file of a pickle, `…/data.pkl`, and of the
/// storages, `…/data/KEY`.
struct TorchZip {
  private let archive: ZipArchive
  private let prefix: String
  /// What the pickle left behind.
  let content: PickleReader.Result

  /// The longest pickle that is read of a small file, in bytes; of a larger one, as many as it has.
  private static let maximumPickle = 1 << 22

  /// Reads the pickle of a file.
  init(_ source: ByteSource) throws {
    let (path, size) = (source.name, source.count)
    let end = try source.bytes(max(size - FileMemory.zipEndSize, 0)..<size)
    guard !FileMemory.zipEndClaimsTooMuch(end) else {
      throw AdjointError(
        .badData, "\(path): expected at most 65535 members, found an end that claims more")
    }
    archive = try ZipArchive(path, size: size)
    let ending = "/data.pkl"
    let pickles = archive.members.filter { name, _ in
      name.hasSuffix(ending) && !name.dropLast(ending.count).contains("/")
    }
    guard let (name, member) = pickles.first, pickles.count == 1 else {
      let found = archive.members.keys.sorted().prefix(3).map(JSONText.shown)
      throw AdjointError(
        .badData,
        "\(path): expected one member NAME/data.pkl, as torch.save writes it, found "
          + (found.isEmpty ? "no member" : "members such as \(found.joined(separator: ", "))"))
    }
    prefix = String(name.dropLast("data.pkl".count))
    let longest = max(TorchZip.maximumPickle, size)
    guard member.byteCount <= longest else {
      throw AdjointError(
        .badData,
        "\(path): \(JSONText.shown(name)): expected at most \(longest) bytes, found "
          + "\(member.byteCount)")
    }
    if let order = archive.members[prefix + "byteorder"] {
      let shown = JSONText.shown(prefix + "byteorder")
      guard order.byteCount <= 16,
        case let text = String(decoding: try archive.read(order, named: shown), as: UTF8.self),
        text == "little"
      else {
        throw AdjointError(
          .badData, "\(path): \(shown): expected little, found another order of bytes")
      }
    }
    let shown = JSONText.shown(name)
    let source = ByteSource(try archive.read(member, named: shown), name: "\(path): \(shown)")
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
    guard let member = archive.members[name] else {
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
    let shown = JSONText.shown(memberName(of: storage))
    let bytes = try archive.read(member(of: storage), named: shown)
    return (ByteSource(bytes, name: "\(archive.name): \(shown)"), 0)
  }
}
