import Archives
import Foundation
import Tensors

/// Named tensors in a file of the safetensors format: the length of the header in eight bytes,
/// little-endian; a header in JSON; the elements, row-major and little-endian.
///
/// Source: Hugging Face, "Safetensors", section "Format".
public enum SafeTensors {
  /// What a file holds.
  public struct Contents: Sendable {
    /// float64 and float32 as they are; F16, BF16, I16, U16, I8, U8 and BOOL as float32, which holds each of
    /// their numbers exactly.
    public var tensors: [String: Tensor] = [:]
    /// I32, and I64 whose numbers fit into 32 bits.
    public var indices: [String: IndexTensor] = [:]
    /// Texts beside the tensors.
    public var metadata: [String: String] = [:]
  }

  /// Reads a file.
  ///
  /// The whole header is checked before memory is taken for any tensor: its length, its JSON, that no name
  /// occurs twice, and that the tensors fill the file without gap and overlap with the bytes that their
  /// shapes need. The format has no checksum: that bits of a number were flipped only a
  /// ``Checkpoint`` notices. Names that Unicode holds to be the same text count as one.
  ///
  /// - Throws: `AdjointError`: no input where the file cannot be opened; bad data, with the byte or
  ///   tensor, what was expected and what was found.
  public static func read(_ url: URL) throws -> Contents {
    try read(ByteSource(url.path))
  }

  /// Reads a file that is in memory; see ``read(_:)``.
  ///
  /// - Parameters:
  ///   - data: the bytes of the file.
  ///   - name: what errors call it.
  public static func read(_ data: Data, named name: String) throws -> Contents {
    try read(ByteSource(data, name: name))
  }

  /// Nothing is read that cannot be held. No type takes more than four times its bytes.
  static func checkMemory(_ source: ByteSource, _ header: SafeTensorsHeader) throws {
    let needed = header.entries.reduce(0.0) {
      $0 + Double($1.shape.count) * Double($1.type.sizeInMemory)
    }
    try MachineMemory.check(needed, for: "tensors", in: source.name)
  }

  static func read(_ source: ByteSource) throws -> Contents {
    let header = try SafeTensorsHeader(source)
    try checkMemory(source, header)
    var contents = Contents(metadata: header.metadata)
    for entry in header.entries {
      let shown = JSONText.shown(entry.name)
      if entry.type.isIndex {
        contents.indices[entry.name] = try source.indices(
          entry.range, shape: entry.shape, type: entry.type, named: shown)
      } else {
        contents.tensors[entry.name] = try source.tensor(
          entry.range, shape: entry.shape, type: entry.type, named: shown)
      }
    }
    return contents
  }

  /// Writes a file, whole or not at all; equal contents give equal bytes.
  ///
  /// - Parameters:
  ///   - tensors: by name; float64 becomes F64, float32 F32.
  ///   - indices: by name; they become I32.
  ///   - metadata: texts beside them.
  ///   - url: the file.
  /// - Throws: `AdjointError`, disk full or cannot write; see ``AtomicFile/write(_:to:)``.
  public static func write(
    _ tensors: [String: Tensor], indices: [String: IndexTensor] = [:],
    metadata: [String: String] = [:], to url: URL
  ) throws {
    try AtomicFile.write(to: url) {
      try emit(tensors, indices: indices, metadata: metadata, to: $0)
    }
  }

  static func emit(
    _ given: [String: Tensor], indices: [String: IndexTensor] = [:],
    metadata: [String: String] = [:], to writer: FileWriter
  ) throws {
    // bfloat16 is exact in float32, and what is read is float32 in any case.
    let tensors = given.mapValues { $0.dtype == .bfloat16 ? $0.converted(to: .float32) : $0 }
    let reserved = SafeTensorsHeader.metadataKey
    require(
      tensors[reserved] == nil && indices[reserved] == nil,
      "SafeTensors.write: \(reserved) is not a name for a tensor")
    for name in tensors.keys {
      require(indices[name] == nil, "SafeTensors.write: two tensors are named \(name)")
    }
    // The widest elements first, so that each tensor lies at a multiple of its elements' size.
    let items = [
      sorted(tensors.filter { $0.value.dtype == .float64 }).map { Item.tensor($0, $1) },
      sorted(tensors.filter { $0.value.dtype == .float32 }).map { Item.tensor($0, $1) },
      sorted(indices).map { Item.indices($0, $1) },
    ].joined()
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = sorted(metadata).map { "\(JSONText.quoted($0)):\(JSONText.quoted($1))" }
      members.append(
        "\"\(SafeTensorsHeader.metadataKey)\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    for item in items {
      members.append(item.member(at: offset))
      offset += item.byteCount
    }
    var header = Data("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(0x20, count: (8 - header.count % 8) % 8))
    require(
      header.count <= SafeTensorsHeader.maximumLength
        && members.count <= StrictJSONReader.maximumMembers,
      "SafeTensors.write: \(members.count) tensors are more than a file can hold")
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try writer.write(Data(length) + header)
    for item in items {
      switch item {
      case .tensor(_, let tensor): try writer.write(tensor)
      case .indices(_, let indices): try writer.write(indices)
      }
    }
  }

  /// In the order of the names' bytes, which does not depend on the language.
  private static func sorted<Value>(_ values: [String: Value]) -> [(key: String, value: Value)] {
    values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private enum Item {
    case tensor(String, Tensor)
    case indices(String, IndexTensor)

    var byteCount: Int {
      switch self {
      case .tensor(_, let tensor): tensor.count * tensor.dtype.size
      case .indices(_, let indices): indices.count * 4
      }
    }

    /// The tensor's part of the header.
    func member(at offset: Int) -> String {
      let (name, type, shape): (String, SafeTensorsType, Shape) =
        switch self {
        case .tensor(let name, let tensor):
          (name, tensor.dtype == .float64 ? .f64 : .f32, tensor.shape)
        case .indices(let name, let indices): (name, .i32, indices.shape)
        }
      let lengths = shape.lengths.map(String.init).joined(separator: ",")
      return "\(JSONText.quoted(name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(lengths)],"
        + "\"data_offsets\":[\(offset),\(offset + byteCount)]}"
    }
  }
}
