import Archives
import Foundation
import Tensors

/// Named tensors in a file of any of the formats that weights are published in.
///
/// Which format it is, the file's first bytes say and not its name: safetensors; the zip file that
/// `torch.save` writes since PyTorch 1.6; the older stream of pickles. A pickle is read by a machine that
/// executes nothing: it knows the few instructions and names that a state dictionary needs and refuses any
/// other.
public enum StateFile {
  /// Reads a file's tensors, by the names that PyTorch's `state_dict` gives them.
  ///
  /// float32 and float64 are kept, half precision, bfloat16, whole numbers of up to 16 bits and truth values become
  /// float32, wider whole numbers float64; each number is kept exactly. A dictionary of dictionaries, as training
  /// programs save it, is opened under `state_dict`, `model_state_dict` or `model`, or where one alone is of tensors.
  /// If all names begin with `module.`,
  /// `_orig_mod.` or `model.`, that is taken off. Names that Hugging Face's `transformers` gives residual networks
  /// become torchvision's, and those of PyTorch's parametrised weight normalisation `weight_g` and `weight_v`.
  ///
  /// - Parameters:
  ///   - url: the file.
  ///   - key: of the dictionary to open in what `torch.save` wrote; nil for the one that is found.
  ///   - keepsNames: leaves all names as they are in the file: for a model whose own names all begin so, such as one
  ///     with all its layers in a property `model`.
  ///   - note: told what was opened, taken off or renamed.
  /// - Throws: `AdjointError`: no input where the file cannot be opened; bad data, with the byte or
  ///   tensor, what was expected and what was found.
  public static func read(
    _ url: URL, under key: String? = nil, keepsNames: Bool = false,
    note: (String) -> Void = { _ in }
  ) throws -> [String: Tensor] {
    let path = url.path
    let plain = try PlainFile(path)
    let source = ByteSource(plain)
    let start = try source.bytes(0..<min(source.count, 512))
    let tensors: [String: Tensor]
    switch Format(start) {
    case .safeTensors:
      guard key == nil else {
        throw AdjointError(
          .badData,
          "\(path): expected a file of torch.save, which has dictionaries, found safetensors")
      }
      tensors = try safeTensors(source)
    case .zip:
      let file = try TorchZip(plain)
      tensors = try TorchState(
        file.content, under: key, file: path, size: source.count, note: note
      )
      .tensors(file.place)
    case .stream:
      let file = try TorchStream(source)
      tensors = try TorchState(
        file.content, under: key, file: path, size: source.count, note: note
      )
      .tensors(file.place)
    case .other(let what):
      throw AdjointError(
        .badData,
        "\(path): byte 0: expected weights as safetensors or torch.save write them, found \(what)")
    }
    if keepsNames { return tensors }
    return PublishedNames.translated(
      withoutWrapper(tensors) { note("\(path): takes \"\($0)\" off all names") }
    ) { note("\(path): \($0)") }
  }

  private enum Format {
    case safeTensors
    case zip
    case stream
    case other(String)

    init(_ start: [UInt8]) {
      // First, since the length before a safetensors header may look like the beginning of the others.
      if start.count > 8, start[8] == UInt8(ascii: "{") {
        self = .safeTensors
      } else if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
        self = .zip
      } else if start.first == 0x80 {
        self = .stream
      } else if start.starts(with: Array("version https://git-lfs".utf8)) {
        self = .other("a pointer of Git LFS: the file itself was not fetched")
      } else if start.starts(with: [0x89] + Array("HDF".utf8)) {
        self = .other("an HDF5 file")
      } else if start.count > 262, start[257..<262].elementsEqual("ustar".utf8) {
        self = .other("a tar file, as torch.save wrote it before version 0.2")
      } else if start.isEmpty {
        self = .other("an empty file")
      } else {
        let bytes = start.prefix(8).map { byte in
          let digits = String(byte, radix: 16)
          return digits.count == 1 ? "0" + digits : digits
        }
        self = .other("the bytes \(bytes.joined(separator: " "))")
      }
    }
  }

  private static func safeTensors(_ source: ByteSource) throws -> [String: Tensor] {
    let header = try SafeTensorsHeader(source)
    try SafeTensors.checkMemory(source, header)
    var tensors: [String: Tensor] = [:]
    for entry in header.entries {
      tensors[entry.name] = try source.weights(
        entry.range, shape: entry.shape, type: entry.type, named: JSONText.shown(entry.name))
    }
    return tensors
  }

  /// What PyTorch's `DataParallel` and `compile` put before the names of the model they wrap, and what modules of
  /// Lightning call theirs by custom.
  private static let wrapperPrefixes = ["module.", "_orig_mod.", "model."]

  private static func withoutWrapper(_ tensors: [String: Tensor], told: (String) -> Void)
    -> [String: Tensor]
  {
    var tensors = tensors
    while let prefix = wrapperPrefixes.first(where: { prefix in
      !tensors.isEmpty
        && tensors.keys.allSatisfy { $0.hasPrefix(prefix) && $0.utf8.count > prefix.utf8.count }
    }) {
      told(prefix)
      tensors = Dictionary(
        uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    return tensors
  }
}
